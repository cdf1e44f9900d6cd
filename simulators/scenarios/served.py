"""A district's site file once its fleet listens: the same, with the collectors where the fleet is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml


def served_site(text: str, places: Mapping[str, tuple[str, int]], *, poll_seconds: float | None = None) -> str:
    """Return a site file whose collectors are at the given (host, port); the others stay as they are.

    `poll_seconds` is how often a gateway shall ask, where that is given.
    """
    site: dict[str, Any] = yaml.safe_load(text)
    for name, (host, port) in places.items():
        collector = site["collectors"][name]
        collector["host"], collector["port"] = host, port
        if poll_seconds is not None and "poll_seconds" in collector:
            collector["poll_seconds"] = poll_seconds
    return yaml.safe_dump(site, allow_unicode=True, sort_keys=False)
