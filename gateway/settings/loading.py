"""A site file to one checked `Site`: every fault of the file is found before any is reported."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.documents import Document, Value, did_you_mean, read_document, trap_in
from gateway.errors import ConfigError, Fault
from gateway.settings.assembly import assemble
from gateway.settings.collectors import Surroundings
from gateway.settings.collectors.reading import read_collectors
from gateway.settings.secrets import Source
from gateway.settings.site import Site
from gateway.settings.stores import read_stores
from gateway.settings.written import WrittenSite, check_id

KEYS = ("site", "collectors", "devices", "assets", "channels", "ladders", "stores")
"""The keys of a site file."""

# The page has no credentials yet, so nobody but this machine may reach it.
_LOOPBACK = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Checked:
    """A site file after reading: the site when there is no fault, and what is allowed but worth a look."""

    site: Site | None
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


def load_site(path: Path, *, environment: Mapping[str, str] | None = None) -> Site:
    """Read a site file, its secrets from the environment (the process's own); ConfigError with every fault."""
    checked = check_site(path, environment=os.environ if environment is None else environment)
    if checked.site is None:
        raise ConfigError(list(checked.faults))
    return checked.site


def check_site(path: Path, *, environment: Mapping[str, str] | None = None) -> Checked:
    """Read a site file and return all that is wrong with it; without an environment no secret is looked for."""
    try:
        document = read_document(path.read_bytes(), str(path))
    except ConfigError as error:
        return Checked(None, tuple(error.faults), ())
    except OSError as error:
        return Checked(None, (Fault(str(path), 1, 1, f"cannot read the file: {error.strerror}"),), ())
    site = _site(document, path, environment)
    return Checked(None if document.faults else site, _sorted(document.faults), _sorted(document.warnings))


def _sorted(faults: list[Fault]) -> tuple[Fault, ...]:
    return tuple(ConfigError(faults).faults)


def _site(document: Document, path: Path, environment: Mapping[str, str] | None) -> Site | None:
    parts = document.mapping((), document.value)
    for key in parts:
        if key not in KEYS:
            near = trap_in(key) or did_you_mean(key, KEYS) or f"allowed are {', '.join(KEYS)}"
            document.fault((key,), f"unknown key {key!r}", near, at_key=True)
    box = _box(document, parts)
    source = Source(path.parent, environment)
    collectors = read_collectors(document, parts.get("collectors"), Surroundings(box.id if box else "site", source))
    inventory = assemble(document, parts, collectors, box or WrittenSite(id="site"))
    stores = read_stores(document, parts.get("stores"), source)
    if box is None or stores is None or document.faults:
        return None
    return Site(
        id=box.id,
        name=box.name or box.id,
        timezone=box.timezone,
        language=box.language,
        http_host=box.http_host,
        http_port=box.http_port,
        collectors={name: settings for name, settings in collectors.items() if settings},
        inventory=inventory,
        journal=stores.journal,
        history=stores.history,
        influxdb=stores.influxdb,
        clock=box.clock,
        source=path,
    )


def _box(document: Document, parts: Mapping[str, Value]) -> WrittenSite | None:
    if "site" not in parts:
        document.fault((), "'site' is missing", "it names this box: site: {id: ...}")
        return None
    box = document.check(("site",), parts["site"], WrittenSite)
    if box is None:
        return None
    check_id(document, ("site", "id"), box.id)
    try:
        ZoneInfo(box.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"site.timezone {box.timezone!r:.60} is not a time zone"
        document.fault(("site", "timezone"), message, "e.g. Asia/Shanghai")
    if box.http_host not in _LOOPBACK:
        message = f"site.http_host must be one of {', '.join(_LOOPBACK)}, got {box.http_host!r:.60}"
        document.fault(("site", "http_host"), message, "the page has no passwords yet; reach it through an SSH tunnel")
    return box
