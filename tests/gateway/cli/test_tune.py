"""`lifeline tune`: limits from history, shown and never put in by themselves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gateway.cli import main
from gateway.health import Health
from gateway.history import History
from gateway.journal import Entry
from gateway.model import SECOND, Instant, batch_of
from gateway.settings import HistorySettings, check_site

SITE = """site: {id: well, timezone: Asia/Shanghai}
collectors: {line: {kind: modbus_tcp, host: 10.0.0.1}}
assets: {W-1: {kind: manhole, lifeline: drainage}}
devices: {r1: {profile: drainage/vegapuls, collector: line, unit: 1, asset: W-1, report_seconds: 600}}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return path


def _recording(folder: Path, days: int) -> str:
    noise = np.random.default_rng(3).normal(0.0, 0.05, days * 144)
    lines = [f"{1_782_864_000 + 600 * row},{2.0 + value:.4f}\n" for row, value in enumerate(noise.tolist())]
    path = folder / "history.csv"
    path.write_text("time,W-1.r1.level\n" + "".join(lines))
    return str(path)


def test_the_piece_that_is_written_fits_the_site_file(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    piece = tmp_path / "tuned.yaml"

    exit_code = main(["tune", str(site), "--history", _recording(tmp_path, 8), "--apply", str(piece)])

    assert exit_code == 0
    assert "tuned_W-1_r1_level_high: sewer_overflow, above: blue" in capsys.readouterr().out
    assert site.read_text() == SITE
    site.write_text(SITE + piece.read_text())
    checked = check_site(site)
    assert not checked.faults
    assert checked.site is not None
    [high, low] = checked.site.inventory.channels["W-1.r1.level"].ladders
    assert high.basis.startswith("tuned on 2026-07-01 to 2026-07-0")
    assert low.direction == "below"


def test_json_says_what_each_half_would_have_said(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["tune", str(site), "--history", _recording(tmp_path, 8), "--json", "--false-per-month", "0.5"])

    found = json.loads(capsys.readouterr().out)
    [channel] = found["channels"]
    assert found["false_per_month"] == 0.5
    assert {ladder["checked_alarms"] for ladder in channel["ladders"]} <= {0, 1}


def test_less_than_a_week_is_refused_with_what_there_is(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code = main(["tune", str(site), "--history", _recording(tmp_path, 3)])

    assert exit_code == 78
    assert "no channel has a week of readings" in capsys.readouterr().err


def test_the_history_on_the_box_is_read_and_left_as_it_is(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = 1_782_864_000 * SECOND
    level = 2.0 + np.random.default_rng(3).normal(0.0, 0.05, 8 * 144)
    rows = [(5, start + 600 * SECOND * at, value, 1, 0) for at, value in enumerate(level.tolist())]
    history = History.open(tmp_path / "state" / "history", settings=HistorySettings(), health=Health())
    history.remember_channels({"W-1.r1.level": 5})
    history.apply([Entry(1, batch_of(rows, Instant(start, 0, "b")), start)])
    history.close()

    exit_code = main(["tune", str(site), "--json"])

    [channel] = json.loads(capsys.readouterr().out)["channels"]
    assert exit_code == 0
    assert channel["readings"] == 8 * 144


def test_a_box_without_history_is_unavailable(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code = main(["tune", str(site)])

    assert exit_code == 69
    assert "--history" in capsys.readouterr().err


def test_the_site_file_itself_is_never_written(site: Path, tmp_path: Path) -> None:
    exit_code = main(["tune", str(site), "--history", _recording(tmp_path, 8), "--apply", str(site)])

    assert exit_code == 78
    assert site.read_text() == SITE
