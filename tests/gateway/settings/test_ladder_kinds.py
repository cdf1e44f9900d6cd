"""Ladders of rates, steps, lines and more: what reaches the channels, and what is said of one that cannot work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from gateway.inventory import Course, Ladder
from gateway.settings import Checked
from gateway.settings.ladder_kinds import LADDER_KINDS, unfit

GAS = "MH-1.gas-1.ch4"
FLOW = "P-1.flow-1.flow"


def own(of: str, keys: str = "", rungs: str = "{blue: 1}", subject: str = f"channel: {FLOW}") -> str:
    return f"  own: {{{subject}, hazard: pipe_leak, of: {of}, rungs: {rungs}, basis: B{keys}}}\n"


def ladder_of(checked: Checked) -> Ladder:
    assert checked.site is not None, checked.faults
    return next(one for one in checked.site.inventory.channels[FLOW].ladders if one.name == "own")


@pytest.mark.parametrize("of", [of for of in LADDER_KINDS if of != "line"])
def test_every_kind_can_be_written_with_nothing_but_rungs(of: str, right: str, check: Callable[[str], Checked]) -> None:
    checked = check(right + own(of))

    assert ladder_of(checked).of == of
    assert not checked.warnings


def test_what_a_kind_knows_reaches_the_ladder(right: str, check: Callable[[str], Checked]) -> None:
    step = ladder_of(check(right + own("step", ", window_seconds: 600, latch_seconds: 3000, votes: [3, 5]")))
    line = ladder_of(check(right + own("line", ", band_hz: [0.001, 0.002]")))

    assert (step.window_seconds, step.latch_seconds, step.votes) == (600, 3_000, (3, 5))
    assert line.band_hz == (0.001, 0.002)


def test_the_calendar_of_the_site_reaches_the_courses(right: str, check: Callable[[str], Checked]) -> None:
    calendar = "site: {id: box, holidays: [2026-10-01], workdays: [2026-10-10], "

    ladder = ladder_of(check(right.replace("site: {id: box, ", calendar) + own("shift", ", course: week")))

    days = [(date.fromisoformat(day) - date(1970, 1, 1)).days for day in ("2026-10-01", "2026-10-10")]
    assert ladder.course == Course("week", 8 * 3_600, (days[0],), (days[1],))


def test_a_rate_either_way_is_two_ladders(right: str, check: Callable[[str], Checked]) -> None:
    falls = own("rate", ", direction: below", "{blue: -2, yellow: -4}").replace("own", "falls")

    site = check(right + own("rate") + falls).site

    assert site is not None
    assert [one.name for one in site.inventory.channels[FLOW].ladders][:2] == ["own", "falls"]


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        (own("rate", ", course: week"), "course means nothing to 'of: rate' (it is for shift, cusum)"),
        (own("value", ", window_seconds: 5"), "window_seconds means nothing to 'of: value' (it is for rate, trend"),
        (own("rate", ", ahead_seconds: 5"), "ahead_seconds means nothing to 'of: rate' (it is for value)"),
        (own("step", ", direction: below"), "'of: step' looks either way (leave direction out)"),
        (own("rate", ", direction: below"), "rungs of 'of: rate' must be below 0: it falls, got 1"),
        (own("rms", "", "{blue: 0}"), "rungs of 'of: rms' must be above 0, got 0 (they are in units)"),
        (own("cusum", "", "{blue: 20}"), "'of: cusum' never gets beyond 16, got 20"),
        (own("line"), "'of: line' needs the band in which the line is looked for (e.g. band_hz: [2.1, 2.6]"),
        (own("line", ", band_hz: [0.2, 0.1]"), "band_hz must go from low to high, got [0.2, 0.1]"),
        (
            own("line", ", band_hz: [2.1, 2.6]"),
            "a band up to 2.6 Hz needs more than 5.2 readings a second",
        ),
        (own("line", ", band_hz: [0.001, 0.002], window_seconds: 600"), "a window of 600 s cannot tell frequencies"),
        (own("step", ", window_seconds: 2"), f"cannot watch {FLOW}: a window of 2 s is shorter than 10 reports"),
        (own("value", ", votes: [4, 3]"), "4 of 3 can never agree (write [m, n] with m at most n)"),
        (own("shift", "", subject="quantity: forecast_level"), "a quantity that is worked out is judged by its value"),
        (own("speed"), "ladders.own.of"),
    ],
)
def test_a_ladder_that_cannot_work_is_a_fault_that_says_why(
    written: str, fault: str, right: str, check: Callable[[str], Checked]
) -> None:
    checked = check(right + written)

    assert checked.site is None
    assert len(checked.faults) == 1
    assert fault in str(checked.faults[0])


def test_channels_that_report_too_seldom_are_spared_a_quantitys_ladder(
    right: str, check: Callable[[str], Checked]
) -> None:
    checked = check(right + own("step", ", window_seconds: 60", subject="quantity: combustible_gas"))

    assert checked.site is not None
    assert [one.name for one in checked.site.inventory.channels[GAS].ladders] == ["gas"]
    [warning] = checked.warnings
    assert f"ladders.own cannot watch {GAS}: a window of 60 s is shorter than 10 reports" in str(warning)
    assert "it reports every 300 s" in str(warning)


def test_a_date_that_is_none_is_a_fault(right: str, check: Callable[[str], Checked]) -> None:
    checked = check(right.replace("site: {id: box, ", "site: {id: box, holidays: [2026-13-01], "))

    assert "site.holidays" in str(checked.faults[0])


def test_a_window_of_a_waveform_has_an_end() -> None:
    ladder = Ladder("own", "overload", "above", {"blue": 1.0}, 0, 0, 0, "B", of="rms", window_seconds=600.0)

    assert unfit(ladder, 0.01) == "a window of 600 s holds more than 50,000 readings"
    assert not unfit(ladder, 0.02)
