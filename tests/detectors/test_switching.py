from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.switching import Switches, Switching

SLOTS = 900
TIMES = np.arange(SLOTS, dtype=np.int64) * 3_600_000_000_000


def filling() -> NDArray[np.float64]:
    phase = np.arange(SLOTS) / 6.0
    return np.stack([(np.cos(phase) > 0) * 1.0, 2.5 + 1.5 * np.sin(phase)], axis=1)


def test_a_pump_that_follows_its_level_is_ordinary() -> None:
    assert np.nanmax(Switches(2, Switching()).update(TIMES, filling())) < 0.5


def test_a_pump_that_stays_off_while_the_tank_runs_dry_should_be_on() -> None:
    columns = filling()
    columns[800:] = [0.0, 0.4]
    pumps = Switches(2, Switching())

    score = pumps.update(TIMES, columns)

    assert score[800] < 1.0 <= score[801]
    assert pumps.should_be_on().tolist() == [True]


def test_a_pump_that_stays_on_while_the_tank_runs_over_is_told_too() -> None:
    columns = filling()
    columns[800:] = [1.0, 4.6]
    pumps = Switches(2, Switching())

    assert pumps.update(TIMES, columns)[801] >= 1.0
    assert pumps.should_be_on().tolist() == [False]


def test_a_level_without_its_switch_says_nothing_and_another_pair_still_does() -> None:
    columns = np.hstack([filling(), filling()])
    columns[800:, 0] = np.nan
    columns[800:, 2:] = [0.0, 0.4]

    score = Switches(4, Switching()).update(TIMES, columns)

    assert score[801] >= 1.0


def test_a_margin_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Switching(margin=0.0)
