"""Raw numbers in registers: BCD, composites, bit fields, and what says "no value"."""

from __future__ import annotations

import pytest

from gateway.profiles import Part, RegisterPlace
from simulators.registers import range_of, words_of

GAUGE = RegisterPlace("holding", 0, "uint16", parts=(Part((8, 15), scale=100, most=2), Part((0, 7), is_bcd=True)))


@pytest.mark.parametrize(
    ("place", "raw", "words"),
    [
        pytest.param(GAUGE, 142, [0x0142], id="metres and BCD centimetres"),
        pytest.param(GAUGE, 299, [0x0299], id="the most that a gauge shows"),
        pytest.param(GAUGE, None, [0xFFFF], id="a broken gauge"),
        pytest.param(RegisterPlace("holding", 0, "bcd32"), 123456, [0x0012, 0x3456], id="BCD"),
        pytest.param(RegisterPlace("holding", 0, "bcd32", "CDAB"), 123456, [0x3456, 0x0012], id="BCD, low word first"),
        pytest.param(RegisterPlace("input", 0, "uint16", bits=(4, 5)), 2, [0x0020], id="two bits"),
        pytest.param(RegisterPlace("input", 0, "int16", bits=(0, 3)), -1, [0x000F], id="four bits with a sign"),
        pytest.param(RegisterPlace("input", 0, "uint64", "CDAB"), 1 << 32, [0, 0, 1, 0], id="64 bits, low word first"),
        pytest.param(RegisterPlace("coil", 0, "bool"), 1, [1], id="a coil"),
    ],
)
def test_a_number_lies_as_the_profile_says(place: RegisterPlace, raw: int | None, words: list[int]) -> None:
    assert words_of(place, raw) == words


def test_a_gauge_ends_where_its_metres_end() -> None:
    assert range_of(GAUGE) == (0, 299)


def test_a_register_without_a_word_for_it_cannot_say_no_value() -> None:
    with pytest.raises(ValueError, match="no word for a missing value"):
        words_of(RegisterPlace("holding", 0, "uint16"), None)
