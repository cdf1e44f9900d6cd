from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.clock import FakeClock
from gateway.health import Health
from gateway.journal import Journal
from gateway.model import Quarantine, batch_of
from gateway.settings import JournalSettings


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return a state folder whose journal holds two readings and a reject, stopped."""
    clock = FakeClock()
    with Journal.open(
        tmp_path / "journal", settings=JournalSettings(reserve_bytes=0), clock=clock, health=Health()
    ) as journal:
        received = clock.now()
        readings = batch_of([(1, 5, 1.0, 1, 0), (1, 5, 2.0, 1, 0)], received)
        reject = Quarantine("district up/gas-1", "json", "no bracket", b'{"a":\xff', received.utc_ns)
        journal.append([readings, reject]).result(10)
        journal.attach("history", 1)
    return tmp_path


def test_the_figures_are_printed_for_people(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "stats", "--state", str(state)]) == 0

    printed = capsys.readouterr().out
    assert "2 records, 2 readings" in printed
    assert "history: 1 records behind" in printed
    assert "1  json" in printed
    assert "no bracket" in printed


def test_the_figures_are_printed_for_programs(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "stats", "--state", str(state), "--json"]) == 0

    figures = json.loads(capsys.readouterr().out)
    assert (figures["records"], figures["readings"], figures["conflicts"]) == (2, 2, 1)
    assert figures["cap_bytes"] == JournalSettings().cap_bytes
    assert figures["quarantine"][0] | {"bytes": 0} == {"reason": "json", "seen": 1, "kept": 1, "bytes": 0}
    assert figures["newest_rejects"][0]["payload"] == '{"a":\\xff'


def test_a_running_gateway_can_be_looked_at(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Journal.open(state / "journal", settings=JournalSettings(), clock=FakeClock(), health=Health()) as journal:
        journal.append([batch_of([(2, 5, 1.0, 1, 0)], FakeClock().now())]).result(10)

        assert main(["journal", "stats", "--state", str(state), "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["records"] == 3


def test_a_folder_without_a_journal_is_said_to_be_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "stats", "--state", str(tmp_path)]) == 69

    assert "--state" in capsys.readouterr().err
