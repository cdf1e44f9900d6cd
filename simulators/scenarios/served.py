"""A scenario's site file as a gateway needs it that meets its fleet: what is there, how often, and where.

Rule 1: what the file names beside itself (profiles, certificates) is found from wherever the new file lies.
Rule 2: a device that cannot be reached in a rehearsal is left out, with its channels and their ladders, and named.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from gateway.documents import Value, read_document

_LINES = frozenset({"modbus_rtu", "modbus_rtu_over_tcp"})
"""Lines whose units answer the same registers over TCP."""
_CARRIED = frozenset({"mqtt", "modbus_tcp"})
_OF_A_LINE = ("poll_seconds", "fast_seconds", "slow_seconds", "timeout_seconds", "request_delay_seconds")


def served_site(
    text: str,
    places: Mapping[str, tuple[str, int]],
    report_seconds: Mapping[str, float] | None = None,
    *,
    folder: Path | None = None,
    into: Path | None = None,
) -> str:
    """Return a site file whose collectors are at the given (host, port), those without a device left out.

    `report_seconds` is how often devices really report, where that is not as the site file says. What the file names
    beside itself lies in `folder`; the new one goes into the folder `into`.
    """
    site = _read(text)
    used = {device["collector"] for device in site["devices"].values()}
    site["collectors"] = {name: one for name, one in site["collectors"].items() if name in used}
    for name in places.keys() & used:
        site["collectors"][name] |= dict(zip(("host", "port"), places[name], strict=True))
    for name, seconds in (report_seconds or {}).items():
        if name in site["devices"]:
            site["devices"][name]["report_seconds"] = seconds
            for channel in _channels_of(site, name):
                site["channels"][channel].pop("report_seconds", None)
    if folder is not None and into is not None:
        _follow(site, folder, into)
    return _written(site)


def rehearsed_site(text: str, unspoken: Mapping[str, str] | None = None) -> tuple[str, dict[str, str]]:
    """Return a site file that a rehearsal can carry, and the devices that it leaves out with their collector's kind.

    Serial lines become TCP, which carries the same registers; stores and secrets are not needed. `unspoken` are devices
    that no simulated one can be, with how they speak; they are left out, too.
    """
    site = _read(text)
    site.pop("stores", None)
    kinds = {name: str(one.get("kind")) for name, one in site["collectors"].items()}
    for name, kind in kinds.items():
        one = site["collectors"][name]
        if kind in _LINES:
            polled = {key: one[key] for key in _OF_A_LINE if key in one}
            site["collectors"][name] = {"kind": "modbus_tcp", "host": "127.0.0.1", **polled}
    left_out = {
        name: kinds[device["collector"]]
        for name, device in site["devices"].items()
        if kinds.get(device["collector"]) not in _CARRIED | _LINES
    }
    left_out |= {name: how for name, how in (unspoken or {}).items() if name not in left_out}
    for name in left_out:
        for channel in [*_channels_of(site, name)]:
            site["channels"].pop(channel)
        ladders = site.get("ladders") or {}
        site["ladders"] = {key: one for key, one in ladders.items() if not _is_of(one.get("channel"), name)}
        site["devices"].pop(name)
    return _written(site), left_out


def _read(text: str) -> dict[str, Any]:
    """Return a site file that has been checked."""
    value: Value = read_document(text, "site.yaml").value
    site: dict[str, Any] = dict(value) if isinstance(value, dict) else {}
    return {**site, **{key: dict(site.get(key) or {}) for key in ("collectors", "devices", "channels")}}


def _written(site: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(site), allow_unicode=True, sort_keys=False)


def _channels_of(site: Mapping[str, Any], device: str) -> Iterator[str]:
    """Yield the channels of a device that have something otherwise than its profile says."""
    return (channel for channel in list(site["channels"]) if _is_of(channel, device))


def _is_of(channel: object, device: str) -> bool:
    """Tell whether a channel, `asset.device.point`, is a device's."""
    words = str(channel).split(".")
    return len(words) > 1 and words[1] == device


def _follow(site: Mapping[str, Any], folder: Path, into: Path) -> None:
    for device in site["devices"].values():
        if str(device.get("profile", "")).startswith("."):
            way = os.path.relpath((folder / device["profile"]).resolve(), into.resolve())
            device["profile"] = f"./{way}"
    for collector in site["collectors"].values():
        for key in [key for key in collector if key.endswith("_file")]:
            collector[key] = str((folder / collector[key]).resolve())
