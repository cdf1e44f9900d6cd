"""A profile's golden frame through the decoder of its protocol: what a profile claims, and what it means here."""

from __future__ import annotations

from gateway.codecs.contract import CodecOptions, Decoded
from gateway.codecs.modbus_registers import BlockDecoder, RegisterBlock
from gateway.codecs.modbus_status import judged
from gateway.codecs.payloads import payload_decoder
from gateway.codecs.profile_fields import FieldMapper
from gateway.codecs.registry import CODECS
from gateway.codecs.rtu_frame import read_exchange
from gateway.model import Reading
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


def _lies_in(point: Point, block: RegisterBlock) -> bool:
    place = point.place
    return (
        isinstance(place, RegisterPlace)
        and place.kind == block.kind
        and block.address <= place.address
        and place.address + place.count <= block.address + block.count
    )
