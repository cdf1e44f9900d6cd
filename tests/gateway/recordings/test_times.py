"""Every way of writing a time gives the same moment; what is ambiguous is refused."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from gateway.clock import to_iso
from gateway.recordings.times import Times

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31 08:05:00",
        "2026-01-31T08:05:00",
        "2026-01-31 08:05",
        " 2026-01-31 08:05:00.000 ",
        "2026/1/31 8:05",
        "2026.01.31 08:05:00",
        "2026年1月31日 08:05:00",
        "20260131080500",
        "20260131T0805",
        "2026-01-31T00:05:00Z",
        "2026-01-31 00:05:00 UTC",
        "2026-01-31T02:05:00+02:00",
        "2026-01-30T19:05:00-0500",
        "1769817900",
        "1769817900.0",
        "1769817900000",
        "1769817900000000",
        "1769817900000000000",
    ],
)
def test_a_time_is_the_same_however_it_is_written(text: str) -> None:
    assert to_iso(Times(SHANGHAI).read(text)) == "2026-01-31T00:05:00.000Z"


def test_fractions_are_kept_to_the_nanosecond() -> None:
    assert to_iso(Times(SHANGHAI).read("2026-01-31T00:05:00.123456789Z")) == "2026-01-31T00:05:00.123456789Z"
    assert to_iso(Times(SHANGHAI).read("2026-01-31 08:05:00,5")) == "2026-01-31T00:05:00.500Z"
    assert to_iso(Times(SHANGHAI).read("1769817900.25")) == "2026-01-31T00:05:00.250Z"


@pytest.mark.parametrize(
    "text",
    ["", "31/01/2026 08:05", "01.31.2026 08:05", "8:05", "2026-13-01 00:00", "2026-02-30 00:00", "yesterday", "12"],
)
def test_what_is_no_time_or_could_be_two_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        Times(SHANGHAI).read(text)


def test_a_format_reads_what_would_be_ambiguous() -> None:
    times = Times(SHANGHAI, "%d.%m.%Y %H:%M")

    assert to_iso(times.read("31.01.2026 08:05")) == "2026-01-31T00:05:00.000Z"
    with pytest.raises(ValueError, match="is no time"):
        times.read("2026-01-31 08:05")


def test_an_hour_that_occurs_twice_goes_forward() -> None:
    times = Times(ZoneInfo("Europe/Rome"))

    moments = [to_iso(times.read(f"2021-10-31 {hour}:00:00")) for hour in ("01", "02", "02", "03")]

    assert [moment[11:16] for moment in moments] == ["23:00", "00:00", "01:00", "02:00"]


def test_an_hour_that_the_clocks_left_out_is_told() -> None:
    times = Times(ZoneInfo("Europe/Rome"))

    assert to_iso(times.read("2021-03-28 01:30")) == "2021-03-28T00:30:00.000Z"
    assert not times.never_was
    assert to_iso(times.read("2021-03-28 02:30")) == "2021-03-28T01:30:00.000Z"
    assert times.never_was


def test_how_a_time_was_written_is_remembered() -> None:
    times = Times(SHANGHAI)

    times.read("2026/01/31 08:05")
    slashes = times.written
    times.read("1769817900")

    assert (slashes, times.written) == ("2026/01/31 08:00", "seconds since 1970")
