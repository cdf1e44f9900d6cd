"""The simulated device says, byte for byte, what the golden frames of its profile say."""

from __future__ import annotations

import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.json_fields import JsonFieldsDecoder
from gateway.codecs.modbus_registers import BlockDecoder, plan
from gateway.profiles import Frame, Point, Profile, RegisterPlace, RegisterType, load_profiles
from simulators.devices import payload_of, raw_of, registers_of, resolved

FRAMES = [
    pytest.param(profile, frame, id=f"{profile.id}-{number}")
    for profile in load_profiles().values()
    for number, frame in enumerate(profile.frames)
]


def _modbus(profile: Profile, frame: Frame) -> None:
    """RTU: unit, function, address (2), count (2), CRC → unit, function, byte count, registers, CRC."""
    start, count = struct.unpack(">HH", frame.request[2:6])
    sent = struct.unpack(f">{count}H", frame.reply[3 : 3 + 2 * count])
    kind = {3: "holding", 4: "input"}[frame.request[1]]

    blocks = {str(kind): (address, words) for kind, address, words in registers_of(profile, frame.values)}

    address, words = blocks[kind]
    for name in frame.values:
        place = profile.points[name].place
        assert isinstance(place, RegisterPlace)
        if math.isnan(frame.values[name]) and not profile.points[name].sentinels:
            continue
        said = words[place.address - address :][: place.count]
        assert said == list(sent[place.address - start :][: place.count]), name


def _json(profile: Profile, frame: Frame) -> None:
    sent = json.loads(frame.reply)
    assert frame.time_ns is not None
    told = json.loads(payload_of(profile, frame.values, frame.time_ns))
    if isinstance(sent.get("time"), str) and not sent["time"].endswith("Z"):
        # The same moment in another zone.
        sent.pop("time")
        told.pop("time")
    for name, value in frame.values.items():
        place = profile.points[name].place
        assert not isinstance(place, RegisterPlace)
        if math.isnan(value):
            # Which of its words for "no value" a device chooses is its own affair.
            _forget(sent, place.path)
            _forget(told, place.path)

    assert told == sent


def _forget(tree: dict[str, object], path: tuple[str, ...]) -> None:
    node = tree
    for key in path[:-1]:
        deeper = node[key]
        assert isinstance(deeper, dict)
        node = deeper
    node.pop(path[-1])


@pytest.mark.parametrize(("profile", "frame"), FRAMES)
def test_the_values_of_a_golden_frame_give_its_bytes(profile: Profile, frame: Frame) -> None:
    (_modbus if profile.protocol == "modbus" else _json)(profile, frame)


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ("ABCD", [0x4212, 0x806B]),
        ("CDAB", [0x806B, 0x4212]),
        ("BADC", [0x1242, 0x6B80]),
        ("DCBA", [0x6B80, 0x1242]),
    ],
)
def test_each_byte_order_lies_as_it_is_named(order: str, words: list[int]) -> None:
    # 36.62540817260742 is 0x4212806B in IEEE 754.
    place = RegisterPlace("holding", 5, "float32", order)  # type: ignore[arg-type]
    profile = Profile("x", "", "water", "modbus", "", {"p": Point("p", "water_flow", "m3/h", place)}, ())

    blocks = registers_of(profile, {"p": 36.62540817260742})

    assert blocks == [("holding", 5, words)]


@given(st.sampled_from(["int16", "uint16", "int32", "uint32", "int64"]), st.floats(-1e18, 1e18))
def test_a_value_too_large_for_its_register_stops_at_the_end(kind: RegisterType, value: float) -> None:
    point = Point("p", "water_flow", "m3/h", RegisterPlace("holding", 0, kind), scale=0.1)
    profile = Profile("x", "", "water", "modbus", "", {"p": point}, ())

    ((_, _, words),) = registers_of(profile, {"p": value})

    assert all(0 <= word <= 0xFFFF for word in words)


@given(st.floats(-500.0, 500.0))
def test_what_a_device_rounds_stays_within_its_resolution(value: float) -> None:
    point = Point("p", "temperature", "Cel", RegisterPlace("input", 0, "int16"), scale=0.1)

    assert resolved(point, value) == pytest.approx(value, abs=0.0501)


def test_a_missing_value_is_said_in_the_words_of_the_device() -> None:
    by_sentinel = Point("p", "carbon_monoxide", "[ppm]", RegisterPlace("input", 0, "uint16"), sentinels=(65535.0,))
    by_nan = Point("p", "water_level", "m", RegisterPlace("input", 0, "float32"))

    assert raw_of(by_sentinel, math.nan) == 65535
    assert math.isnan(raw_of(by_nan, math.nan) or 0.0)
    assert math.isnan(resolved(by_sentinel, math.nan))


@pytest.mark.parametrize("profile", [pytest.param(profile, id=profile.id) for profile in load_profiles().values()])
@given(st.data())
def test_the_gateway_reads_what_the_device_meant(profile: Profile, data: st.DataObject) -> None:
    values = {name: data.draw(_values(point), label=name) for name, point in profile.points.items()}

    read = _by_the_gateway(profile, values)

    for name, value in values.items():
        meant = resolved(profile.points[name], value)
        assert read[name] == pytest.approx(meant, rel=1e-9, abs=1e-12, nan_ok=True), name


def _values(point: Point) -> st.SearchStrategy[float]:
    low, high = point.span or (-1e6, 1e6)
    # A device that has no word for "no value" is not asked for one.
    may_miss = bool(point.sentinels) or (isinstance(point.place, RegisterPlace) and point.place.type == "float32")
    inside = st.floats(low, high)
    return st.one_of(inside, st.just(math.nan)) if may_miss else inside


def _by_the_gateway(profile: Profile, values: dict[str, float]) -> dict[str, float]:
    if profile.protocol == "json":
        decoded = JsonFieldsDecoder(profile).decode(payload_of(profile, values, 1_767_225_600_250_000_000))
        assert decoded.rejected == []
        assert decoded.time_ns is None or decoded.time_ns == 1_767_225_600_250_000_000
        return {reading.point: reading.value for reading in decoded.readings}
    read = {}
    for kind, address, words in registers_of(profile, values):
        for block in plan(profile.points.values(), profile.max_gap_registers, profile.max_block_registers):
            if block.kind == kind:
                asked = words[block.address - address :][: block.count]
                read.update({reading.point: reading.value for reading in BlockDecoder(block).decode(asked)})
    return read
