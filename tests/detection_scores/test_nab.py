from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.detection import nab
from tests.benchmarks.detection.nab_scoring import Windows, normalised, outcome, sigmoid

FILE = Windows(1_000, [(400, 499), (800, 899)])


def rows(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.intp)


def test_no_alarm_at_all_scores_zero() -> None:
    assert normalised([outcome(FILE, rows())]) == 0.0


def test_an_alarm_on_the_left_edge_of_every_window_scores_a_hundred() -> None:
    got = normalised([outcome(FILE, rows(400, 800))])

    assert got == pytest.approx(100.0)


def test_a_later_alarm_in_a_window_is_worth_less_and_a_second_one_nothing_more() -> None:
    early, late = outcome(FILE, rows(400)), outcome(FILE, rows(450))

    assert late.raw == pytest.approx(sigmoid(-0.5) / sigmoid(-1.0) - 1.0)
    assert late.raw < early.raw
    assert outcome(FILE, rows(400, 450, 460)) == early


def test_an_alarm_before_any_window_costs_its_whole_weight() -> None:
    assert outcome(FILE, rows(300)).raw == pytest.approx(-2.0 - 0.11)


def test_an_alarm_just_past_a_window_costs_less_than_one_far_from_it() -> None:
    near, far = outcome(FILE, rows(504)), outcome(FILE, rows(799))

    assert near.raw == pytest.approx(-2.0 + 0.11 * sigmoid(5 / 99))
    assert far.raw == pytest.approx(-2.0 - 0.11)


def test_alarms_in_the_probation_are_not_scored() -> None:
    assert FILE.probation == 150
    assert Windows(20_000, []).probation == 750
    assert outcome(FILE, rows(0, 149)).raw == outcome(FILE, rows()).raw


def test_files_count_by_their_windows() -> None:
    quiet = outcome(Windows(1_000, []), rows(500))

    assert normalised([outcome(FILE, rows(400, 800)), quiet]) == pytest.approx(100.0 * (2.0 - 0.11 + 2.0) / 4.0)
    assert math.isnan(normalised([quiet]))


def test_the_refractory_clock_runs_from_the_last_alarm() -> None:
    hours = np.arange(30, dtype=np.int64) * 3_600_000_000_000

    assert nab.alarms(np.ones(30), hours).tolist() == [0, 12, 24]


def test_every_file_of_the_folder_is_read_whatever_its_name(tmp_path: Path) -> None:
    times = np.datetime64("2014-04-01T00:00") + np.arange(1_500) * np.timedelta64(5, "m")
    value = 10 + np.sin(np.arange(1_500) * 2 * np.pi / 288)
    value[1_200:1_210] += 30
    lines = [f"{str(time).replace('T', ' ')}:00,{one}" for time, one in zip(times, value, strict=True)]
    (tmp_path / "mine__pump.csv").write_text("timestamp,value\n" + "\n".join(lines) + "\n")
    windows = {"mine/pump.csv": [["2014-04-05 03:00:00.000000", "2014-04-05 06:00:00.000000"]]}
    (tmp_path / "combined_windows.json").write_text(json.dumps(windows))

    scores = nab.run(tmp_path, lambda *_: None)

    assert scores.values["standard"] > 80.0
    assert scores.beside["windows found"] == 1
