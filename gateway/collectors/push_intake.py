"""Messages that were pushed to us, to records of the journal: whose they are, and what they say.

Every message ends in exactly one of: readings (and attributes), a quarantine record, or refused as a stranger's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.clock import Clock
from gateway.codecs.contract import Decoded, Decoder, Message
from gateway.codecs.payloads import decode_received, payload_decoder
from gateway.codecs.profile_fields import FieldMapper
from gateway.codecs.pushes import observations_in, read_ctwing, read_lifeline_push, read_onenet
from gateway.collectors.contract import CollectedDevice
from gateway.errors import DecodeError
from gateway.health import Health
from gateway.model import Attribute, Flag, Quarantine, Record, batch_of

logger = logging.getLogger(__name__)

_NO_SOURCE_TIME = int(Flag.NO_SOURCE_TIME)
_KEPT_BYTES = 1 << 14

PLATFORMS: Mapping[str, Callable[[bytes], Sequence[Message[Any]]]] = {
    "ctwing": lambda payload: [read_ctwing(payload)],
    "onenet": lambda payload: [read_onenet(payload)],
    "lifeline_push": lambda payload: [read_lifeline_push(payload)],
    "sensorthings": observations_in,
}
"""Platform → the messages of one push."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message: records to put, and why it says nothing when it does not."""

    records: list[Record]
    error: str = ""
    is_stranger: bool = False


@dataclass(frozen=True, slots=True)
class _Sender:
    device: str
    protocol: str
    channels: Mapping[str, int]
    decoder: Decoder
    mapper: FieldMapper


class PushIntake:
    """Understands the messages of one listener."""

    def __init__(self, collector: str, devices: Sequence[CollectedDevice], *, clock: Clock, health: Health) -> None:
        self._id = collector
        self._stage = f"collector:{collector}"
        self._clock = clock
        self._health = health
        self._senders: dict[str, _Sender] = {}
        for collected in devices:
            device = collected.device
            sender = _Sender(
                device.id,
                device.profile.protocol,
                dict(collected.channels),
                payload_decoder(device.profile),
                FieldMapper(device.profile),
            )
            self._senders[device.station or device.id] = sender
            self._senders.setdefault(device.id, sender)

    def of_device(self, name: str, payload: bytes) -> Taken:
        """Take a message of a device that is known by its name, its station or its address."""
        sender = self._senders.get(name)
        if sender is None:
            return self._stranger(name)
        try:
            decoded = decode_received(sender.decoder, payload, self._clock.now().utc_ns)
        except DecodeError as error:
            return self._kept(name, payload, error)
        except Exception as error:  # a decoder's own fault must not stop its neighbours
            logger.exception("%s: the decoder of %s failed", self._stage, name)
            return self._kept(name, payload, DecodeError("decoder fault", f"{type(error).__name__}: {error}"))
        return Taken(self._records([(sender, decoded)], payload))

    def of_platform(self, platform: str, payload: bytes) -> Taken:
        """Take a push of a platform, which names the devices in it."""
        try:
            messages = PLATFORMS[platform](payload)
        except DecodeError as error:
            return self._kept(platform, payload, error)
        said: list[tuple[_Sender, Decoded]] = []
        strangers: list[str] = []
        for message in messages:
            sender = self._senders.get(message.station)
            if sender is None or sender.protocol != platform:
                strangers.append(message.station)
            else:
                said.append((sender, sender.mapper(message)))
        if strangers and not said:
            return self._stranger(strangers[0])
        for _ in strangers:
            self._health.count(self._stage, "failed", reason="unknown device")
        return Taken(self._records(said, payload))

    def _records(self, said: Iterable[tuple[_Sender, Decoded]], payload: bytes) -> list[Record]:
        now = self._clock.now()
        rows: list[tuple[int, int, float, int, int]] = []
        records: list[Record] = []
        for sender, decoded in said:
            for point, time_ns, value, quality, flags in decoded.readings:
                number = sender.channels.get(point)
                if number is None:
                    continue
                if time_ns is None:
                    rows.append((number, now.utc_ns, value, quality, flags | _NO_SOURCE_TIME))
                else:
                    rows.append((number, time_ns, value, quality, flags))
            at_ns = now.utc_ns if decoded.time_ns is None else decoded.time_ns
            records += [Attribute(sender.device, point, text, at_ns) for point, text in decoded.texts]
            if decoded.rejected:
                reason = f"field {decoded.rejected[0].reason}"
                detail = "; ".join(f"{one.point}: {one.detail}" for one in decoded.rejected)
                records.append(self._quarantine(sender.device, payload, reason, detail))
        if rows:
            records.insert(0, batch_of(rows, now))
        self._health.count(self._stage, "received", len(rows))
        return records

    def _stranger(self, name: str) -> Taken:
        self._health.count(self._stage, "failed", reason="unknown device")
        return Taken([], f"no device {name[:60]!r} here", is_stranger=True)

    def _kept(self, name: str, payload: bytes, error: DecodeError) -> Taken:
        return Taken([self._quarantine(name, payload, error.reason, error.detail)], str(error))

    def _quarantine(self, name: str, payload: bytes, reason: str, detail: str) -> Quarantine:
        self._health.count(self._stage, "failed", reason=reason)
        source = f"{self._id} {name}"[:300]
        return Quarantine(source, reason, detail[:500], payload[:_KEPT_BYTES], self._clock.now().utc_ns)
