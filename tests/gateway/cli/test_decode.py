"""`lifeline decode`: one frame a line in, one JSON object a line out."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from gateway.cli import main

CASES = Path(__file__).parents[2] / "cases"
REPORT = (CASES / "sl651" / "30h" / "frame.txt").read_text().splitlines()[1]


def test_each_line_is_answered_by_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "frames.txt"
    file.write_text(f"{REPORT}\n\n{REPORT[:-1]}0\r\n")

    exit_code = main(["decode", "--codec", "sl651", "--hex", str(file)])

    good, bad = map(json.loads, capsys.readouterr().out.splitlines())
    assert exit_code == 1
    assert set(good) == {"ok", "station", "readings"}
    assert (good["ok"], good["station"]) == (True, "0012345678")
    assert good["readings"][2] == {
        "point": "Z",
        "time": "2059-10-11T07:49:00.000Z",
        "value": 0.127,
        "unit": "m",
        "quality": "GOOD",
    }
    assert set(bad) == {"ok", "error"}
    assert bad["error"].startswith("CRC: ")


def test_frames_may_come_by_a_pipe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    line = (CASES / "hj212" / "hour_averages" / "frame.txt").read_bytes().splitlines()[1]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(line + b"\r\n")))

    exit_code = main(["decode", "--codec", "hj212"])

    said = json.loads(capsys.readouterr().out)
    assert exit_code == 0
    assert [reading["value"] for reading in said["readings"]] == [2.697, 7.966, 3.306, 7.357, 10.663]


def test_a_known_deviation_is_read_on_request(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "frames.txt"
    file.write_bytes((CASES / "hj212" / "modbus_swapped" / "frame.txt").read_bytes().splitlines()[1])

    codes = [main(["decode", "--codec", "hj212", *more, str(file)]) for more in ([], ["--lenient"])]

    strict, lenient = map(json.loads, capsys.readouterr().out.splitlines())
    assert codes == [1, 0]
    assert "lenient mode accepts it" in strict["error"]
    assert len(lenient["readings"]) == 31


def test_times_are_read_in_the_zone_that_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "frames.txt"
    file.write_text(REPORT)

    main(["decode", "--codec", "sl651", "--timezone", "UTC", str(file)])

    assert json.loads(capsys.readouterr().out)["readings"][0]["time"] == "2059-10-11T15:49:00.000Z"


def test_two_names_of_one_codec_say_the_same(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "frames.txt"
    file.write_text((CASES / "szy206" / "flow_report" / "frame.txt").read_text().splitlines()[1])

    for name in ("szy206", "sl427"):
        main(["decode", "--codec", name, str(file)])

    first, second = capsys.readouterr().out.splitlines()
    assert first == second


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--codec", "sl651", "nowhere.txt"], "cannot read it"), (["--codec", "hj212", "--timezone", "Moon"], "Moon")],
)
def test_what_cannot_be_done_is_said(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code = main(["decode", *arguments])

    assert exit_code == 78
    assert words in capsys.readouterr().err


def test_bad_hex_is_an_answer_not_an_end(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "frames.txt"
    file.write_text(f"7E7E0\nzz\n{REPORT}\n")

    main(["decode", "--codec", "sl651", "--hex", str(file)])

    assert [json.loads(line)["ok"] for line in capsys.readouterr().out.splitlines()] == [False, False, True]
