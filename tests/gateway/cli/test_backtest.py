"""`lifeline backtest`: a recording and what really happened in; how well the rules found it out."""

from __future__ import annotations

import importlib.util
import json
import re
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
EVENTS = """start,end,asset,hazard,kind,benign
2026-07-01 08:20,2026-07-01 08:40,W-1,sewer_overflow,storm,no
2026-07-01 10:00,2026-07-01 10:10,W-1,sewer_overflow,blockage,no
2026-07-01 12:00,2026-07-01 12:20,W-1,sewer_overflow,cleaning,yes
"""
HIGH = {*range(20, 40), *range(240, 260), *range(360, 370)}
JUDGED = ["--merge", "5min", "--grace", "10min"]


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """Eight hours: high at 08:20 as labelled, at 12:00 as a harmless cleaning, and at 14:00 for nothing."""
    (tmp_path / "site.yaml").write_text(SITE)
    (tmp_path / "events.csv").write_text(EVENTS)
    rows = [
        f"2026-07-01 {8 + minute // 60:02}:{minute % 60:02}:00,{(2.7 if minute in HIGH else 0.8) + minute / 1e4}\n"
        for minute in range(480)
    ]
    (tmp_path / "level.csv").write_text("time,W-1.r1.level\n" + "".join(rows))
    files = [str(tmp_path / name) for name in ("level.csv", "site.yaml", "events.csv")]
    return ["backtest", files[0], "--site", files[1], "--events", files[2]]


def test_a_hit_a_miss_a_false_alarm_and_a_harmless_event_are_told_apart(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code = main([*arguments, *JUDGED, "--json"])

    found = json.loads(capsys.readouterr().out)
    assert exit_code == 0
    assert [(one["kind"], one["found"]) for one in found["events"]] == [("storm", True), ("blockage", False)]
    assert found["events"][0]["delay_seconds"] == 120.0
    assert found["total"]["recall"] == 0.5
    assert found["total"]["benign_raised"] == 1
    assert len(found["false_alarms"]) == 2
    assert found["total"]["false_per_sensor_month"] == pytest.approx(2 / (480 / 60 / 730), rel=1e-3)


def test_the_table_has_a_line_for_each_kind_and_names_what_was_missed(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main([*arguments, *JUDGED])

    out = capsys.readouterr().out
    assert re.search(r"^storm +1 +1 +100% +2 min", out, re.MULTILINE)
    assert re.search(r"^missed: blockage W-1 2026-07-01 10:00:00", out, re.MULTILINE)


@pytest.mark.parametrize(("marks", "expected"), [(("0.5", "1000"), 0), (("0.9", "1000"), 1), (("0.5", "1"), 1)])
def test_a_missed_mark_is_exit_code_one(arguments: list[str], marks: tuple[str, str], expected: int) -> None:
    exit_code = main([*arguments, *JUDGED, "--least-recall", marks[0], "--most-false", marks[1], "--quiet"])

    assert exit_code == expected


def test_a_level_that_was_never_reached_finds_nothing(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main([*arguments, *JUDGED, "--level", "red", "--json"])

    assert json.loads(capsys.readouterr().out)["counted"] == 0


def test_the_report_needs_no_network_and_has_a_plot_for_each(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.backtest.page.plotly_js", lambda: "/* drawing code */")

    main([*arguments, *JUDGED, "--out", str(tmp_path / "report.html"), "--quiet"])

    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    plots = json.loads(page.split('id="plots">')[1].split("</script>")[0])
    assert not re.search(r'(src|href)="?(?!#)["\w/]|https?://|@import', page.replace('href="#', ""))
    assert page.count('class="plot"') == len(plots) == 5
    assert "漏报 Missed · 1" in page
    assert all(one["traces"][0]["y"] for one in plots)


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="pyarrow (extra `reports`) is not installed")
def test_parquet_says_the_same_as_csv(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.read_csv(arguments[1], parse_dates=["time"])
    frame.to_parquet(tmp_path / "level.parquet")
    main([*arguments, *JUDGED, "--json"])
    as_csv = json.loads(capsys.readouterr().out)

    main(["backtest", str(tmp_path / "level.parquet"), *arguments[2:], *JUDGED, "--json"])

    as_parquet = json.loads(capsys.readouterr().out)
    assert as_parquet["total"] == as_csv["total"]
    assert as_parquet["readings"] == as_csv["readings"]


def test_parquet_without_pyarrow_says_what_to_install(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)

    exit_code = main(["backtest", "level.parquet", *arguments[2:]])

    assert exit_code == 78
    assert "pip install 'lifeline-gateway[reports]'" in capsys.readouterr().err


def test_a_kind_that_is_written_wrongly_is_explained(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    exit_code = main([*arguments, "--kind", "storm"])

    assert exit_code == 78
    assert "is not KIND=HAZARD" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--hazards", "sewer_overflo"], "did you mean 'sewer_overflow'?"),
        (["--kind", "storm=sewer_overflo"], "did you mean 'sewer_overflow'?"),
        (["--out", "nowhere/report.html"], "there is no folder 'nowhere'"),
    ],
)
def test_what_would_fail_or_mislead_at_the_end_is_said_at_the_beginning(
    arguments: list[str], capsys: pytest.CaptureFixture[str], option: list[str], said: str
) -> None:
    exit_code = main([*arguments, *option])

    assert exit_code == 78
    assert said in capsys.readouterr().err


def test_newest_rows_first_say_the_same(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main([*arguments, *JUDGED, "--json"])
    expected = json.loads(capsys.readouterr().out)
    recording = Path(arguments[1])
    head, *rows = recording.read_text().splitlines()
    recording.write_text("\n".join([head, *reversed(rows)]))

    main([*arguments, *JUDGED, "--json"])

    assert json.loads(capsys.readouterr().out)["total"] == expected["total"]
