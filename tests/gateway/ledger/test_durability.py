"""The ledger against full disks and changed bytes; tests/faults kills it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.early_warning import Finding, Level
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.ledger import Ledger, verify_file
from gateway.ledger.book import Book

Make = Callable[..., Finding]
Open = Callable[[], Ledger]

COLUMNS = ("id", "kind", "warning", "finding", "body", "hash")


def fill(folder: Path, finding: Make) -> None:
    ledger = Ledger.open(folder, site="demo", clock=FakeClock(), health=Health())
    ledger.record_findings([finding(Level.RED, asset=name) for name in "ABC"]).result(5)
    ledger.acknowledge(ledger.warnings()[0].id, person="王芳", note="on it").result(5)
    ledger.close()


def test_a_ledger_that_nobody_touched_verifies(tmp_path: Path, finding: Make) -> None:
    fill(tmp_path, finding)

    assert verify_file(tmp_path) is None


def test_an_empty_ledger_verifies(ledger: Ledger) -> None:
    assert ledger.verify() is None


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("position", [1, 3])
def test_one_flipped_byte_in_any_column_is_found_at_its_place(
    tmp_path: Path, finding: Make, column: str, position: int
) -> None:
    fill(tmp_path, finding)
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        kind, value = connection.execute(
            f"SELECT typeof({column}), CAST({column} AS BLOB) FROM events WHERE position = ?",  # noqa: S608
            (position,),
        ).fetchone()
        changed = bytes([value[0] ^ 1]) + value[1:]
        connection.execute(
            f"UPDATE events SET {column} = CAST(? AS {kind}) WHERE position = ?",  # noqa: S608
            (changed, position),
        )
    connection.close()

    assert verify_file(tmp_path) == position


def test_one_flipped_byte_anywhere_in_the_words_of_the_file_is_found(tmp_path: Path, finding: Make) -> None:
    fill(tmp_path, finding)
    path = tmp_path / "ledger.db"
    raw = bytearray(path.read_bytes())
    place = raw.index(b'"person":"') + len(b'"person":"')

    raw[place] ^= 0x04
    path.write_bytes(raw)

    assert verify_file(tmp_path) == 4


def test_events_cut_off_at_the_end_are_missed(tmp_path: Path, finding: Make) -> None:
    fill(tmp_path, finding)
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("DELETE FROM events WHERE position = 4")
    connection.close()

    assert verify_file(tmp_path) == 4


def test_an_event_taken_out_of_the_middle_is_missed(tmp_path: Path, finding: Make) -> None:
    fill(tmp_path, finding)
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("DELETE FROM events WHERE position = 2")
    connection.close()

    assert verify_file(tmp_path) == 2


def test_a_damaged_warning_is_told_of_and_the_others_stand(tmp_path: Path, finding: Make) -> None:
    fill(tmp_path, finding)
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("UPDATE events SET body = x'00' WHERE position = 1")
    connection.close()
    health = Health()

    ledger = Ledger.open(tmp_path, site="demo", clock=FakeClock(), health=health)

    (condition,) = [each for each in health.conditions() if not each.ok]
    assert condition.name == "ledger_chain"
    assert len(ledger.warnings()) == 2
    ledger.close()


def fill_disk(ledger: Ledger) -> None:
    """Let the file not grow any more."""
    (pages,) = ledger._connection.execute("PRAGMA page_count").fetchone()
    ledger._connection.execute(f"PRAGMA max_page_count = {pages}")


def free_disk(ledger: Ledger) -> None:
    ledger._connection.execute("PRAGMA max_page_count = 1000000")


def wait_until_refused(health: Health) -> None:
    while all(condition.ok for condition in health.conditions()):
        threading.Event().wait(0.001)


def test_on_a_full_disk_findings_wait_and_a_person_is_told(ledger: Ledger, health: Health, finding: Make) -> None:
    ledger.record_findings([finding(Level.YELLOW)]).result(5)
    (warning,) = ledger.warnings()
    fill_disk(ledger)

    waiting = ledger.record_findings([finding(Level.RED, asset=f"A{number}") for number in range(100)])
    wait_until_refused(health)
    with pytest.raises(Unreachable, match="full"):
        ledger.acknowledge(warning.id, person="王芳", note="x" * 100_000).result(5)
    was_waiting = not waiting.done()
    free_disk(ledger)
    waiting.result(5)

    assert was_waiting
    assert len(ledger.warnings()) == 101
    assert ledger.verify() is None
    assert all(condition.ok for condition in health.conditions())


def test_closing_while_the_disk_is_full_does_not_hang(ledger: Ledger, health: Health, finding: Make) -> None:
    fill_disk(ledger)
    waiting = ledger.record_findings([finding(Level.RED, asset=f"A{number}") for number in range(100)])
    wait_until_refused(health)

    ledger.close()

    with pytest.raises(Unreachable, match="closed before the disk"):
        waiting.result(5)


def test_a_request_that_cannot_be_applied_harms_no_neighbour(
    ledger: Ledger, finding: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_on_red(book: Book, told: Finding, is_taken: Callable[[str], bool]) -> str | None:
        if told.level is Level.RED:
            raise ZeroDivisionError
        return place(book, told, is_taken)

    place = Book.place
    monkeypatch.setattr(Book, "place", fail_on_red)

    requests = [ledger.record_findings([finding(level, asset=level.name)]) for level in (Level.BLUE, Level.RED)]
    requests.append(ledger.record_findings([finding(Level.ORANGE, asset="last")]))

    assert [type(request.exception(5)) for request in requests] == [type(None), ZeroDivisionError, type(None)]
    assert [warning.asset for warning in ledger.warnings()] == ["last", "BLUE"]
    assert ledger.verify() is None
