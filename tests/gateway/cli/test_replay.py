"""`lifeline replay`: a recording in, the early warnings it would have given out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.cli import main

SITE = """
site: {id: well, timezone: Asia/Shanghai}
collectors: {line: {kind: modbus_tcp, host: 10.0.0.1}}
assets: {W-1: {kind: manhole, lifeline: drainage, name: 雨水井}}
devices: {r1: {profile: drainage/vegapuls, collector: line, unit: 1, asset: W-1, report_seconds: 60}}
ladders:
  level:
    quantity: water_level
    hazard: sewer_overflow
    rungs: {yellow: 2.0, orange: 2.5}
    deadband: 0.1
    on_seconds: 120
    off_seconds: 300
    basis: made up
"""


@pytest.fixture
def site(tmp_path: Path) -> str:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return str(path)


@pytest.fixture
def flood(tmp_path: Path) -> str:
    """An hour in millimetres: a flood from the twentieth minute to the fortieth."""
    path = tmp_path / "flood.csv"
    levels = [2_700 + minute if 20 <= minute < 40 else 800 + minute for minute in range(60)]
    rows = [f"2026-07-01 08:{minute:02}:00,{level}\n" for minute, level in enumerate(levels)]
    path.write_text("time,level_mm\n" + "".join(rows))
    return str(path)


@pytest.fixture
def calm(tmp_path: Path) -> str:
    path = tmp_path / "calm.csv"
    rows = [f"2026-07-01 08:{minute:02}:00,{0.8 + minute / 1_000}\n" for minute in range(60)]
    path.write_text("time,W-1.r1.level\n" + "".join(rows))
    return str(path)


MAP = "level_mm=W-1.r1.level@mm"


def test_a_flood_is_one_line_of_a_table_in_the_sites_own_time(
    site: str, flood: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code = main(["replay", flood, "--site", site, "--map", MAP])

    head, line, _, total = capsys.readouterr().out.splitlines()
    assert exit_code == 1
    assert head.split() == ["learned", "stood", "highest", "hazard", "asset", "because"]
    assert line.startswith("2026-07-01 08:22:00  23 min  ▲ orange  sewer_overflow  W-1 雨水井")
    assert line.endswith("W-1.r1.level 2.722 m, limit 2.5 (limits:level)")
    assert total.startswith("1 early warnings (1 sewer_overflow) from 60 readings in ")


def test_the_duty_log_has_a_line_for_each_step(site: str, flood: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["replay", flood, "--site", site, "--map", MAP, "--steps"])

    raised, cleared, *_ = capsys.readouterr().out.splitlines()
    assert raised.startswith("2026-07-01 08:22:00  raised   ▲ orange  sewer_overflow")
    assert cleared.startswith("2026-07-01 08:45:00  cleared  ○ none    sewer_overflow")


def test_a_calm_recording_gives_no_warning_and_needs_no_map(
    site: str, calm: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code = main(["replay", calm, "--site", site])

    printed = capsys.readouterr()
    assert exit_code == 0
    assert printed.out.startswith("0 early warnings from 60 readings in ")
    assert printed.err == ""


def test_the_map_may_be_a_file(site: str, flood: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "map.yaml").write_text("level_mm: W-1.r1.level @ mm\n")

    main(["replay", flood, "--site", site, "--map", str(tmp_path / "map.yaml")])

    assert "1 sewer_overflow" in capsys.readouterr().out


def test_each_warning_is_a_json_line_with_its_evidence(site: str, flood: str, tmp_path: Path) -> None:
    out = tmp_path / "warnings.jsonl"

    main(["replay", flood, "--site", site, "--map", MAP, "--out", str(out)])

    (warning,) = map(json.loads, out.read_text().splitlines())
    assert (warning["hazard"], warning["asset"], warning["peak_level"]) == ("sewer_overflow", "W-1", "orange")
    assert (warning["start"], warning["learned"]) == ("2026-07-01T00:20:00.000Z", "2026-07-01T00:22:00.000Z")
    assert [said["level"] for said in warning["said"]] == ["orange", "none"]
    assert warning["said"][0]["evidence"]["basis"] == "made up"


def test_it_speaks_json(site: str, flood: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["replay", flood, "--site", site, "--map", MAP, "--json"])

    found = json.loads(capsys.readouterr().out)
    assert (found["rows"], found["readings"], found["hazards"]) == (60, 60, {"sewer_overflow": 1})
    assert found["odd"] == []
    assert len(found["warnings"]) == 1


def test_a_channel_that_falls_silent_is_told(site: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "gap.csv"
    minutes = [*range(10), *range(30, 40)]
    path.write_text("time,W-1.r1.level\n" + "".join(f"2026-07-01 08:{one:02},{1 + one / 1_000}\n" for one in minutes))

    main(["replay", str(path), "--site", site])

    printed = capsys.readouterr()
    assert "2026-07-01 08:12:10" in printed.out
    assert "sensor_silent" in printed.out
    assert printed.err == f"{path}:12: gap: no rows for 21 min after 2026-07-01T00:09:00.000Z\n"


def test_faults_of_the_map_come_all_at_once(site: str, flood: str, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code = main(["replay", flood, "--site", site, "--map", "a=W-1.r1.levl", "b=W-1.r1.level@bar", "nowhere.yaml"])

    said = capsys.readouterr().err
    assert exit_code == 78
    assert "a: there is no channel 'W-1.r1.levl' (did you mean 'W-1.r1.level'?)" in said
    assert "b: bar is a unit of pressure, m one of length (write one of m," in said
    assert "nowhere.yaml:1:1: error: cannot read the map" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--map", "other=W-1.r1.level"], "no column belongs to a channel"),
        (["--map", MAP, "--time", "when"], "there is no column 'when'"),
        (["--map", MAP, "--timezone", "Asia/Hefei"], "'Asia/Hefei' is not a time zone"),
        (["--map", MAP, "--long"], "no column of a long file holds the channel names"),
        (["--map", MAP, "--time-format", "%d.%m.%Y"], "not one reading could be taken from it"),
    ],
)
def test_what_cannot_be_is_a_configuration_fault(
    arguments: list[str], said: str, site: str, flood: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code = main(["replay", flood, "--site", site, *arguments])

    assert exit_code == 78
    assert said in capsys.readouterr().err


def test_a_recording_that_is_not_there_is_a_configuration_fault(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code = main(["replay", "none.csv", "--site", site])

    assert exit_code == 78
    assert "none.csv:1:1: error: cannot read the file" in capsys.readouterr().err
