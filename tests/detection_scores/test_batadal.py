from __future__ import annotations

import lzma
import math
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.detection import batadal
from tests.benchmarks.detection.scores import NoRecordings

HOUR_NS = 3_600_000_000_000
TIMES = np.arange(20, dtype=np.int64) * HOUR_NS
SPANS = np.array([[4, 7], [12, 15]], np.int64) * HOUR_NS


def flags(*hours: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.isin(np.arange(20), hours)


def test_both_ends_of_an_attack_belong_to_it() -> None:
    assert np.flatnonzero(batadal.during(TIMES, SPANS)).tolist() == [4, 5, 6, 7, 12, 13, 14, 15]


def test_the_hours_after_an_attack_teach_nothing() -> None:
    assert np.flatnonzero(batadal.during(TIMES, SPANS[:1], after_hours=2)).tolist() == [4, 5, 6, 7, 8, 9]


def test_promptness_falls_with_every_hour_and_a_missed_attack_has_none() -> None:
    outcome = batadal.outcome(TIMES, SPANS, flags(6))

    assert outcome.promptness == [0.5, 0.0]


def test_a_flag_from_before_that_is_still_on_is_prompt_and_costs_its_hours() -> None:
    outcome = batadal.outcome(TIMES, SPANS, flags(3, 4))

    assert outcome.promptness == [1.0, 0.0]
    assert (outcome.attacked, outcome.flagged, outcome.calm, outcome.silent) == (8, 1, 12, 11)


def test_the_score_is_half_promptness_and_half_the_mean_of_both_rates() -> None:
    outcome = batadal.outcome(TIMES, SPANS, flags(0, 4, 5, 6, 7, 14, 15))

    values = batadal.scored([outcome], []).values

    # S_TTD = (1 + 0.5) / 2, TPR = 6 / 8, TNR = 11 / 12.
    assert values["s"] == pytest.approx(0.5 * 0.75 + 0.25 * (0.75 + 11 / 12))
    assert values["tnr"] == pytest.approx(11 / 12)
    assert values["found"] == 2.0


def test_always_safe_and_always_alarm_score_what_the_rules_say() -> None:
    safe = batadal.scored([batadal.outcome(TIMES, SPANS, flags())], []).values
    alarm = batadal.scored([batadal.outcome(TIMES, SPANS, flags(*range(20)))], []).values

    assert (safe["s"], safe["found"]) == (0.25, 0.0)
    assert (alarm["s"], alarm["tnr"]) == (0.75, 0.0)


def test_recordings_are_pooled_over_attacks_and_hours() -> None:
    both = [batadal.outcome(TIMES, SPANS, flags(4)), batadal.outcome(TIMES, SPANS[:1], flags())]

    scores = batadal.scored(both, [])

    assert scores.beside["S_TTD"] == pytest.approx(1 / 3)
    assert [mark.must for mark in scores.marks if mark.score == "found"] == [3.0]


def test_without_attacks_the_score_is_unknown() -> None:
    values = batadal.scored([batadal.outcome(TIMES, np.empty((0, 2), np.int64), flags())], []).values

    assert math.isnan(values["s"])
    assert values["tnr"] == 1.0


def recording(path: Path, first_day: int, hours: int, spoofed: slice = slice(0)) -> None:
    rng = np.random.default_rng(first_day)
    level = 2.0 + np.sin(np.arange(hours) / 5.0) + rng.normal(0.0, 0.02, hours)
    flow = 10.0 * level + rng.normal(0.0, 0.1, hours)
    level[spoofed] += 1.0
    rows = [
        f"{first_day + hour // 24:02d}/01/14 {hour % 24:02d},{level[hour]:.2f},{flow[hour]:.2f},0"
        for hour in range(hours)
    ]
    path.write_bytes(lzma.compress("\n".join(["DATETIME, L_T1, F_PU1, ATT_FLAG", *rows]).encode()))


def test_a_pair_of_another_name_is_judged_and_dataset03_teaches(tmp_path: Path) -> None:
    recording(tmp_path / "dataset03_normal.csv.xz", 1, 24 * 20)
    recording(tmp_path / "winter_dataset.csv.xz", 21, 200, slice(100, 140))
    (tmp_path / "winter_attacks.csv").write_text("attack_id,start,end\n1,2014-01-25 04:00,2014-01-26 19:00\n")

    scores = batadal.run(tmp_path, lambda _what, _share: None)

    assert scores.values["found"] == 1.0
    assert scores.values["s"] > 0.9
    assert "winter_dataset.csv.xz: 2014-01-25T04 for 40 h: after 0 h" in scores.lines[0]


def test_without_such_a_pair_dataset04_is_judged_and_does_not_teach(tmp_path: Path) -> None:
    for name in ("dataset03_normal.csv.xz", "dataset04_partial.csv.xz", "dataset04_attacks.csv"):
        (tmp_path / name).touch()

    training = batadal.sorted_out(tmp_path)

    assert [path.name for path in training.calm] == ["dataset03_normal.csv.xz"]
    assert training.attacked == []
    assert [path.name for path, _ in training.judged] == ["dataset04_partial.csv.xz"]


def test_with_such_a_pair_dataset04_teaches(tmp_path: Path) -> None:
    for name in ("dataset03.csv.xz", "dataset04.csv.xz", "dataset04_attacks.csv", "x_dataset.csv.xz", "x_attacks.csv"):
        (tmp_path / name).touch()

    training = batadal.sorted_out(tmp_path)

    assert [path.name for path, _ in training.attacked] == ["dataset04.csv.xz"]
    assert [path.name for path, _ in training.judged] == ["x_dataset.csv.xz"]


def test_a_folder_without_ordinary_hours_says_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "x_dataset.csv.xz").touch()

    with pytest.raises(NoRecordings, match="dataset03"):
        batadal.sorted_out(tmp_path)
