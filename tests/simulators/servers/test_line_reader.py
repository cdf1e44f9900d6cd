"""The strict reader takes the reference's own examples and nothing that is a little wrong."""

from __future__ import annotations

import pytest

from simulators.servers.line_reader import read_line


def test_a_line_is_measurement_tags_fields_and_time() -> None:
    line = read_line("water_flow,site=d,asset=P-1 value=1.5,quality=1i,ok=true -7")

    assert line.measurement == "water_flow"
    assert line.tags == (("asset", "P-1"), ("site", "d"))
    assert line.fields == {"value": 1.5, "quality": 1, "ok": True}
    assert line.time_ns == -7


def test_special_characters_are_escaped() -> None:
    line = read_line(r"rain\ fall\,=,a\=b=c\ d\,e f\ g=1 5")

    assert (line.measurement, line.tags, line.fields) == ("rain fall,=", (("a=b", "c d,e"),), {"f g": 1.0})


@pytest.mark.parametrize("number", ["1", "1.0", "-1e300", "1E+5", "1.2345678901234567e-17"])
def test_numbers_are_read_as_floats(number: str) -> None:
    assert read_line(f"m v={number} 5").fields == {"v": float(number)}


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "m", "m v=1", "m v=1 ", "m v=1  5", "m  v=1 5", "m v=NaN 5", "m v=null 5", "m v=inf 5", "m v= 5",
        "m v=1.i 5", "m v=1.5i 5", "m, v=1 5", "m,a v=1 5", "m,a= v=1 5", "m,a=b,a=c v=1 5", "m v=1, 5", "m v=1 5.0",
        "m v=1 5 6", "m,a=b\\ v=1 5", "m v=1 5\n",
    ],
)  # fmt: skip
def test_what_is_a_little_wrong_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"missing|bad|invalid|duplicate"):
        read_line(text)
