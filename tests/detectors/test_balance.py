from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.balance import Balance, Part
from detectors.level import DAY, Learning

SLOTS = 600
SECONDS = np.arange(SLOTS, dtype=np.int64) * 300
PARTS = (Part(sign=1.0), Part(sign=-1.0), Part(area=200_000.0))


def zone() -> NDArray[np.float64]:
    stored = 2.0 * np.sin(SECONDS / 9_000.0)
    level = 3.0 + np.concatenate(([0.0], np.cumsum(stored[1:] * 300.0))) / 200_000.0
    noise = np.random.default_rng(1).normal(0.0, 0.2, SLOTS)
    return np.stack([20.0 + stored + noise, np.full(SLOTS, 15.0), level], axis=1)


def judge(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    balance = Balance(PARTS, Learning(7 * DAY, DAY, 300, least_scale=0.1))
    return balance.update(SECONDS * 1_000_000_000, columns)


def test_what_a_tank_takes_is_not_lost() -> None:
    assert np.nanmax(judge(zone())) < 1.0


def test_what_flows_in_and_is_nowhere_is_lost() -> None:
    columns = zone()
    columns[500:, 0] += 1.0

    assert np.nanmax(judge(columns)[500:510]) >= 1.0


def test_less_inflow_is_no_loss() -> None:
    columns = zone()
    columns[500:, 0] -= 1.0

    assert np.nanmax(judge(columns)) < 1.0


def test_a_balance_with_a_part_absent_is_none() -> None:
    columns = zone()
    columns[500:510, 1] = np.nan

    score = judge(columns)

    assert np.isnan(score[500:510]).all()
    assert np.isfinite(score[510])


def test_a_part_is_a_flow_or_a_tank() -> None:
    with pytest.raises(ValueError, match="flow with a sign or a tank"):
        Part()
