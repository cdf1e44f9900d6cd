"""What a collector is, and what it is told of its devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gateway.inventory import Device
from gateway.model import Put


@dataclass(frozen=True, slots=True)
class CollectedDevice:
    """One device as its collector sees it: its profile and address, and its points' channel numbers."""

    device: Device
    channels: Mapping[str, int]
    """Point → channel number; a point that is not there is not collected."""


class Collector(Protocol):
    """Brings what devices say to the journal."""

    name: str

    async def run(self, put: Put) -> None:
        """Collect until cancelled; acknowledge a device or broker only after `put` has returned for its message."""
        ...
