"""What a report draws, and with which words."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gateway.backtest.drawing import Drawer
from gateway.backtest.events import LabelledEvent
from gateway.backtest.page import write_page
from gateway.backtest.reduced import Reduced
from gateway.backtest.report import because, chosen, sections, sources
from gateway.backtest.scoring import Alarm, Judged, Terms, judge
from gateway.inventory import Inventory
from gateway.model import SECOND

HOUR = 3_600 * SECOND
SHANGHAI = ZoneInfo("Asia/Shanghai")
CHANNELS = {"W-1.r1.level": 1, "W-3.r3.level": 2}


def alarm(hour: float, asset: str = "W-1", **changes: object) -> Alarm:
    learned_ns = round(hour * HOUR)
    made = Alarm(
        id=f"{asset} {hour}",
        hazard="sewer_overflow",
        asset=asset,
        channel=f"{asset}.r{asset[-1]}.level",
        level="yellow",
        start_ns=learned_ns,
        learned_ns=learned_ns,
        end_ns=None,
        rule="limits:level",
        value=2.1,
        limit=2.0,
        rungs={"yellow": 2.0},
        quantity="water_level",
        unit="m",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def event(start: int, place: str, assets: frozenset[str], **changes: object) -> LabelledEvent:
    made = LabelledEvent(
        start * HOUR,
        (start + 20) * HOUR,
        "storm",
        place,
        assets,
        channels=frozenset(),
        hazards=frozenset(),
        is_benign=False,
        danger_ns=None,
        line=2,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def drawer(inventory: Inventory, *labels: LabelledEvent, start_ns: int = 0, zone: ZoneInfo = SHANGHAI) -> Drawer:
    """Draw forty days, of which the second channel jumps on day thirty."""
    reduced = Reduced(2)
    time_ns = np.arange(40 * 24 * 12, dtype=np.int64) * 300 * SECOND
    value = 1.0 + 0.1 * np.sin(time_ns / (6 * HOUR))
    for number in (1, 2):
        jump = np.where(time_ns >= 30 * 24 * HOUR, 0.7, 0.0) if number == 2 else 0.0
        reduced.add(np.full(len(time_ns), number, np.int32), start_ns + time_ns, value + jump, 0)
    return Drawer(reduced, CHANNELS, dict(inventory.channels), zone, labels)


def judged(events: list[LabelledEvent], alarms: list[Alarm]) -> Judged:
    return judge(events, alarms, {"W-1.r1.level": 730.0}, Terms(merge_seconds=0.0, grace_seconds=0.0))


def test_an_event_whose_place_nobody_knows_is_drawn_where_most_moved(inventory: Inventory) -> None:
    one = event(725, "somewhere", frozenset())

    channel, is_pointed = drawer(inventory, one).channel_for(one)

    assert (channel, is_pointed) == ("W-3.r3.level", False)


def test_an_event_of_an_asset_is_drawn_there_however_little_it_moved(inventory: Inventory) -> None:
    one = event(725, "W-1", frozenset({"W-1"}))

    assert drawer(inventory, one).channel_for(one) == ("W-1.r1.level", True)


def test_what_went_wrong_comes_before_what_went_right(inventory: Inventory) -> None:
    events = [event(100, "W-1", frozenset({"W-1"})), event(300, "W-1", frozenset({"W-1"}))]

    found = sections(judged(events, [alarm(101), alarm(500)]), drawer(inventory, *events), SHANGHAI)

    assert [(one.id, one.total, len(one.plots)) for one in found] == [
        ("missed", 1, 1),
        ("false", 1, 1),
        ("harmless", 0, 0),
        ("found", 1, 1),
    ]
    assert "延迟 delay 1 h" in found[-1].plots[0].said


def test_an_alarm_says_its_value_and_limit_in_their_unit() -> None:
    assert (
        because(alarm(1))
        == "管网冒溢 sewer_overflow · 黄 yellow；水位 water_level 2.1 m（限值 limit 2）；规则 rule limits:level"
    )


def test_many_alike_false_alarms_do_not_crowd_out_another() -> None:
    silent = [alarm(1 + number / 100, f"W-{number}", hazard="sensor_silent", rule="silent") for number in range(60)]
    other = alarm(90)

    picked = chosen([*silent, other], 10)

    assert len(picked) == 10
    assert other in picked


def test_false_alarms_are_told_by_the_rule_they_come_from() -> None:
    alarms = [alarm(hour) for hour in range(3)] + [alarm(9, "W-3", rule="stuck", hazard="sensor_fault")]

    rows, more = sources(alarms)

    assert rows[0] == ("管网冒溢 sewer_overflow", "limits:level", "W-1 ×3", "3")
    assert (len(rows), more) == (2, 0)


def test_the_page_stays_small_however_much_there_is_to_draw(inventory: Inventory) -> None:
    events = [event(24 * day, "W-1", frozenset({"W-1"})) for day in range(1, 39)]
    result = judged(events, [alarm(24 * day + 22 + part / 100) for day in range(1, 39) for part in range(100)])

    drawn = sections(result, drawer(inventory, *events), SHANGHAI)
    page = write_page("well", "", {}, result, drawn, code="")

    assert len(result.false_alarms) == 3_800
    assert sum(len(one.plots) for one in drawn) <= 120
    assert "3760 more are not drawn" in page
    assert len(page.encode()) < 3_000_000


@pytest.mark.parametrize(("zone", "hours"), [(SHANGHAI, 0), (ZoneInfo("Europe/Berlin"), 1)])
def test_a_plot_over_a_change_of_clocks_shows_local_time(inventory: Inventory, zone: ZoneInfo, hours: int) -> None:
    march_ns = 1_772_800_000 * SECOND
    one = event(0, "W-1", frozenset({"W-1"}), start_ns=march_ns, end_ns=march_ns + 39 * 24 * HOUR)

    [_, low, _] = drawer(inventory, start_ns=march_ns, zone=zone).draw("W-1.r1.level", "", "", one, []).traces

    spent = low["x"][-1] - low["x"][0]
    assert spent / 3_600_000 == pytest.approx(40 * 24 + hours, abs=0.5)


def slow(step_seconds: int, hole: slice) -> Drawer:
    """Draw a day of readings that come far less often than buckets do, with a hole."""
    reduced = Reduced(1)
    time_ns = np.arange(86_400 // step_seconds, dtype=np.int64) * step_seconds * SECOND
    value = np.arange(len(time_ns), dtype=np.float64)
    value[hole] = np.nan
    reduced.add(np.ones(len(time_ns), np.int32), time_ns, value, 0)
    return Drawer(reduced, {"W-1.r1.level": 1}, {}, SHANGHAI, [])


def test_readings_that_come_less_often_than_points_are_one_line(inventory: Inventory) -> None:
    assert "W-1" in inventory.assets

    plot = slow(900, slice(0)).draw("W-1.r1.level", "", "", None, [alarm(12)])

    [line] = plot.traces
    assert line["y"] == [float(number) for number in range(44, 53)]
    assert "fill" not in line


def test_no_line_goes_over_a_hole() -> None:
    [line] = slow(900, slice(46, 51)).draw("W-1.r1.level", "", "", None, [alarm(12)]).traces

    assert line["y"] == [44.0, 45.0, None, 51.0, 52.0]
    assert [one is None for one in line["x"]] == [False, False, True, False, False]


def test_where_a_place_has_many_values_what_lies_between_is_filled() -> None:
    reduced = Reduced(1)
    time_ns = np.arange(86_400 * 4, dtype=np.int64) * SECOND
    value = np.where(np.arange(len(time_ns)) % 2, 1.0, -1.0)
    value[10_000:30_000] = np.nan
    reduced.add(np.ones(len(time_ns), np.int32), time_ns, value, 0)
    draw = Drawer(reduced, {"W-1.r1.level": 1}, {}, SHANGHAI, []).draw

    between, low, high = draw("W-1.r1.level", "", "", None, [alarm(1), alarm(80)]).traces

    assert {one for one in low["y"] if one is not None} == {-1.0}
    assert {one for one in high["y"] if one is not None} == {1.0}
    assert between["fill"] == "toself"
    assert between["y"].count(None) == low["y"].count(None) == 1
    assert len(between["x"]) == len(between["y"]) == 2 * len(low["y"]) - 1


def test_labels_of_other_places_are_not_drawn(inventory: Inventory) -> None:
    own, here = event(100, "W-1", frozenset({"W-1"})), event(101, "W-1", frozenset({"W-1"}))
    elsewhere, anywhere = event(102, "W-3", frozenset({"W-3"})), event(103, "?", frozenset())

    plot = drawer(inventory, own, here, elsewhere, anywhere).draw("W-1.r1.level", "", "", own, [])

    labels = [one for one in plot.layout["shapes"] if one["type"] == "rect" and one["yref"] == "paper"]
    assert len(labels) == 3
