from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.relation_model import Learning, RelationModel, Stretch
from detectors.relations import Departing, Relations

HOUR_NS = 3_600_000_000_000
SLOTS = 1_200
TIMES = np.arange(SLOTS, dtype=np.int64) * HOUR_NS


def pumped(seed: int = 1) -> NDArray[np.float64]:
    """Make a level, a switch, a flow that falls with the level while the pump runs, and a pressure that repeats it."""
    rng = np.random.default_rng(seed)
    level = 3.0 + np.sin(np.arange(SLOTS) / 8.0) + rng.normal(0.0, 0.02, SLOTS)
    switch = (np.sin(np.arange(SLOTS) / 5.0) > 0.0) * 1.0
    flow = switch * (40.0 - 5.0 * level) + rng.normal(0.0, 0.1, SLOTS)
    pressure = 20.0 + level + 0.3 * flow + rng.normal(0.0, 0.02, SLOTS)
    valve = np.zeros(SLOTS)
    return np.stack([level, switch, flow, pressure, valve], axis=1).round(2)


def model(columns: NDArray[np.float64], apart: tuple[tuple[int, int], ...] = ((2, 1),)) -> RelationModel:
    ordinary = np.ones(len(columns), np.bool_)
    return RelationModel([Stretch(TIMES[: len(columns)], columns, ordinary)], Learning(apart=apart))


@pytest.fixture(scope="module")
def learned() -> RelationModel:
    return model(pumped())


def test_ordinary_hours_stay_under_the_limit(learned: RelationModel) -> None:
    score = Relations(learned, Departing()).update(TIMES, pumped(2))

    assert (score >= 1.0).mean() < 0.06


@pytest.mark.parametrize(("member", "off"), [(0, 0.3), (2, 4.0), (3, -0.5), (4, 1.0)])
def test_a_member_that_lies_is_told_and_stands_out(learned: RelationModel, member: int, off: float) -> None:
    columns = pumped(2)
    columns[1_000:, member] += off
    relations = Relations(learned, Departing())

    score = relations.update(TIMES, columns)

    assert (score[1_005:] >= 1.0).mean() > 0.95
    contributions = relations.contributions()
    assert contributions[member] > 3.0


def test_a_pump_that_says_it_runs_without_flow_is_told(learned: RelationModel) -> None:
    columns = pumped(2)
    columns[1_000:, 2] = 0.0

    score = Relations(learned, Departing()).update(TIMES, columns)

    assert (score[1_012:] >= 1.0).mean() > 0.9


def test_with_a_member_absent_the_others_are_still_told(learned: RelationModel) -> None:
    columns = pumped(2)
    columns[:, 0] = np.nan
    columns[1_000:, 3] += 5.0
    relations = Relations(learned, Departing())

    score = relations.update(TIMES, columns)

    assert (score[:1_000] >= 1.0).mean() < 0.1
    assert (score[1_012:] >= 1.0).mean() > 0.9
    assert np.isnan(relations.contributions()[0])


def test_the_slot_before_must_have_been_just_before(learned: RelationModel) -> None:
    columns = pumped(2)
    relations, other = Relations(learned, Departing()), Relations(learned, Departing())
    relations.update(TIMES[:1], columns[:1] + 1.0)

    late = relations.update(TIMES[500:501], columns[500:501])

    assert late.size == 1
    assert np.isfinite(late).all()
    assert other.update(TIMES[500:501], columns[500:501])[0] <= late[0]


def test_hours_that_are_not_ordinary_teach_nothing() -> None:
    columns, ordinary = pumped(), np.ones(SLOTS, np.bool_)
    columns[300:400, 0] += 3.0
    ordinary[300:400] = False

    taught = RelationModel([Stretch(TIMES, columns, ordinary)], Learning(apart=((2, 1),)))

    score = Relations(taught, Departing()).update(TIMES, columns)
    assert (score[305:400] >= 1.0).all()


def test_history_without_two_ordinary_slots_in_a_row_is_refused() -> None:
    every_other = np.arange(SLOTS) % 2 == 0

    with pytest.raises(ValueError, match="no two ordinary slots"):
        RelationModel([Stretch(TIMES, pumped(), every_other)], Learning())


def test_a_quantile_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="quantiles"):
        Departing(quantile=0.0)
