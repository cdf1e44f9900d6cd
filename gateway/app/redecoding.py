"""Kept frames read by another profile: what they would have meant, and, when a person says so, corrected rows.

Rule 1: looking changes nothing, and works beside a running gateway. Rule 2: corrections are appended under the lock of
the state folder, each flagged; the ledger says who did it by which profile. Doing it again changes nothing.
Status bits, counters and other sense that needs several polls is not made of single frames.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gateway.app.state_lock import StateLock
from gateway.clock import Clock
from gateway.codecs.contract import CodecOptions, Decoded
from gateway.codecs.modbus_registers import BlockDecoder, RegisterBlock
from gateway.codecs.payloads import payload_decoder
from gateway.codecs.profile_fields import FieldMapper
from gateway.codecs.registry import CODECS
from gateway.early_warning import Redecoded
from gateway.errors import DecodeError, Unreachable
from gateway.health import Health
from gateway.history.saved import SavedHistory
from gateway.inventory import Channel, Device
from gateway.journal import ChannelKey, Journal, channel_numbers
from gateway.ledger import Ledger
from gateway.model import Batch, Flag, RawFrame, Reading, batch_of
from gateway.profiles import PAYLOAD_PROTOCOLS, Profile, RegisterPlace
from gateway.raw_ring import read_frames
from gateway.screen import Screen
from gateway.settings import Site
from gateway.units import QUANTITIES

_ROWS = 20_000
_PATIENCE_SECONDS = 60.0
_CORRECTED = int(Flag.CORRECTED)


class Meant(NamedTuple):
    """One value that a kept frame has by the new profile, beside what the history holds for that time."""

    device: str
    point: str
    time_ns: int
    value: float
    quality: int
    flags: int
    old: float | None


class Redecoding(NamedTuple):
    """What some frames mean by another profile."""

    frames: int
    unread: int
    """Frames of the devices that say nothing by it."""
    meant: list[Meant]

    @property
    def differing(self) -> list[Meant]:
        """The values that are not what the history holds."""
        return [one for one in self.meant if not is_same(one.old, one.value)]


def redecode(state: Path, profile: Profile, devices: Collection[str]) -> Redecoding:
    """Read the kept frames of some devices by a profile; FileNotFoundError without a history."""
    reader = _reader(profile)
    found: list[tuple[str, Reading, int]] = []
    frames = unread = 0
    for kept in read_frames(state / "raw"):
        mine: defaultdict[str, list[RawFrame]] = defaultdict(list)
        for frame in kept.frames:
            if frame.device in devices:
                mine[frame.device].append(frame)
        for device, some in mine.items():
            frames += len(some)
            read = list(reader.read(some))
            unread += not read and len(some)
            found += [(device, reading, time_ns) for reading, time_ns in read if time_ns > 0]
    return Redecoding(frames, unread, _beside_history(state, found))


def _reader(profile: Profile) -> _Modbus | _Payloads:
    return _Modbus(profile) if profile.protocol == "modbus" else _Payloads(profile)


class _Payloads:
    def __init__(self, profile: Profile) -> None:
        self._own = payload_decoder(profile) if profile.protocol in PAYLOAD_PROTOCOLS else None
        self._frame = None if self._own else CODECS[profile.protocol](CodecOptions())
        self._mapper = FieldMapper(profile)

    def read(self, frames: Sequence[RawFrame]) -> Iterator[tuple[Reading, int]]:
        for frame in frames:
            try:
                decoded = self._decoded(frame.payload)
            except DecodeError:
                continue
            for reading in decoded.readings:
                yield reading, frame.time_ns if reading.time_ns is None else reading.time_ns

    def _decoded(self, payload: bytes) -> Decoded:
        if self._own is not None:
            return self._own.decode(payload)
        if self._frame is None:
            raise DecodeError("protocol", "there is no decoder")
        return self._mapper(self._frame.decode(payload))


class _Modbus:
    """Registers of one poll by their addresses, whatever requests they came in."""

    def __init__(self, profile: Profile) -> None:
        self._points = [
            (place, BlockDecoder(RegisterBlock(place.kind, place.address, place.count, (point,))))
            for point in profile.points.values()
            if isinstance(place := point.place, RegisterPlace) and not point.is_text
        ]

    def read(self, frames: Sequence[RawFrame]) -> Iterator[tuple[Reading, int]]:
        registers: dict[tuple[str, int], tuple[int, int]] = {}
        for frame in frames:
            kind, _, rest = frame.address.partition(" ")
            first = rest.partition(" ")[0]
            if first.isdecimal():
                values = np.frombuffer(frame.payload[: len(frame.payload) // 2 * 2], ">u2").tolist()
                for number, value in enumerate(values):
                    registers[kind, int(first) + number] = value, frame.time_ns
        for place, decoder in self._points:
            got = [registers.get((place.kind, place.address + number)) for number in range(place.count)]
            known = [one for one in got if one is not None]
            if len(known) == len(got):
                for reading in decoder.decode([value for value, _ in known]):
                    yield reading, known[0][1]


def _beside_history(state: Path, found: Iterable[tuple[str, Reading, int]]) -> list[Meant]:
    by_point: defaultdict[tuple[str, str], list[tuple[Reading, int]]] = defaultdict(list)
    for device, reading, time_ns in found:
        by_point[device, reading.point].append((reading, time_ns))
    numbers = channel_numbers(state / "journal")
    meant: list[Meant] = []
    with SavedHistory(state / "history") as history:
        for (device, point), readings in by_point.items():
            times = [time_ns for _, time_ns in readings]
            held: dict[int, float] = {}
            for number in _generations(numbers, device, point):
                rows = history.read(number, min(times), max(times) + 1)
                held |= dict(zip(rows.time_ns.tolist(), rows.value.tolist(), strict=True))
            meant += [
                Meant(device, point, time_ns, each.value, each.quality, each.flags, held.get(time_ns))
                for each, time_ns in readings
            ]
    return sorted(meant, key=lambda one: (one.time_ns, one.device, one.point))


def _generations(numbers: dict[str, int], device: str, point: str) -> list[int]:
    """Return the channels that a point has had, oldest first: a change of its meaning gives it a new one."""
    found = []
    for name, number in numbers.items():
        _, own, rest = name.split(".", 2)
        if own == device and rest.partition("~")[0] == point:
            found.append(number)
    return sorted(found)


def is_same(old: float | None, new: float) -> bool:
    """Tell whether two values are the same; NaN, no value, equals itself."""
    return old is not None and (old == new or (np.isnan(old) and np.isnan(new)))


def apply(
    state: Path, site: Site, profile: Profile, redecoding: Redecoding, *, profile_file: bytes, person: str, clock: Clock
) -> Redecoded:
    """Append what differs as corrected rows and file the step; Unreachable while a gateway runs."""
    differing = redecoding.differing
    devices = [site.inventory.devices[name] for name in sorted({one.device for one in differing})]
    channels = {channel.id: channel for device in devices for channel in _channels(site, device, profile)}
    with ExitStack() as stack:
        stack.enter_context(StateLock(state))
        health = Health()
        journal = Journal.open(state / "journal", settings=site.journal, clock=clock, health=health, ticks=False)
        stack.callback(journal.close)
        ledger = Ledger.open(state / "ledger", site=site.id, clock=clock, health=health)
        stack.callback(ledger.close)
        keys = [
            ChannelKey(one.id, one.unit, profile.points[one.point].scale, one.quantity) for one in channels.values()
        ]
        with SavedHistory(state / "history") as history:
            highest = max([ledger.highest_channel(), *history.channels.values()])
        numbered = journal.number(keys, at_least=highest)
        ledger.remember_channels({one.id: one.number for one in numbered.values()})
        numbers = {name: one.number for name, one in numbered.items()}
        screen = Screen(replace(site.inventory, channels=channels), numbers, health)
        of_device = {device.id: device.asset for device in devices}
        rows = [(numbers[f"{of_device[one.device]}.{one.device}.{one.point}"], one) for one in differing]
        corrected = [(number, one.time_ns, one.value, one.quality, one.flags | _CORRECTED) for number, one in rows]
        for start in range(0, len(rows), _ROWS):
            _append(journal, screen, batch_of(corrected[start : start + _ROWS], clock.now()))
        step = Redecoded(
            person=person,
            time_ns=clock.now().utc_ns,
            profile=profile.id,
            profile_hash=hashlib.blake2b(profile_file, digest_size=16).hexdigest(),
            devices=tuple(of_device),
            frames=redecoding.frames,
            readings=len(rows),
            first_ns=min((one.time_ns for one in differing), default=0),
            last_ns=max((one.time_ns for one in differing), default=0),
        )
        ledger.record_redecoding(step).result(_PATIENCE_SECONDS)
    return step


def _append(journal: Journal, screen: Screen, batch: Batch) -> None:
    try:
        journal.append(screen(batch), urgent=True).result(_PATIENCE_SECONDS)
    except TimeoutError as error:
        raise Unreachable(
            "the journal takes nothing: it is at its cap or its disk is full; nothing was filed"
        ) from error


def _channels(site: Site, device: Device, profile: Profile) -> Iterator[Channel]:
    """Yield a device's channels as the new profile has them, with what the site file says otherwise."""
    for point in profile.points.values():
        if point.is_text:
            continue
        name = f"{device.asset}.{device.id}.{point.name}"
        known = site.inventory.channels.get(name)
        yield Channel(
            id=name,
            asset=device.asset,
            device=device.id,
            point=point.name,
            quantity=point.quantity,
            unit=QUANTITIES[point.quantity].unit,
            span=known.span if known and known.quantity == point.quantity else point.span,
            report_seconds=point.report_seconds,
            fresh_seconds=3 * point.report_seconds,
            reorder_seconds=0.0,
            stuck_seconds=None,
            importance=point.importance,
            title=point.title,
            ladders=(),
        )
