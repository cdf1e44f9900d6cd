"""MQTT messages to records of the journal: whose it is, what it says, and whether it was here before.

Every message ends in exactly one of: readings (and attributes), a quarantine record, or dropped as a redelivery.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.clock import Clock
from gateway.codecs.contract import Decoded, Decoder
from gateway.codecs.payloads import decode_received, payload_decoder
from gateway.collectors.contract import CollectedDevice
from gateway.collectors.mqtt_connection import MqttMessage
from gateway.collectors.mqtt_sparkplug import SparkplugIntake
from gateway.errors import DecodeError
from gateway.model import (
    Attribute,
    Flag,
    Instant,
    Quality,
    Quarantine,
    RawFrame,
    RawFrames,
    Receipts,
    Record,
    batch_of,
)
from gateway.settings import MqttSettings

logger = logging.getLogger(__name__)

_NO_SOURCE_TIME = int(Flag.NO_SOURCE_TIME)
_GOOD, _SUSPECT = int(Quality.GOOD), int(Quality.SUSPECT)
_LONGEST_PAYLOAD = 1 << 20
_KEPT_PAYLOAD = 1 << 14
_HASH_BYTES = 16


@dataclass(frozen=True, slots=True)
class _Sender:
    device: str
    decoder: Decoder
    channels: dict[str, int]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What some messages became."""

    records: list[Record]
    hashes: tuple[bytes, ...]
    failed: Counter[str]
    dropped: int


