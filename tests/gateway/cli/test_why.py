"""`lifeline why`: what kept a channel from warning, from the history on the box."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.health import Health
from gateway.history import History
from gateway.journal import Entry
from gateway.model import SECOND, Instant, batch_of
from gateway.settings import HistorySettings

START = 1_782_864_000 * SECOND
SITE = """
site: {id: well, timezone: Asia/Shanghai}
collectors: {line: {kind: modbus_tcp, host: 10.0.0.1}}
assets: {W-1: {kind: manhole, lifeline: drainage}}
devices: {r1: {profile: drainage/vegapuls, collector: line, unit: 1, asset: W-1, report_seconds: 60}}
ladders:
  level:
    {quantity: water_level, hazard: sewer_overflow, rungs: {yellow: 2.0}, on_seconds: 600, basis: made up}
  rise: {quantity: water_level, hazard: waterlogging, of: rate, rungs: {blue: 0.05}, basis: made up}
"""


@pytest.fixture
def site(tmp_path: Path) -> str:
    """A site beside an hour of history: 0.8 m, and 2.5 m in its last three minutes."""
    (tmp_path / "site.yaml").write_text(SITE)
    rows = [(5, START + 60 * SECOND * at, 2.5 if at >= 57 else 0.8 + at / 1e4, 1, 0) for at in range(60)]
    history = History.open(tmp_path / "state" / "history", settings=HistorySettings(), health=Health())
    history.remember_channels({"W-1.r1.level": 5})
    history.apply([Entry(1, batch_of(rows, Instant(START, 0, "b")), START)])
    history.close()
    return str(tmp_path / "site.yaml")


def test_people_read_what_held_the_channel_back(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code = main(["why", site, "W-1.r1.level", "--at", "2026-07-01 08:59:30"])

    out = capsys.readouterr().out
    assert exit_code == 0
    assert (
        "→ limits:level (sewer_overflow): does not stand; -0.5 m to yellow at 2; beyond the limit, but not yet" in out
    )


def test_a_rate_is_told_in_its_own_unit(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["why", site, "W-1.r1.level", "--at", "2026-07-01T00:30:00Z"])
    told = capsys.readouterr().out

    assert "trend:rise (waterlogging): does not stand; 0.05 m/min to blue at 0.05, now 0" in told


def test_programs_read_the_margin(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["why", site, "W-1.r1.level", "--at", "2026-07-01T00:30:00Z", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert told["nearest"] == "limits:level"
    assert told["rules"][0]["margin"] == pytest.approx(1.197)
    assert told["suppressed"] == []


@pytest.mark.parametrize(
    ("more", "exit_code"),
    [(["W-1.r1.levle"], 78), (["W-1.r1.level", "--at", "noon"], 78), (["W-1.r1.level", "--state", "nowhere"], 69)],
    ids=["channel", "time", "state"],
)
def test_what_is_not_there_is_said(site: str, more: list[str], exit_code: int) -> None:
    assert main(["why", site, *more]) == exit_code
