"""Fields of a protocol to points of a profile: units that the frame says, and constants of the unit that sent it."""

from __future__ import annotations

import pytest

from gateway.codecs.contract import Decoded, FieldReading, Message
from gateway.codecs.profile_fields import FieldMapper
from gateway.profiles import Calibration, FieldPlace, Point, Profile, ProtocolName
from gateway.units import QUANTITIES


def mapped(protocol: ProtocolName, said: FieldReading, **more: object) -> Decoded:
    factor, shift = QUANTITIES["water_volume"].from_unit("m3")
    fields = {"factor": factor, "shift": shift, **more}
    point = Point("total", "water_volume", "m3", FieldPlace(("total",)), **fields)  # type: ignore[arg-type]
    profile = Profile("water/meter", "", "water", protocol, "", {"total": point}, ())
    return FieldMapper(profile)(Message("1", None, [said], [], [], None))


def test_the_unit_that_a_frame_says_counts() -> None:
    litres = mapped("cjt188", FieldReading("total", None, 170.5, "L"))
    cubic_metres = mapped("cjt188", FieldReading("total", None, 170.5, "m3"))
    silent = mapped("cjt188", FieldReading("total", None, 170.5))

    assert [decoded.readings[0].value for decoded in (litres, cubic_metres, silent)] == [0.1705, 170.5, 170.5]


def test_a_unit_of_something_else_is_rejected() -> None:
    decoded = mapped("cjt188", FieldReading("total", None, 170.5, "GJ"))

    assert decoded.readings == []
    assert [(one.point, one.reason) for one in decoded.rejected] == [("total", "unit")]


def test_where_a_table_guesses_the_unit_the_profile_has_the_last_word() -> None:
    decoded = mapped("hj212", FieldReading("total", None, 170.5, "L"))

    assert decoded.readings[0].value == 170.5


@pytest.mark.parametrize(
    ("form", "constants", "wanted"),
    [("linear", {"gain": 2.0, "zero": 1.0}, 18.0), ("square", {"gain": 0.5, "zero": 2.0}, 48.0)],
)
def test_a_field_is_calibrated_like_a_register(form: str, constants: dict[str, float], wanted: float) -> None:
    calibration = Calibration(form, constants)  # type: ignore[arg-type]

    decoded = mapped("decentlab", FieldReading("total", None, 10.0), calibration=calibration)

    assert decoded.readings[0].value == pytest.approx(wanted)
