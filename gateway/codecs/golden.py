"""A profile's golden frame through the decoder of its protocol: what a profile claims, and what it means here."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from math import isclose, isnan

from gateway.codecs.contract import CodecOptions, Decoded
from gateway.codecs.modbus_registers import BlockDecoder, RegisterBlock
from gateway.codecs.modbus_status import judged
from gateway.codecs.payloads import payload_decoder
from gateway.codecs.profile_fields import FieldMapper
from gateway.codecs.registry import CODECS
from gateway.codecs.rtu_frame import read_exchange
from gateway.errors import DecodeError
from gateway.model import Quality, Reading
from gateway.profiles import PAYLOAD_PROTOCOLS, Frame, Point, Profile, RegisterPlace


def decode_frame(profile: Profile, frame: Frame) -> Decoded:
    """Return what the frame says of the points that lie in it, or raise DecodeError."""
    if frame.calibration:
        profile = profile.calibrated(frame.calibration)
    if profile.protocol in PAYLOAD_PROTOCOLS:
        return payload_decoder(profile).decode(frame.reply)
    if profile.protocol in CODECS:
        return FieldMapper(profile)(CODECS[profile.protocol](CodecOptions()).decode(frame.reply))
    said = read_exchange(frame.request, frame.reply)
    block = RegisterBlock(said.kind, said.address, len(said.registers), ())
    points = tuple(point for point in profile.points.values() if _lies_in(point, block))
    decoder = BlockDecoder(RegisterBlock(block.kind, block.address, block.count, points))
    columns = decoder.columns(said.registers)
    told = dict(zip((point.name for point in decoder.points), columns.value.tolist(), strict=True))
    # A frame proves what lies in it: a status that stands elsewhere is left out.
    rules = [rule for rule in profile.modbus.statuses if rule.point in told]
    columns = judged(rules, decoder.points, columns, told)
    rows = zip(columns.value.tolist(), columns.quality.tolist(), columns.flags.tolist(), strict=True)
    readings = [Reading(point.name, None, *row) for point, row in zip(decoder.points, rows, strict=True)]
    texts, rejected = decoder.texts(said.registers)
    return Decoded(readings, texts, rejected, None)


def disproved(profile: Profile) -> list[str]:
    """Return what a profile claims of its frames and they do not show, one sentence each; empty when all is proved.

    Calibrated points are passed over in frames that do not say the constants of the unit that sent them: the profile
    may be that of another unit.
    """
    found: list[str] = []
    for number, frame in enumerate(profile.frames):
        try:
            decoded = decode_frame(profile, frame)
        except DecodeError as error:
            found.append(f"frames.{number}: {error}")
            continue
        calibrated = {name for name, point in profile.points.items() if point.calibration}
        unknown = calibrated - set(frame.calibration)
        found += [f"frames.{number}: {what}" for what in _differences(frame, decoded, unknown)]
    return found


def _differences(frame: Frame, decoded: Decoded, unknown: AbstractSet[str]) -> Iterator[str]:
    # Of an array a frame shows the last value.
    told = {reading.point: reading for reading in decoded.readings if reading.point not in unknown}
    for name, wanted in frame.values.items():
        if name in unknown:
            continue
        reading = told.pop(name, None)
        if reading is None:
            yield f"no value of {name} is in it"
            continue
        if not (isnan(wanted) and isnan(reading.value)) and not isclose(wanted, reading.value, rel_tol=1e-9):
            yield f"{name} is {reading.value:.12g}, not {wanted:.12g}"
        quality = frame.qualities.get(name, "MISSING" if isnan(wanted) else "GOOD")
        if Quality(reading.quality).name != quality:
            yield f"{name} is {Quality(reading.quality).name}, not {quality}"
    for name, reading in told.items():
        yield f"{name}, which is {reading.value:.12g} in it, is not among its values"
    texts = dict(decoded.texts)
    for name, text in frame.texts.items():
        if texts.get(name) != text:
            yield f"{name} says {texts.get(name)!r}, not {text!r}"
    for one in decoded.rejected:
        yield f"{one.point} is rejected: {one.reason}, {one.detail}"
    if frame.time_ns is not None and decoded.time_ns != frame.time_ns:
        yield f"its time is {decoded.time_ns}, not {frame.time_ns} (nanoseconds)"


def _lies_in(point: Point, block: RegisterBlock) -> bool:
    place = point.place
    return (
        isinstance(place, RegisterPlace)
        and place.kind == block.kind
        and block.address <= place.address
        and place.address + place.count <= block.address + block.count
    )
