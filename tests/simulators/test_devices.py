"""The simulated device says, byte for byte, what the golden frames of its profile say."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.codecs.json_fields import JsonFieldsDecoder
from gateway.codecs.modbus_registers import BlockDecoder, plan
from gateway.profiles import FieldPlace, Frame, Point, Profile, RegisterPlace, RegisterType, load_profiles
from simulators.devices import payload_of, raw_of, registers_of, resolved

PROFILES = load_profiles()
SIMULATED = {"modbus", "json"}
NOT_SIMULATED = {
    "hj212": "stations dial in; the frames of the profile and tests/cases are proof enough",
    "sl651": "stations dial in; the frames of the profile and tests/cases are proof enough",
    "szy206": "stations dial in; the frames of the profile and tests/cases are proof enough",
    "gbt26875_3": "stations dial in; the frames of the profile and tests/cases are proof enough",
    "cjt188": "a meter's line is played by the collector's own tests",
    "dlt645": "a meter's line is played by the collector's own tests",
    "milesight": "the makers' own decoders gave the expected values",
    "decentlab": "the makers' own decoders gave the expected values",
    "ctwing": "a cloud's push is played by the listener's own tests",
    "onenet": "a cloud's push is played by the listener's own tests",
    "lifeline_push": "a cloud's push is played by the listener's own tests",
}
"""Protocol → why no simulated device speaks it."""
FUNCTIONS = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
SPEAKING = [profile for profile in PROFILES.values() if profile.protocol in SIMULATED]
FRAMES = [
    pytest.param(profile, frame, id=f"{profile.id}-{number}")
    for profile in SPEAKING
    for number, frame in enumerate(profile.frames)
]


def test_every_protocol_is_simulated_or_said_why_not() -> None:
    spoken = {profile.protocol for profile in PROFILES.values()}

    assert spoken <= SIMULATED | set(NOT_SIMULATED)


@pytest.mark.parametrize("profile", [profile for profile in PROFILES.values() if profile not in SPEAKING])
def test_a_device_of_another_protocol_does_not_speak_json(profile: Profile) -> None:
    with pytest.raises(ValueError, match="no simulated device"):
        payload_of(profile, {}, 0)


def _modbus(profile: Profile, frame: Frame) -> None:
    """RTU: unit, function, address (2), count (2), CRC → unit, function, byte count, registers, CRC."""
    start, count = struct.unpack(">HH", frame.request[2:6])
    kind = FUNCTIONS[frame.request[1]]
    if kind in {"coil", "discrete"}:
        sent = [frame.reply[3 + at // 8] >> at % 8 & 1 for at in range(count)]
    else:
        sent = list(struct.unpack(f">{count}H", frame.reply[3 : 3 + 2 * count]))

    blocks = {str(kind): (address, words) for kind, address, words in registers_of(profile, _sayable(profile, frame))}

    address, words = blocks.get(kind, (0, []))
    for name in _sayable(profile, frame):
        place = profile.points[name].place
        assert isinstance(place, RegisterPlace)
        said = words[place.address - address :][: place.count]
        told = sent[place.address - start :][: place.count]
        assert _own_bits(place, said) == _own_bits(place, told), name


def _sayable(profile: Profile, frame: Frame) -> dict[str, float]:
    """Which of its words for "no value" a device chooses is its own affair, if it has one at all."""
    return {
        name: value
        for name, value in frame.values.items()
        if not math.isnan(value) or (len(profile.points[name].sentinels) == 1 and name not in frame.qualities)
    }


def _own_bits(place: RegisterPlace, words: list[int]) -> list[int] | int:
    if place.bits is None:
        return words
    low, high = place.bits
    ordered = words[::-1] if place.byte_order in {"CDAB", "DCBA"} else words
    whole = int.from_bytes(struct.pack(f">{len(words)}H", *ordered))
    return whole >> low & (1 << high - low + 1) - 1


def _json(profile: Profile, frame: Frame) -> None:
    sent = json.loads(frame.reply)
    told = json.loads(payload_of(profile, frame.values, frame.time_ns or 0))

    for name, value in frame.values.items():
        point = profile.points[name]
        assert isinstance(point.place, FieldPlace)
        said, was = _at(told, point.place.path), _at(sent, point.place.path)
        if point.samples is not None:
            said, was = said[-1], was[-1]
        # Which of its words for "no value" a device chooses is its own affair.
        assert math.isnan(value) or said == was, name
    if profile.time_path is not None and not str(_at(sent, profile.time_path)).endswith("+08:00"):
        assert _at(told, profile.time_path) == _at(sent, profile.time_path)


def _at(tree: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        tree = tree[int(key)] if isinstance(tree, list) else tree[key]
    return tree


@pytest.mark.parametrize(("profile", "frame"), FRAMES)
def test_the_values_of_a_golden_frame_give_its_bytes(profile: Profile, frame: Frame) -> None:
    of_unit = profile.calibrated(frame.calibration)

    (_modbus if profile.protocol == "modbus" else _json)(of_unit, frame)


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


@pytest.mark.parametrize("profile", [pytest.param(profile, id=profile.id) for profile in SPEAKING])
@settings(max_examples=25)
@given(data=st.data())
def test_the_gateway_reads_what_the_device_meant(profile: Profile, data: st.DataObject) -> None:
    profile = profile.calibrated(profile.frames[0].calibration)
    numbers = {name: point for name, point in profile.points.items() if not point.is_text}
    values = {name: data.draw(_values(point), label=name) for name, point in numbers.items()}

    read = _by_the_gateway(profile, values)

    for name, value in values.items():
        meant = resolved(profile.points[name], value)
        assert read[name] == pytest.approx(meant, rel=1e-9, abs=1e-9, nan_ok=True), name


def _values(point: Point) -> st.SearchStrategy[float]:
    low, high = point.span or (-1e6, 1e6)
    place = point.place
    # A device that has no word for "no value" is not asked for one.
    may_miss = bool(point.sentinels) or (isinstance(place, RegisterPlace) and place.type.startswith("float"))
    inside = st.floats(low, high)
    return st.one_of(inside, st.just(math.nan)) if may_miss else inside


def _by_the_gateway(profile: Profile, values: dict[str, float]) -> dict[str, float]:
    if profile.protocol == "json":
        moment_ns = 1_767_225_600_000_000_000 if profile.time_format == "s" else 1_767_225_600_250_000_000
        decoded = JsonFieldsDecoder(profile).decode(payload_of(profile, values, moment_ns))
        assert decoded.rejected == []
        assert decoded.time_ns is None or decoded.time_ns == moment_ns
        return {reading.point: reading.value for reading in decoded.readings}
    read = {}
    numbers = [point for point in profile.points.values() if not point.is_text]
    for kind, address, words in registers_of(profile, values):
        for block in plan(numbers, profile.max_gap_registers, profile.max_block_registers):
            if block.kind == kind:
                asked = words[block.address - address :][: block.count]
                read.update({reading.point: reading.value for reading in BlockDecoder(block).decode(asked)})
    return read
