"""HJ 212: what the published frames do not show."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.contract import CodecOptions, Message
from gateway.codecs.hj212 import Hj212Decoder, Hj212Head, reply_to
from gateway.codecs.hj212.replies import refusal_of
from gateway.errors import DecodeError
from gateway.model import Flag, Quality
from tests.gateway.collectors.dialling import hj212_frame

AT = "DataTime=20260101080000"


def said(content: str, **keys: str | int) -> Message[Hj212Head]:
    return Hj212Decoder(CodecOptions()).decode(hj212_frame(content, **keys))  # type: ignore[arg-type] # keys of the head


@pytest.mark.parametrize(
    ("flag", "quality", "flags"),
    [
        ("N", Quality.GOOD, 0),
        ("n", Quality.GOOD, 0),
        ("F", Quality.SUSPECT, 0),
        ("M", Quality.SUSPECT, Flag.MAINTENANCE),
        ("C", Quality.SUSPECT, Flag.MAINTENANCE),
        ("S", Quality.SUSPECT, Flag.MAINTENANCE),
        ("D", Quality.FAIL, 0),
        ("B", Quality.FAIL, 0),
        ("T", Quality.SUSPECT, Flag.CLAMPED),
        ("?", Quality.UNKNOWN, 0),
    ],
)
def test_a_flag_judges_every_value_of_its_factor(flag: str, quality: Quality, flags: int) -> None:
    message = said(f"{AT};w01018-Min=1,w01018-Avg=2,w01018-Flag={flag};w21003-Avg=3")

    assert [(one.quality, one.flags) for one in message.readings] == [(quality, flags), (quality, flags), (1, 0)]


@pytest.mark.parametrize("word", ["", "-", "--", "NaN", "null"])
def test_no_value_is_missing_not_zero(word: str) -> None:
    (reading,) = said(f"{AT};w01018-Rtd={word},w01018-Flag=N").readings

    assert math.isnan(reading.value)
    assert reading.quality == Quality.MISSING


def test_a_wrong_value_costs_itself_alone() -> None:
    message = said(f"{AT};w01018-Rtd=4x2;w21003-Rtd=1.5;w01001-Rtd=inf")

    assert [(one.field, one.value) for one in message.readings] == [("w21003-Rtd", 1.5)]
    assert [one.point for one in message.rejected] == ["w01018-Rtd", "w01001-Rtd"]


@pytest.mark.parametrize("time", ["20261301080000", "2026", "20260101086000", "00000101080000", "2026010108000x"])
def test_a_wrong_time_costs_the_frame(time: str) -> None:
    with pytest.raises(DecodeError, match="time"):
        said(f"DataTime={time};w01018-Rtd=1")


def test_midnight_may_be_written_as_24_o_clock() -> None:
    message = said("DataTime=20251231240000;w01018-Cou=1")

    assert message.time_ns == said("DataTime=20260101000000;w01018-Cou=1").time_ns


def test_units_are_those_of_the_standard_where_stations_keep_to_it() -> None:
    message = said(f"{AT};w01018-Rtd=1,w01018-Cou=2;w00000-Rtd=3;a34004-Rtd=4;a21026-Rtd=5")

    assert [one.unit for one in message.readings] == ["mg/L", "kg", "L/s", "", ""]


def test_each_station_has_its_own_zone() -> None:
    options = CodecOptions(zones={"MN0002": ZoneInfo("UTC")})
    decoder = Hj212Decoder(options)

    here, there = (decoder.decode(hj212_frame(f"{AT};w01018-Rtd=1", mn=mn)).time_ns for mn in ("MN0001", "MN0002"))

    assert there is not None
    assert here is not None
    assert there - here == timedelta(hours=8) // timedelta(microseconds=1) * 1_000


def test_states_and_names_are_texts() -> None:
    message = said("DataTime=20260101080000;RestartTime=20251231080000;i22102-Info=泵房", cn="2081")

    assert message.readings == []
    assert message.texts == [("RestartTime", "20251231080000"), ("i22102-Info", "泵房")]


def test_versions_are_told_by_the_flag() -> None:
    assert [said(AT, flag=flag).head.version for flag in (1, 5, 9, 13)] == [2005, 2017, 2025, None]


@pytest.mark.parametrize(
    ("command", "answer"), [("2011", "9014"), ("2051", "9014"), ("2081", "9013"), ("3019", "9013")]
)
def test_data_and_notices_are_confirmed_each_in_its_way(command: str, answer: str) -> None:
    reply = Hj212Decoder(CodecOptions()).decode(reply_to(said(AT, cn=command).head))

    assert (reply.head.cn, reply.head.st, reply.station) == (answer, "91", "MN0001")
    assert not reply.head.wants_answer


def test_answers_are_not_answered() -> None:
    assert reply_to(said("QnRtn=1", cn="9011").head) == b""
    assert refusal_of(said("QnRtn=1", cn="9011").head, "MN") == b""


_NAIVE = (datetime(2000, 1, 1), datetime(2099, 1, 1))  # noqa: DTZ001 - wall clocks of stations


@given(
    value=st.floats(-1e9, 1e9).map(lambda value: round(value, 4)),
    at=st.datetimes(*_NAIVE),
)
def test_what_a_station_writes_is_what_is_read(value: float, at: datetime) -> None:
    at = at.replace(microsecond=0)

    (reading,) = said(f"DataTime={at:%Y%m%d%H%M%S};w01018-Rtd={value!r}").readings

    assert reading.value == value
    assert reading.time_ns == int(at.replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * 1_000_000_000
