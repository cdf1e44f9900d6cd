from __future__ import annotations

import lzma
import math
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.detection import ltown_sim, nab, recordings, wwtp
from tests.benchmarks.detection.batadal import attacks, hour_ns
from tests.benchmarks.detection.ltown_scoring import Alarm, Event
from tests.benchmarks.detection.scores import NoRecordings, Scores

HOURS = [f"2024-01-{1 + hour // 24:02d} {hour % 24:02d}:00:00" for hour in range(400)]
INFLOW = "time,flow,acc_precip\n" + "".join(
    f"{hour},{1_000 + 300 * np.sin(number / 4.0):.1f},{0.1 * (number % 7 == 0)}\n" for number, hour in enumerate(HOURS)
)


def silent(what: str, share: float) -> None:
    assert what
    assert 0.0 <= share <= 1.0


def scores_of(folder: Path) -> Scores:
    return wwtp.run(folder, silent)


@pytest.mark.parametrize("junk", [b"", b"time,flow,acc_precip\n", b"a,b\n1,2\n", b"\xff\xfe\x00", b'"'])
def test_a_table_of_another_kind_is_passed_over(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "plant.csv").write_text(INFLOW)
    alone = scores_of(tmp_path)

    (tmp_path / "another.csv").write_bytes(junk)
    (tmp_path / "README.md").write_text("time,flow,acc_precip\n1,2,3\n")
    (tmp_path / "folder.csv").mkdir()

    assert scores_of(tmp_path).values == alone.values
    assert len(alone.lines) == 1


def test_a_files_name_and_packing_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "packed").mkdir()
    (tmp_path / "plain" / "plant.csv").write_text(INFLOW)
    (tmp_path / "packed" / "一号厂.csv.xz").write_bytes(lzma.compress(INFLOW.encode()))

    assert scores_of(tmp_path / "packed").values == scores_of(tmp_path / "plain").values


def test_a_file_that_cannot_be_unpacked_is_named(tmp_path: Path) -> None:
    (tmp_path / "plant.csv.xz").write_bytes(lzma.compress(INFLOW.encode())[:80])

    with pytest.raises(NoRecordings, match=r"plant\.csv\.xz cannot be read"):
        scores_of(tmp_path)


@pytest.mark.parametrize("time", ["11.04.2022 08:36", ""])
def test_a_time_that_is_none_is_an_error_that_says_so(tmp_path: Path, time: str) -> None:
    (tmp_path / "plant.csv").write_text(f"time,flow,acc_precip\n{time},1,0\n")

    with pytest.raises(NoRecordings, match="time"):
        scores_of(tmp_path)


def test_labels_that_are_no_json_are_named(tmp_path: Path) -> None:
    (tmp_path / "a__b.csv").write_text("timestamp,value\n2024-01-01 00:00:00,1\n")
    (tmp_path / "combined_windows.json").write_text("{")

    with pytest.raises(NoRecordings, match=r"combined_windows\.json is no JSON"):
        nab.run(tmp_path, silent)


def test_words_that_mean_nothing_are_no_numbers() -> None:
    assert np.isnan(recordings.numbers(["NA", "null", "", "-"])).all()


def test_the_file_that_belongs_to_a_recording_is_named_like_it_or_is_the_folders(tmp_path: Path) -> None:
    for name in ("events.csv", "a_events.csv.xz", "events_2.csv"):
        (tmp_path / name).touch()

    found = {
        levels: recordings.beside(tmp_path / levels, "levels", "events", ".csv").name
        for levels in ("levels.csv.xz", "a_levels.csv", "levels_2.csv", "b_levels_3.csv")
    }

    assert found == {
        "levels.csv.xz": "events.csv",
        "a_levels.csv": "a_events.csv.xz",
        "levels_2.csv": "events_2.csv",
        "b_levels_3.csv": "events.csv",
    }


def test_hours_of_attacks_may_be_written_day_first(tmp_path: Path) -> None:
    (tmp_path / "a_attacks.csv").write_text("start,end\n16/01/17 09,2017-01-16 12:00\n")

    assert attacks(tmp_path / "a_attacks.csv").tolist() == [[hour_ns("2017-01-16 09:00"), hour_ns("16/01/2017 12:00")]]
    with pytest.raises(NoRecordings, match="is no hour"):
        hour_ns("noon")


def test_what_begins_outside_the_judged_stretch_is_not_asked_for_and_never_false() -> None:
    first = ltown_sim.CLEAN_DAYS * 24.0
    leaks = [
        Event("leak_abrupt", "p1", first - 10.0, first + 30.0, first - 10.0),
        Event("leak_abrupt", "p2", first + 100.0, first + 300.0, first + 100.0),
        Event("leak_abrupt", "p3", first + 900.0, first + 990.0, first + 900.0),
    ]
    hours = np.arange(0.0, first + 800.0)
    alarms = [Alarm(first + 5.0, None), Alarm(first + 101.0, None)]

    verdict = ltown_sim.judged(leaks, alarms, [], (hours, 3), lambda one, other: 0.0 if one == other else 1e9)

    assert verdict.events == [leaks[1]]
    assert verdict.leaks.false == 0
    assert ltown_sim.scored([verdict], []).values["abrupt_6h"] == 1.0


def test_a_recording_shorter_than_its_clean_days_has_no_score() -> None:
    verdict = ltown_sim.judged([], [], [], (np.arange(0.0, 100.0), 3), lambda _one, _other: 0.0)

    assert all(math.isnan(value) for value in ltown_sim.scored([verdict], []).values.values())
