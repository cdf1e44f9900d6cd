"""What stations say, to records of the journal: who may speak, whose readings these are, and whether they came before.

Every frame ends in exactly one of: readings (and attributes), a quarantine record, refused, or dropped as a resend.
A station that did not get its answer sends again: what it repeats is answered again and not journaled again.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Any, NamedTuple, TypeAlias

from gateway.clock import Clock
from gateway.codecs.contract import Message, Unreadable
from gateway.codecs.profile_fields import FieldMapper
from gateway.collectors.contract import CollectedDevice
from gateway.collectors.stations.dialects import Dialect, Refused
from gateway.health import Health
from gateway.model import SECOND, Attribute, Flag, Quarantine, Record, batch_of
from gateway.settings import Station, StationsSettings

logger = logging.getLogger(__name__)

_NO_SOURCE_TIME = int(Flag.NO_SOURCE_TIME)
_KEPT_BYTES = 1 << 14
_REMEMBERED = 16
_RESEND_NS = 120 * SECOND
"""A frame without a time of its own is a resend when it comes again within this; later it says the same anew."""
_LOGGED_STRANGERS = 1_000

_Content: TypeAlias = tuple[Any, ...]


class Admitted(NamedTuple):
    """A message of a station that may speak, and the records it became: none when it was a resend."""

    speaker: Speaker
    message: Message[Any]
    records: list[Record]
    content: _Content


@dataclass(slots=True)
class _Listener:
    """A device behind a station."""

    device: str
    channels: Mapping[str, int]
    mapper: FieldMapper


@dataclass(slots=True, eq=False)
class Speaker:
    """A station that may speak, and what it said last."""

    station: Station
    devices: list[_Listener]
    recent: deque[tuple[int, _Content]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    checksum: str = ""

    def has_said(self, content: _Content, time_ns: int | None, now_ns: int) -> bool:
        """Tell whether this is a resend of what is on disk."""
        earliest = now_ns - _RESEND_NS if time_ns is None else 0
        return any(known == content and at >= earliest for at, known in self.recent)


class Intake:
    """Judges the frames of one listener."""

    def __init__(
        self,
        settings: StationsSettings,
        dialect: Dialect,
        devices: Sequence[CollectedDevice],
        *,
        clock: Clock,
        health: Health,
    ) -> None:
        self._id = settings.id
        self._stage = f"collector:{settings.id}"
        self._dialect = dialect
        self._clock = clock
        self._health = health
        self._strangers: set[tuple[str, str]] = set()
        behind: dict[str, list[_Listener]] = {}
        for collected in devices:
            device = collected.device
            listener = _Listener(device.id, collected.channels, FieldMapper(device.profile))
            behind.setdefault(device.station or device.id, []).append(listener)
        self._speakers = {
            key: Speaker(station, behind.get(station.name, [])) for key, station in settings.stations.items()
        }

    def admit(self, message: Message[Any], peer: str) -> Admitted | Refused:
        """Judge one message; a refusal is counted."""
        speaker = self._speakers.get(message.station.upper())
        if speaker is None:
            return self._refuse("MN", "unknown station", message.station, peer)
        if not self._knows_password(speaker, message):
            return self._refuse("PW", "password", message.station, peer)
        now_ns = self._clock.now().utc_ns
        content = (message.time_ns, *message.readings, *message.texts)
        if speaker.has_said(content, message.time_ns, now_ns):
            self._health.count(self._stage, "dropped", len(message.readings), "resend")
            return Admitted(speaker, message, [], content)
        records = self._records(speaker, message, now_ns)
        return Admitted(speaker, message, records, content)

    def settled(self, admitted: Admitted) -> None:
        """Remember what is now on disk."""
        if admitted.records:
            admitted.speaker.recent.append((self._clock.now().utc_ns, admitted.content))

    def set_aside(self, unreadable: Unreadable, peer: str) -> list[Record]:
        """Return the quarantine record of bytes that are no frame."""
        error = unreadable.error
        self._health.count(self._stage, "failed", reason=error.reason)
        payload, now_ns = unreadable.data[:_KEPT_BYTES], self._clock.now().utc_ns
        return [Quarantine(f"{self._id} {peer}", error.reason, error.detail[:500], payload, now_ns)]

    def _knows_password(self, speaker: Speaker, message: Message[Any]) -> bool:
        wanted = speaker.station.password
        if wanted is None:
            return True
        told = self._dialect.password(message.head)
        return told is None or compare_digest(told.upper().encode(), wanted.upper().encode())

    def _refuse(self, why: Refused, reason: str, station: str, peer: str) -> Refused:
        self._health.count(self._stage, "failed", reason=reason)
        if (station, reason) not in self._strangers and len(self._strangers) < _LOGGED_STRANGERS:
            self._strangers.add((station, reason))
            logger.warning("%s: %r from %s is refused: %s", self._stage, station[:60], peer, reason)
        return why

    def _records(self, speaker: Speaker, message: Message[Any], now_ns: int) -> list[Record]:
        rows: list[tuple[int, int, float, int, int]] = []
        records: list[Record] = []
        for listener in speaker.devices:
            decoded = listener.mapper(message)
            for point, time_ns, value, quality, flags in decoded.readings:
                number = listener.channels.get(point)
                if number is None:
                    continue
                if time_ns is None:
                    rows.append((number, now_ns, value, quality, flags | _NO_SOURCE_TIME))
                else:
                    rows.append((number, time_ns, value, quality, flags))
            at_ns = now_ns if message.time_ns is None else message.time_ns
            records += [Attribute(listener.device, point, text, at_ns) for point, text in decoded.texts]
            if decoded.rejected:
                detail = "; ".join(f"{one.point}: {one.detail}" for one in decoded.rejected)
                self._health.count(self._stage, "failed", len(decoded.rejected), f"field {decoded.rejected[0].reason}")
                source = f"{self._id} {listener.device}"
                reason = f"field {decoded.rejected[0].reason}"
                records.append(Quarantine(source, reason, detail[:500], repr(message)[:_KEPT_BYTES].encode(), now_ns))
        if rows:
            self._health.count(self._stage, "received", len(rows))
            records.insert(0, batch_of(rows, self._clock.now()))
        return records + self._checksum_told(speaker, message, now_ns)

    def _checksum_told(self, speaker: Speaker, message: Message[Any], now_ns: int) -> list[Record]:
        """Return the attribute that says which checksum a station uses, when that is new."""
        checksum = self._dialect.checksum(message.head)
        if not checksum or checksum == speaker.checksum:
            return []
        speaker.checksum = checksum
        return [Attribute(listener.device, "checksum", checksum, now_ns) for listener in speaker.devices]
