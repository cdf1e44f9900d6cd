"""JSON payloads field by field."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.codecs.json_fields import JsonFieldsDecoder
from gateway.errors import DecodeError
from gateway.model import Flag, Quality, Reading
from gateway.profiles import FieldPlace, Frame, Point, Profile, TimeFormat
from gateway.profiles.loading import load_profiles

GOOD, MISSING = int(Quality.GOOD), int(Quality.MISSING)
SENTINEL = int(Flag.SENTINEL)


def profile(*points: Point, time_path: tuple[str, ...] | None = ("ts",), time_format: TimeFormat = "ms") -> Profile:
    return Profile(
        id="gas/test",
        title="",
        lifeline="gas",
        protocol="json",
        source="made up",
        points={point.name: point for point in points},
        frames=(),
        time_path=time_path,
        time_format=time_format,
    )


CH4 = Point("ch4", "combustible_gas", "%", FieldPlace(("data", "ch4")), sentinels=(65535,))
BATTERY = Point("battery", "voltage", "mV", FieldPlace(("bat",)), factor=0.001)
FAHRENHEIT = Point("temperature", "temperature", "[degF]", FieldPlace(("t", "1")), factor=5 / 9, shift=-160 / 9)
FIRMWARE = Point("firmware", "text", "", FieldPlace(("fw",)), is_text=True)
DECODER = JsonFieldsDecoder(profile(CH4, BATTERY, FAHRENHEIT, FIRMWARE))


def test_fields_are_found_by_path_and_converted() -> None:
    decoded = DECODER.decode(b'{"ts":1760000000123,"data":{"ch4":1.5},"bat":3600,"t":[0,212],"fw":"1.2"}')

    time_ns = 1_760_000_000_123_000_000
    assert decoded.readings == [
        Reading("ch4", time_ns, 1.5),
        Reading("battery", time_ns, 3.6),
        Reading("temperature", time_ns, 212 * (5 / 9) - 160 / 9),
    ]
    assert decoded.texts == [("firmware", "1.2")]
    assert decoded.rejected == []


def test_a_wrong_field_costs_only_itself() -> None:
    decoded = DECODER.decode(b'{"ts":1,"data":{"ch4":"1.5"},"bat":3600,"t":[0,true],"fw":{}}')

    assert [reading.point for reading in decoded.readings] == ["battery"]
    assert [(wrong.point, wrong.reason) for wrong in decoded.rejected] == [
        ("ch4", "type"),
        ("temperature", "type"),
        ("firmware", "type"),
    ]
    assert decoded.rejected[0].detail == "expected a number, got a text"


def test_a_sentinel_is_a_missing_value() -> None:
    (reading,) = DECODER.decode(b'{"ts":1,"data":{"ch4":65535.0}}').readings

    assert math.isnan(reading.value)
    assert (reading.quality, reading.flags) == (MISSING, SENTINEL)


def test_null_is_a_missing_value_and_an_absent_field_is_none() -> None:
    (reading,) = DECODER.decode(b'{"ts":1,"data":{"ch4":null}}').readings

    assert math.isnan(reading.value)
    assert (reading.point, reading.quality, reading.flags) == ("ch4", MISSING, 0)


@pytest.mark.parametrize("number", [b"1e308", b"1" + b"0" * 400], ids=["once scaled", "an integer"])
def test_a_value_beyond_a_float_is_rejected(number: bytes) -> None:
    point = Point("x", "flow", "m3/h", FieldPlace(("x",)), scale=1e10)

    decoded = JsonFieldsDecoder(profile(point)).decode(b'{"x":%s}' % number)

    assert decoded.readings == []
    assert [wrong.reason for wrong in decoded.rejected] == ["overflow"]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        pytest.param(b"", "json", id="nothing"),
        pytest.param(b"\xff\x00", "json", id="not text"),
        pytest.param(b'{"ts":1,"bat":NaN}', "json", id="nan"),
        pytest.param(b'{"ts":1,"bat":-Infinity}', "json", id="infinity"),
        pytest.param(b'{"ts":1,"bat":1e999}', "json", id="beyond a float"),
        pytest.param(b'{"ts":1,"bat":1', "json", id="cut off"),
        pytest.param(b'{"ts":1,"bat":1}{}', "json", id="two documents"),
        pytest.param(b'{"ts":1,"bat":"\xff"}', "json", id="not UTF-8"),
        pytest.param(b"[" * 200_000, "json", id="deep"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "json", id="deep objects"),
        pytest.param(b"3", "no known field", id="a number"),
        pytest.param(b"[1,2]", "no known field", id="an array"),
        pytest.param(b'{"ts":1}', "no known field", id="a time alone"),
        pytest.param(b'{"ts":"one","bat":1}', "time", id="a time in words"),
        pytest.param(b'{"ts":true,"bat":1}', "time", id="a boolean time"),
        pytest.param(b'{"ts":1e300,"bat":1}', "time", id="a time beyond any calendar"),
        pytest.param(b'{"ts":-99999999999999999999,"bat":1}', "time", id="a time before any calendar"),
    ],
)
def test_bytes_that_say_nothing_are_named(payload: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        DECODER.decode(payload)

    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("time_format", "written", "time_ns"),
    [
        ("s", "1760000000", 1_760_000_000_000_000_000),
        ("s", "1760000000.123", 1_760_000_000_123_000_000),
        ("ms", "1760000000123", 1_760_000_000_123_000_000),
        ("ms", "1760000000123.5", 1_760_000_000_123_500_000),
        ("us", "1760000000123456", 1_760_000_000_123_456_000),
        ("ns", "1760000000123456789", 1_760_000_000_123_456_789),
        ("iso8601", '"2025-10-09T08:53:20Z"', 1_760_000_000_000_000_000),
        ("iso8601", '"2025-10-09T16:53:20.123+08:00"', 1_760_000_000_123_000_000),
        ("iso8601", '"2025-10-09 16:53:20.123456789+08:00"', 1_760_000_000_123_456_000),
    ],
)
def test_times_are_read_exactly(time_format: TimeFormat, written: str, time_ns: int) -> None:
    decoder = JsonFieldsDecoder(profile(BATTERY, time_format=time_format))

    assert decoder.decode(b'{"ts":%s,"bat":1}' % written.encode()).time_ns == time_ns


@pytest.mark.parametrize("written", ['"2025-10-09T08:53:20"', '"yesterday"', "1760000000", '"9999-99-99"', '""'])
def test_a_text_that_names_no_moment_is_refused(written: str) -> None:
    decoder = JsonFieldsDecoder(profile(BATTERY, time_format="iso8601"))

    with pytest.raises(DecodeError, match="time"):
        decoder.decode(b'{"ts":%s,"bat":1}' % written.encode())


@pytest.mark.parametrize("payload", [b'{"bat":1}', b'{"ts":null,"bat":1}'])
def test_a_payload_without_a_time_says_so(payload: bytes) -> None:
    decoded = DECODER.decode(payload)

    assert decoded.time_ns is None
    assert decoded.readings[0].time_ns is None


FRAMES = [
    pytest.param(known, frame, id=f"{name} {number}")
    for name, known in load_profiles().items()
    if known.protocol == "json"
    for number, frame in enumerate(known.frames, start=1)
]


@pytest.mark.parametrize(("known", "frame"), FRAMES)
def test_every_golden_frame_means_what_its_profile_says(known: Profile, frame: Frame) -> None:
    decoded = JsonFieldsDecoder(known).decode(frame.reply)

    assert decoded.rejected == []
    assert decoded.time_ns == frame.time_ns
    values = {reading.point: reading.value for reading in decoded.readings}
    assert values == pytest.approx(dict(frame.values), nan_ok=True, rel=1e-9)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["ts", "data", "ch4", "bat", "t"]), inner)
    ),
    max_leaves=12,
)


def survives(payload: bytes) -> None:
    try:
        decoded = DECODER.decode(payload)
    except DecodeError:
        return
    for reading in decoded.readings:
        assert math.isfinite(reading.value) == (reading.quality == GOOD)


@given(st.binary(max_size=200))
@example(b'{"bat":1}\n')
def test_no_bytes_raise_anything_but_decode_error(payload: bytes) -> None:
    survives(payload)


@given(JSON)
def test_no_json_raises_anything_but_decode_error(document: object) -> None:
    survives(json.dumps(document).encode())
