from __future__ import annotations

import math

import numpy as np

from tests.benchmarks.detection import drainage_scoring as scoring
from tests.benchmarks.detection.drainage_watch import Blockages, Layout, layout

HOURS = np.arange(0.0, 100.0, 1.0 / 12.0)
BLOCKED = scoring.Event("blockage OR1", 50.0, 90.0, 60.0)

NETWORK = """
[STORAGE]
[CONDUITS]
C1 J1b J2 150
C2 J2 J3 150
[ORIFICES]
OR1 J1 J1b SIDE
[PUMPS]
P1 U J3 PC1
"""


def spells(*parts: tuple[float, float]) -> np.ndarray:
    is_up = np.zeros(len(HOURS), np.bool_)
    for start, end in parts:
        is_up[(start <= HOURS) & (end >= HOURS)] = True
    return is_up


def test_repeats_within_a_day_and_the_warm_up_do_not_count() -> None:
    is_up = spells((5.0, 6.0), (20.0, 21.0), (30.0, 31.0), (45.0, 46.0))

    assert np.round(scoring.alarms(HOURS, is_up, 10.0), 6).tolist() == [20.0, 45.0]


def test_a_blockage_is_found_from_a_day_before_its_sign_to_a_day_after() -> None:
    def found(at: float) -> int:
        return len(scoring.named([BLOCKED], {"blockage OR1": [at]}, 0.0).delays)

    assert [found(at) for at in (35.0, 36.0, 84.0, 85.0)] == [0, 1, 1, 0]


def test_an_alarm_while_it_lasts_and_twelve_hours_on_is_not_false() -> None:
    def false(at: float) -> int:
        return scoring.named([BLOCKED], {"blockage OR1": [at]}, 0.0).false

    assert [false(at) for at in (49.0, 50.0, 102.0, 103.0)] == [1, 0, 0, 1]


def test_an_alarm_on_another_element_is_misplaced() -> None:
    worth = scoring.named([BLOCKED], {"blockage OR2": [70.0, 200.0]}, 0.0)

    assert (worth.misplaced, worth.false, worth.asked, worth.delays) == (1, 1, 1, [])


def test_what_never_showed_is_not_asked_for() -> None:
    hidden = scoring.Event("pump P1", 50.0, 60.0, math.nan)

    assert scoring.named([hidden], {}, 0.0).asked == 0


def test_floods_with_gaps_up_to_two_hours_are_one() -> None:
    found = scoring.floods(HOURS, spells((10.0, 11.0), (13.0, 14.0), (17.0, 18.0)))

    assert [(round(start, 6), round(end, 6)) for start, end in found] == [(10.0, 14.0), (17.0, 18.0)]


def test_a_warning_hits_when_it_rises_fifteen_to_thirty_minutes_before() -> None:
    def hits(at: float) -> int:
        return scoring.warned(HOURS, spells((at, 51.0)), spells((50.0, 51.0)), 0.0).hits

    assert [hits(at) for at in (49.4, 49.5, 49.75, 49.8)] == [0, 1, 1, 0]


def test_a_warning_without_a_flood_is_idle_for_as_long_as_it_stands() -> None:
    worth = scoring.warned(HOURS, spells((20.0, 22.0), (49.75, 51.0)), spells((50.0, 51.0)), 0.0)

    assert (worth.warnings, worth.idle) == (2, 1)
    assert abs(worth.idle_hours - (2.0 + 1.0 / 12.0)) < 0.1


def test_a_network_says_what_lies_before_and_behind_an_orifice() -> None:
    found = layout(NETWORK, ["lvl_J1_m", "lvl_J3_m", "lvl_U_sump_m", "rain"])

    assert found == Layout(("lvl_J1_m", "lvl_J3_m"), {"OR1": (0, (1,))}, {"P1": "lvl_U_sump_m"})


def test_the_element_is_named_below_which_nothing_has_risen() -> None:
    found = Layout(("a", "b", "c"), {"upper": (0, (1, 2)), "lower": (1, (2,))}, {})
    watch, rng = Blockages(found), np.random.default_rng(1)
    named = set()

    for slot in range(288 * 9):
        levels = 0.3 + 0.1 * np.sin(slot / 40.0) * np.array([1.0, 0.8, 1.2]) + rng.normal(0.0, 0.004, 3)
        levels[:2] += [0.2, 0.5] if slot > 288 * 8 else [0.0, 0.0]
        named |= {name for name, is_blocked in watch.take(slot * 300_000_000_000, 0.0, levels).items() if is_blocked}

    assert named == {"lower"}
