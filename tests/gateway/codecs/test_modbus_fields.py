"""Bit fields, BCD, composites, coils, texts, calibration and status bits, worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.modbus_registers import BlockDecoder, Columns, RegisterBlock
from gateway.codecs.modbus_status import judged
from gateway.errors import DecodeError
from gateway.model import Flag, Quality
from gateway.profiles import Calibration, Meaning, Part, Point, RegisterPlace, RegisterType, StatusRule

GAUGE = (Part((8, 15), 100.0, most=2), Part((0, 7), 1.0, is_bcd=True))
MOD10 = (Part((16, 31), 10_000.0), Part((0, 15), 1.0))


def value_of(registers: list[int], of: RegisterType, order: Any = "ABCD", **more: Any) -> float:
    place = RegisterPlace("holding", 0, of, order, bits=more.pop("bits", None), parts=more.pop("parts", ()))
    block = RegisterBlock("holding", 0, len(registers), (Point("x", "count", "1", place, **more),))
    return float(BlockDecoder(block).columns(registers).value[0])


@pytest.mark.parametrize(
    ("registers", "of", "more", "wanted"),
    [
        pytest.param([0x0142], "uint16", {"parts": GAUGE}, 142, id="metres and BCD centimetres"),
        pytest.param([0x0299], "uint16", {"parts": GAUGE}, 299, id="two metres"),
        pytest.param([0x0342], "uint16", {"parts": GAUGE}, math.nan, id="no such metre"),
        pytest.param([0x014A], "uint16", {"parts": GAUGE}, math.nan, id="no digit"),
        pytest.param([12, 3456], "uint32", {"parts": MOD10}, 123_456, id="thousands apart"),
        pytest.param([0x0209], "bcd16", {"scale": 0.1}, 20.9, id="oxygen in hex digits"),
        pytest.param([0x1234, 0x5678], "bcd32", {}, 12_345_678, id="BCD of two registers"),
        pytest.param([0x5678, 0x1234], "bcd32", {"order": "CDAB"}, 12_345_678, id="BCD, words swapped"),
        pytest.param([0, 0, 0x0001, 0x0000], "bcd64", {}, 10_000, id="BCD of four registers"),
        pytest.param([0x00F0], "bcd16", {}, math.nan, id="BCD without a digit"),
        pytest.param([0b1011_0000], "uint16", {"bits": (4, 7)}, 11, id="four bits"),
        pytest.param([0x0080], "uint16", {"bits": (7, 7)}, 1, id="one bit"),
        pytest.param([0x12FE], "int16", {"bits": (0, 7)}, -2, id="a signed byte"),
        pytest.param([0x8000, 0], "uint32", {"bits": (31, 31)}, 1, id="the highest bit"),
        pytest.param([0x0302], "uint16", {"bits": (0, 7), "order": "BADC"}, 3, id="bits of swapped bytes"),
        pytest.param([0xFFFF], "uint16", {"bits": (0, 15), "sentinels": (65_535.0,)}, math.nan, id="a sentinel"),
        pytest.param(
            [50], "int16", {"calibration": Calibration("linear", {"gain": 2.0, "zero": 10.0})}, 80, id="linear"
        ),
        pytest.param([12], "int16", {"calibration": Calibration("square", {"gain": 0.5, "zero": 10.0})}, 22, id="wire"),
        pytest.param([2], "int16", {"calibration": Calibration("polynomial", {"c0": 1.0, "c3": 1.0})}, 11, id="cubic"),
    ],
)
def test_registers_mean(registers: list[int], of: RegisterType, more: dict[str, Any], wanted: float) -> None:
    assert value_of(registers, of, **dict(more)) == pytest.approx(wanted, nan_ok=True)


def test_coils_are_ones_and_zeros() -> None:
    points = tuple(Point(f"c{n}", "count", "1", RegisterPlace("coil", n, "bool")) for n in range(3))

    assert BlockDecoder(RegisterBlock("coil", 0, 3, points)).columns([1, 0, 1]).value.tolist() == [1.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("registers", "order", "texts"),
    [
        pytest.param([0x5655, 0x2D37], "ABCD", [("t", "VU-7")], id="two letters a register"),
        pytest.param([0x5556, 0x372D], "BADC", [("t", "VU-7")], id="bytes swapped"),
        pytest.param([0x2020, 0x2020], "ABCD", [], id="nothing but padding"),
        pytest.param([0x4100, 0x4242], "ABCD", [("t", "A")], id="ends at a zero"),
    ],
)
def test_a_text_is_read(registers: list[int], order: Any, texts: list[tuple[str, str]]) -> None:
    point = Point("t", "", "", RegisterPlace("holding", 0, "text", order, words=2), is_text=True)

    assert BlockDecoder(RegisterBlock("holding", 0, 2, (point,))).texts(registers) == (texts, [])


def test_bytes_that_are_no_text_are_rejected() -> None:
    point = Point("t", "", "", RegisterPlace("holding", 0, "text", words=1), is_text=True)

    texts, rejected = BlockDecoder(RegisterBlock("holding", 0, 1, (point,))).texts([0xC3C3])

    assert (texts, [each.reason for each in rejected]) == ([], ["text"])


@pytest.mark.parametrize(
    ("means", "quality", "flags"),
    [
        ("maintenance", Quality.SUSPECT, Flag.MAINTENANCE),
        ("fault", Quality.FAIL, Flag.NONE),
        ("invalid", Quality.FAIL, Flag.NONE),
        ("comm_fault", Quality.MISSING, Flag.NONE),
        ("warming_up", Quality.SUSPECT, Flag.NONE),
        ("over_range", Quality.GOOD, Flag.CLAMPED),
    ],
)
def test_a_status_bit_means(means: Meaning, quality: Quality, flags: Flag) -> None:
    gas, other = (Point(name, "count", "1", RegisterPlace("holding", 0, "uint16")) for name in ("gas", "other"))
    block = BlockDecoder(RegisterBlock("holding", 0, 1, (gas, other)))
    rule = StatusRule("status", (4, 5), (1,), means, ("gas",))

    told = judged([rule], block.points, block.columns([80]), {"status": float(0b01_0000)})
    free = judged([rule], block.points, block.columns([80]), {"status": float(0b10_0000)})
    dark = judged([rule], block.points, block.columns([80]), {})

    assert (told.quality.tolist(), told.flags.tolist()) == ([quality, Quality.GOOD], [flags, 0])
    assert math.isnan(told.value[0]) == (quality is Quality.MISSING)
    assert free.quality.tolist() == [Quality.GOOD] * 2
    assert dark.quality.tolist() == [Quality.UNKNOWN, Quality.GOOD]


def test_a_rule_may_hold_unless_the_bits_are_a_number() -> None:
    gas = Point("gas", "count", "1", RegisterPlace("holding", 0, "uint16"))
    block = BlockDecoder(RegisterBlock("holding", 0, 1, (gas,)))
    rule = StatusRule("faults", (0, 15), (0,), "fault", ("gas",), is_unless=True)

    qualities = [judged([rule], block.points, block.columns([80]), {"faults": word}).quality[0] for word in (0.0, 6.0)]

    assert qualities == [Quality.GOOD, Quality.FAIL]


TYPES: list[RegisterType] = ["int16", "uint32", "float32", "float64", "bcd16", "bcd32", "bcd64"]


@given(st.lists(st.integers(0, 0xFFFF), max_size=6), st.sampled_from(TYPES), st.sampled_from(["ABCD", "CDAB", "DCBA"]))
def test_no_registers_make_a_decoder_raise_anything_but_a_decode_error(
    registers: list[int], of: RegisterType, order: Any
) -> None:
    place = RegisterPlace("holding", 0, of, order)
    numbers = Point("x", "count", "1", place)
    text = Point("t", "", "", RegisterPlace("holding", 0, "text", order, words=place.count), is_text=True)
    decoder = BlockDecoder(RegisterBlock("holding", 0, place.count, (numbers, text)))

    try:
        columns: Columns | None = decoder.columns(registers)
        decoder.texts(registers)
    except DecodeError:
        columns = None

    assert (columns is None) == (len(registers) != place.count)
    if columns is not None:
        assert (columns.quality[0] == Quality.MISSING) == math.isnan(columns.value[0])
