"""Sparkplug B messages to what devices of the site said; asks edge nodes for rebirth, each once in ten seconds at most.

A death makes every point of the station, and of those behind an edge node, MISSING: its last values are no longer its.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan
from typing import NamedTuple

from gateway.codecs.contract import Decoded
from gateway.codecs.profile_fields import FieldMapper
from gateway.codecs.sparkplug import SparkplugGroup, rebirth_command
from gateway.collectors.contract import CollectedDevice
from gateway.model import SECOND, Quality, Reading
from gateway.settings import MqttSettings

_ASK_AGAIN_NS = 10 * SECOND
_MISSING = int(Quality.MISSING)


class _Member(NamedTuple):
    device: str
    channels: Mapping[str, int]
    mapper: FieldMapper


class SparkplugIntake:
    """Follows one group on behalf of the site's devices."""

    def __init__(self, settings: MqttSettings, devices: Sequence[CollectedDevice]) -> None:
        self._prefix = f"spBv1.0/{settings.sparkplug_group}/NCMD"
        self._group = SparkplugGroup(settings.sparkplug_group)
        self._members: dict[str, list[_Member]] = {}
        self._torn: set[str] = set()
        self._asked_ns: dict[str, int] = {}
        for collected in devices:
            device = collected.device
            if device.profile.protocol == "sparkplug":
                member = _Member(device.id, dict(collected.channels), FieldMapper(device.profile))
                self._members.setdefault(device.station or device.id, []).append(member)
        self._edges = {station.partition("/")[0] for station in self._members}

    def take(self, topic: str, payload: bytes) -> list[tuple[str, Mapping[str, int], Decoded]]:
        """Return what a message says of devices: device, its channels, and what was decoded."""
        levels = topic.split("/")
        if len(levels) > 3 and levels[3] not in self._edges:  # noqa: PLR2004 - the edge node's level
            return []
        heard = self._group.take(topic, payload)
        if heard is None:
            return []
        edge = heard.station.partition("/")[0]
        if heard.rebirth_of is not None:
            self._torn.add(edge)
        else:
            self._torn.discard(edge)
        if heard.message is None:
            return self._dead(heard.station)
        members = self._members.get(heard.station, ())
        return [(member.device, member.channels, member.mapper(heard.message)) for member in members]

    def commands(self, now_ns: int) -> list[tuple[str, bytes]]:
        """Return the requests for rebirth that are due, as topic and payload."""
        due = [edge for edge in self._torn if now_ns - self._asked_ns.get(edge, -_ASK_AGAIN_NS) >= _ASK_AGAIN_NS]
        for edge in due:
            self._asked_ns[edge] = now_ns
        return [(f"{self._prefix}/{edge}", rebirth_command(now_ns // 1_000_000)) for edge in due]

    def _dead(self, station: str) -> list[tuple[str, Mapping[str, int], Decoded]]:
        return [
            (
                member.device,
                member.channels,
                Decoded([Reading(point, None, nan, _MISSING) for point in member.channels], [], [], None),
            )
            for name, members in self._members.items()
            if name == station or name.startswith(f"{station}/")
            for member in members
        ]
