"""The parts of a generated district as one site file, so that the gateway reads it as it reads any other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import yaml

from simulators.districts.part import LINE, MQTT, Part, Written


class _WrittenOut(yaml.SafeDumper):
    """A site file knows no anchors: what stands in two places is written twice."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


def site_text(name: str, parts: Sequence[Part], *, timezone: str = "Asia/Shanghai") -> str:
    """Return the site file of a district as YAML; its collectors' hosts are loopback, for a fleet to replace."""
    collectors: dict[str, Written] = {
        MQTT: {"kind": "mqtt", "host": "127.0.0.1", "topics": ["lifeline/{device}/up"]},
        LINE: {"kind": "modbus_tcp", "host": "127.0.0.1", "poll_seconds": 60.0},
    }
    file: dict[str, Written] = {
        "site": {"id": name, "name": name, "timezone": timezone, "http_port": 0},
        "collectors": collectors,
        "assets": _merged(part.assets for part in parts),
        "devices": _merged(part.devices for part in parts),
        "channels": _merged(part.channels for part in parts),
        "ladders": _merged(part.ladders for part in parts),
    }
    return yaml.dump(file, Dumper=_WrittenOut, allow_unicode=True, sort_keys=False)


def _merged(dicts: Iterable[Mapping[str, Written]]) -> dict[str, Written]:
    merged: dict[str, Written] = {}
    for one in dicts:
        merged.update(one)
    return merged
