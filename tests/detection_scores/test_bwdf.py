from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.detection import bwdf

HOUR_NS = 3_600_000_000_000
HOURS = np.arange(2_000)


def district(flow: float = 20.0) -> bwdf.District:
    of_day = HOURS % 24
    return bwdf.District(
        "dma2", HOURS.astype(np.int64), HOURS * HOUR_NS, np.where((of_day >= 2) & (of_day < 5), flow / 2, flow)
    )


def test_leaks_begin_once_a_period_on_its_first_day_and_end_within_the_record() -> None:
    begins = bwdf.starts(1_440 + 2 * 504 + 144, np.random.default_rng(1))

    assert [begin - 1_440 - 504 * period for period, begin in enumerate(begins)] == pytest.approx([12, 12], abs=12)
    assert len(bwdf.starts(1_440 + 504 + 145, np.random.default_rng(1))) == 2


def test_a_leak_adds_a_share_of_the_night_flow_for_five_days() -> None:
    added = bwdf.injected(district(), [1_500], 0.15) - district().flow

    assert np.flatnonzero(added).tolist() == list(range(1_500, 1_620))
    assert added[1_500] == pytest.approx(1.5)


def test_alarms_are_rising_edges_a_day_apart_from_the_last_counted_after_the_warm_up() -> None:
    score = np.zeros(HOURS.size)
    score[[1_000, 1_439, 1_450, 1_451, 1_460, 1_474, 1_490, 1_498]] = 1.0

    assert bwdf.alarms(HOURS.astype(np.int64), score).tolist() == [1_450, 1_474, 1_498]


def test_a_leak_is_found_within_a_day_and_only_if_the_clean_run_is_silent_there() -> None:
    begins = [1_500, 1_600, 1_700, 1_800]
    copy = np.array([1_524, 1_625, 1_710, 1_800])

    assert bwdf.found(begins, np.array([1_724, 1_900]), copy) == 2


def test_scores_are_pooled_over_leaks_and_false_alarms_counted_by_district() -> None:
    verdicts = [bwdf.Verdict("dma1", 4, 1, 2, 6, 3.0), bwdf.Verdict("dma2", 4, 3, 4, 0, 2.0)]

    assert bwdf.scored(verdicts).values == {
        "recall15_24h": 0.5,
        "recall15_quiet_dmas": 0.75,
        "recall30_24h": 0.75,
        "false_mean": 1.0,
        "false_worst": 2.0,
    }


def test_without_quiet_districts_their_score_is_unknown() -> None:
    values = bwdf.scored([bwdf.Verdict("dma1", 4, 1, 2, 6, 3.0)]).values

    assert math.isnan(values["recall15_quiet_dmas"])


def test_an_hour_that_the_clock_shows_twice_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "october.csv"
    path.write_text(
        "local_time,dma1_lps,rain_mm\n2021-10-31 02:00:00,1,0\n2021-10-31 02:00:00,2,0\n2021-10-31 04:00:00,,0\n"
    )

    [found] = bwdf.read(path)

    assert (found.name, found.hour.tolist(), found.flow[0]) == ("dma1", [0, 2], 1.0)
    assert math.isnan(found.flow[1])
