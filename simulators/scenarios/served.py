"""A scenario's site file as a gateway outside this process needs it: what is there, how often, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml


def served_site(
    text: str, places: Mapping[str, tuple[str, int]], report_seconds: Mapping[str, float] | None = None
) -> str:
    """Return a site file whose collectors are at the given (host, port), those without a device left out.

    `report_seconds` is how often devices really report, where that is not as the site file says.
    """
    site: dict[str, Any] = yaml.safe_load(text)
    used = {device["collector"] for device in site["devices"].values()}
    site["collectors"] = {name: one for name, one in site["collectors"].items() if name in used}
    for name in places.keys() & used:
        site["collectors"][name] |= dict(zip(("host", "port"), places[name], strict=True))
    for name, seconds in (report_seconds or {}).items():
        if name in site["devices"]:
            site["devices"][name]["report_seconds"] = seconds
    return yaml.safe_dump(site, allow_unicode=True, sort_keys=False)