class Intake:
    """Gathers what messages say until it is taken."""

    def __init__(
        self,
        settings: MqttSettings,
        devices: Sequence[CollectedDevice],
        clock: Clock,
        *,
        keeps_raw: bool = False,
    ) -> None:
        """`keeps_raw` adds every message as it came to what is gathered."""
        self._collector = settings.id
        self._raw: list[RawFrame] | None = [] if keeps_raw else None
        self._clock = clock
        decoders: dict[str, Decoder] = {}
        self._senders: dict[bytes, _Sender] = {}
        for collected in devices:
            profile = collected.device.profile
            if profile.protocol == "sparkplug":
                continue
            decoder = decoders.setdefault(profile.id, payload_decoder(profile, settings.envelope))
            sender = _Sender(collected.device.id, decoder, dict(collected.channels))
            name = collected.device.station or collected.device.id
            for template in settings.topics:
                self._senders[template.replace("{device}", name).encode()] = sender
        self._sparkplug = SparkplugIntake(settings, devices) if settings.sparkplug_group else None
        self._rows: list[tuple[int, int, float, int, int]] = []
        self._others: list[Record] = []
        self._hashes: list[bytes] = []
        self._failed: Counter[str] = Counter()
        self._dropped = 0

    def add(self, message: MqttMessage, known: Sequence[Iterable[bytes]]) -> None:
        """Take one message in; `known` holds the hashes of earlier messages without a time of their own."""
        sender = self._senders.get(message.topic)
        if sender is None and self._sparkplug is not None and message.topic.startswith(b"spBv1.0/"):
            now_ns = self._understand_sparkplug(self._sparkplug, message)
        else:
            now_ns = self._understand(message, sender, known)
        if self._raw is not None:
            topic = message.topic.decode(errors="backslashreplace")
            self._raw.append(RawFrame(sender.device if sender else "", topic, message.payload, now_ns))

    def commands(self) -> list[tuple[str, bytes]]:
        """Return what must be published now: requests for rebirth."""
        return self._sparkplug.commands(self._clock.now().utc_ns) if self._sparkplug else []

    def _understand_sparkplug(self, sparkplug: SparkplugIntake, message: MqttMessage) -> int:
        now_ns = self._clock.now().utc_ns
        try:
            understood = sparkplug.take(message.topic.decode(errors="replace"), message.payload)
        except DecodeError as error:
            self._keep(message, error.reason, error.detail)
            return 0
        for device, channels, decoded in understood:
            self._store(message, device, channels, decoded, now_ns)
        return now_ns

    def _understand(self, message: MqttMessage, sender: _Sender | None, known: Sequence[Iterable[bytes]]) -> int:
        """Make records of a message; return the time that was given to it, 0 when it has its own or none."""
        if sender is None:
            self._keep(message, "unknown topic", "no device of the site file sends on it")
            return 0
        if len(message.payload) > _LONGEST_PAYLOAD:
            self._keep(message, "too long", f"{len(message.payload)} bytes")
            return 0
        try:
            decoded = decode_received(sender.decoder, message.payload, self._clock.now().utc_ns)
        except DecodeError as error:
            self._keep(message, error.reason, error.detail)
            return 0
        except Exception as error:  # a decoder's own fault must not stop its neighbours
            logger.exception("%s: the decoder of %s failed", self._collector, sender.device)
            self._keep(message, "decoder fault", f"{type(error).__name__}: {error}")
            return 0
        now_ns = 0
        if decoded.time_ns is None:
            digest = hash_of(message)
            # Redelivered, or retained and delivered anew at each connect: without a time it would be a new reading.
            if (message.is_redelivery or message.is_retained) and any(
                digest in some for some in (*known, self._hashes)
            ):
                self._dropped += 1
                return 0
            self._hashes.append(digest)
            now_ns = self._clock.now().utc_ns
        self._store(message, sender.device, sender.channels, decoded, now_ns)
        return now_ns

    def _store(
        self, message: MqttMessage, device: str, channels: Mapping[str, int], decoded: Decoded, now_ns: int
    ) -> None:
        rows = self._rows
        for point, time_ns, value, quality, flags in decoded.readings:
            number = channels.get(point)
            if number is None:
                continue
            if time_ns is not None:
                rows.append((number, time_ns, value, quality, flags))
            else:
                # Nobody knows how old a retained message is.
                doubted = _SUSPECT if message.is_retained and quality == _GOOD else quality
                rows.append((number, now_ns, value, doubted, flags | _NO_SOURCE_TIME))
        time_ns = now_ns if decoded.time_ns is None else decoded.time_ns
        self._others += [Attribute(device, point, text, time_ns) for point, text in decoded.texts]
        if decoded.rejected:
            detail = "; ".join(f"{point}: {detail}" for point, _, detail in decoded.rejected)
            self._keep(message, f"field {decoded.rejected[0].reason}", detail)

    def take(self, received: Instant) -> Gathered:
        """Return everything gathered as records of one commit, and start anew."""
        records: list[Record] = []
        if self._rows:
            records.append(batch_of(self._rows, received))
        records += self._others
        if self._hashes:
            records.append(Receipts(self._collector, tuple(self._hashes)))
        if self._raw:
            records.append(RawFrames(self._collector, received.utc_ns, tuple(self._raw)))
            self._raw = []
        gathered = Gathered(records, tuple(self._hashes), self._failed, self._dropped)
        self._rows, self._others, self._hashes = [], [], []
        self._failed, self._dropped = Counter(), 0
        return gathered

    def _keep(self, message: MqttMessage, reason: str, detail: str) -> None:
        self._failed[reason] += 1
        source = f"{self._collector} {message.topic.decode(errors='backslashreplace')}"
        payload = message.payload[:_KEPT_PAYLOAD]
        self._others.append(Quarantine(source[:300], reason, detail[:500], payload, self._clock.now().utc_ns))


class RecentReceipts:
    """The hashes of a client's newest messages without a time of their own that are on disk."""

    def __init__(self, hashes: Sequence[bytes], least: int) -> None:
        self._hashes = deque(hashes, maxlen=max(least, len(hashes)))

    def extend(self, hashes: Iterable[bytes], least: int) -> None:
        """Add newer ones; keep at least `least`, twice the window that the broker was seen to use."""
        if least > (self._hashes.maxlen or 0):
            self._hashes = deque(self._hashes, maxlen=least)
        self._hashes.extend(hashes)

    @property
    def hashes(self) -> Iterable[bytes]:
        """The hashes, oldest first."""
        return self._hashes


def hash_of(message: MqttMessage) -> bytes:
    """Return the hash by which a redelivered message is known."""
    digest = hashlib.blake2b(message.topic, digest_size=_HASH_BYTES)
    digest.update(b"\0")
    digest.update(message.payload)
    return digest.digest()
