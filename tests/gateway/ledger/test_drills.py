"""Drills in the ledger: filed once, read back after a restart, in the chain, and in no warning's way."""

from __future__ import annotations

from pathlib import Path

from gateway.clock import FakeClock
from gateway.early_warning import Drilled
from gateway.health import Health
from gateway.ledger import Ledger
from gateway.model import SECOND


def drill(start_s: int, *, lost: int = 0) -> Drilled:
    return Drilled("uplink", "", "Li", start_s * SECOND, (start_s + 60) * SECOND, 1.5, 600, lost, 0)


def opened(folder: Path) -> Ledger:
    return Ledger.open(folder, site="town", clock=FakeClock(), health=Health())


def test_a_drill_is_filed_once_and_outlives_a_restart(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    for each in (drill(100), drill(300, lost=2), drill(100)):
        ledger.record_drill(each).result(10)
    ledger.close()

    again = opened(tmp_path)

    assert again.drills() == [drill(300, lost=2), drill(100)]
    assert [each.is_clean for each in again.drills()] == [False, True]
    assert again.verify() is None
    assert again.late_findings() == []
    assert again.warnings(include_closed=True) == []
    again.close()


def test_a_drill_from_which_the_gateway_did_not_recover_is_not_clean() -> None:
    never = Drilled("unit", "flow-12", "Li", 0, SECOND, None, 600, 0, 0)

    assert not never.is_clean
