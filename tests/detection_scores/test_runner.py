from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from tests.benchmarks.detection import run as runner
from tests.benchmarks.detection.scores import Mark, Scores, told


def test_a_mark_says_by_how_much_it_was_missed() -> None:
    at_least, at_most = Mark("found", ">=", 0.9), Mark("false", "<=", 1.0)

    assert (at_least.missed_by(0.95, 0.9), at_most.missed_by(1.5, 1.0)) == (0.0, 0.5)
    assert math.isinf(at_least.missed_by(math.nan, 0.9))


def test_the_table_shows_others_beside_ours_and_what_was_missed() -> None:
    scores = Scores({"s": 0.90, "tnr": 0.95}, [Mark("s", ">=", 0.93, 0.96)], [("winner", {"s": 0.97})], ["a: 1"])

    text = told("tank", scores)

    assert "winner" in text
    assert "must: s >= 0.93: 0.9: MISSED by 0.03; aim >= 0.96: 0.06 away" in text
    assert text.endswith("a: 1")


@pytest.mark.parametrize("suite", sorted(runner.SUITES))
def test_a_folder_without_its_files_is_named_and_the_command_says_unavailable(
    suite: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = runner.main(["--suite", suite, "--data", str(tmp_path)])

    assert code == 69
    assert str(tmp_path) in capsys.readouterr().err


def test_json_is_the_suite_and_its_scores_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "\n".join(f"2022-04-11 08:00:{second:02d}.{tenth}00,0.5" for second in range(60) for tenth in range(10))
    (tmp_path / "ref_strain.csv").write_text(f"time,DMS (um/m)\n{rows}\n")

    code = runner.main(["--suite", "munich_bridge", "--data", str(tmp_path), "--json"])

    assert code == 0
    assert json.loads(capsys.readouterr().out) == {
        "suite": "munich_bridge",
        "scores": {"warned_in_10s": None, "latched": None, "loads_latched": 0.0},
    }
