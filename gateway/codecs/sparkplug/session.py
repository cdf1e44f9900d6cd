"""The sessions of a group's edge nodes: who was born, what aliases mean, and whether a message is missing.

    unborn --NBIRTH--> whole --seq gap--> torn --NBIRTH--> whole;  whole, torn --NDEATH of this birth--> unborn

Aliases are believed only while the session is whole: after a gap a birth may be what is missing, and an alias would
then be a wrong value that looks good. Metrics with names are taken in any state. A node that is not whole is asked for
its birth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.codecs.contract import Message
from gateway.codecs.sparkplug.decoder import message_of
from gateway.codecs.sparkplug.payload import Payload, read_payload
from gateway.errors import DecodeError

_NAMESPACE = "spBv1.0"
_NODE_LEVELS, _DEVICE_LEVELS = 4, 5
_BIRTHS = frozenset(("NBIRTH", "DBIRTH"))
_DEATHS = frozenset(("NDEATH", "DDEATH"))
_DATA = frozenset(("NDATA", "DDATA"))
_MOST_NODES = 10_000
_MOST_ALIASES = 100_000
_SEQS = 256


class Heard(NamedTuple):
    """What one message came to."""

    station: str
    """`edge` or `edge/device`."""
    message: Message[Any] | None
    """What it said; None for a death."""
    dead: bool
    """Whether the station, and with an edge node everything behind it, has died."""
    rebirth_of: str | None
    """The edge node that must be asked for rebirth, if any."""


@dataclass(slots=True)
class _Node:
    is_whole: bool = False
    seq: int = -1
    birth: int | None = None
    """bdSeq of its birth: an old will, delivered late, must not bury a reborn node."""
    aliases: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Alias → station and name; unique within an edge node (6.4.7)."""
    types: dict[tuple[str, str], int | None] = field(default_factory=dict)
    """Station and name → data type, which data leave out."""

    def forget(self) -> None:
        """Forget what earlier births said."""
        self.aliases.clear()
        self.types.clear()


class SparkplugGroup:
    """Follows the edge nodes of one group."""

    def __init__(self, group: str) -> None:
        self._group = group
        self._nodes: dict[str, _Node] = {}

    def take(self, topic: str, data: bytes) -> Heard | None:
        """Take one message of the group; None for one that is not ours to understand (commands, STATE)."""
        levels = topic.split("/")
        if len(levels) not in (_NODE_LEVELS, _DEVICE_LEVELS) or levels[:2] != [_NAMESPACE, self._group]:
            return None
        kind, edge = levels[2], levels[3]
        if kind not in _BIRTHS | _DEATHS | _DATA or (kind[0] == "D") != (len(levels) == _DEVICE_LEVELS):
            return None
        node = self._nodes.get(edge)
        if node is None:
            if len(self._nodes) >= _MOST_NODES:
                raise DecodeError("too many nodes", f"more than {_MOST_NODES} edge nodes")
            node = self._nodes[edge] = _Node()
        station = "/".join(levels[3:])
        payload = read_payload(data)
        if kind == "NDEATH":
            return self._death(node, station, payload)
        self._follow(node, kind, payload)
        if kind == "DDEATH":
            return Heard(station, None, True, None if node.is_whole else edge)  # noqa: FBT003 - named fields
        if kind in _BIRTHS:
            self._learn(node, station, payload)
        elif node.is_whole:
            _resolve(node, station, payload)
        return Heard(station, message_of(station, payload), False, None if node.is_whole else edge)  # noqa: FBT003

    def _death(self, node: _Node, station: str, payload: Payload) -> Heard | None:
        birth = _birth_number(payload)
        if node.birth is not None and birth is not None and birth != node.birth:
            return None
        node.is_whole, node.birth = False, None
        node.forget()
        return Heard(station, None, True, None)  # noqa: FBT003 - named fields

    def _follow(self, node: _Node, kind: str, payload: Payload) -> None:
        seq = payload.seq
        if kind == "NBIRTH":
            node.is_whole, node.birth = True, _birth_number(payload)
            node.forget()
            node.seq = seq or 0
            return
        if node.is_whole and (seq is None or seq != (node.seq + 1) % _SEQS):
            node.is_whole = False
        if seq is not None:
            node.seq = seq

    def _learn(self, node: _Node, station: str, payload: Payload) -> None:
        for metric in payload.metrics:
            if metric.name and len(node.types) < _MOST_ALIASES:
                node.types[station, metric.name] = metric.datatype
            if metric.alias is not None and metric.name and len(node.aliases) < _MOST_ALIASES:
                node.aliases[metric.alias] = station, metric.name


def _resolve(node: _Node, station: str, payload: Payload) -> None:
    """Name the metrics that come with an alias alone."""
    for metric in payload.metrics:
        if metric.alias is not None and not metric.name:
            known = node.aliases.get(metric.alias)
            if known is None or known[0] != station:
                # An alias that no birth explained is as good as a gap.
                node.is_whole = False
                continue
            metric.name = known[1]
        if metric.datatype is None:
            metric.datatype = node.types.get((station, metric.name or ""))


def _birth_number(payload: Payload) -> int | None:
    return next((metric.integer for metric in payload.metrics if metric.name == "bdSeq"), None)
