from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.journal import Entry
from gateway.model import SECOND, Quarantine
from gateway.proof import Proof
from gateway.proof.counting import fact_of
from gateway.proof.proof_file import HOLE, REFUSED, REJECTED, TICK, ProofFile
from gateway.proof.tally import HOUR_NS, SLICE_NS, Counts

NOON_CELL = 2_833_344
EVERY = (-(1 << 40), 1 << 40)


def on_disk(folder: Path) -> tuple[dict[tuple[int, int], Counts], dict[tuple[int, str, str], int], int]:
    with ProofFile(folder, read_only=True) as file:
        return file.counts(*EVERY), file.facts(*EVERY), file.position


def told(folder: Path, entries: Sequence[Entry]) -> tuple[object, object, int]:
    proof = Proof(folder)
    proof.apply(entries)
    proof.close()
    return on_disk(folder)


def test_distinct_readings_and_redeliveries_are_counted_apart(tmp_path: Path, story: list[Entry]) -> None:
    told(tmp_path, story)

    counts, facts, position = on_disk(tmp_path)
    hour = story[0].received_ns // HOUR_NS
    assert counts[1, hour] == Counts(61, 60, last_position=120)
    assert (counts[2, hour].redelivered, counts[2, hour + 1].redelivered) == (1, 0)
    assert facts[hour, TICK, ""] == 60
    assert facts[hour + 2, REJECTED, "broker a/b (json)"] == 1
    assert position == story[-1].position


def test_applying_again_changes_nothing(tmp_path: Path, story: list[Entry]) -> None:
    once = told(tmp_path / "once", story)

    twice = Proof(tmp_path / "twice")
    for _ in range(2):
        twice.apply(story[:150])
        twice.apply(story[100:])
    twice.close()

    assert on_disk(tmp_path / "twice") == once


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_killed_anywhere_it_comes_back_to_the_same_counts(
    tmp_path_factory: object, story: list[Entry], data: st.DataObject
) -> None:
    folder = Path(tmp_path_factory.mktemp("proof"))  # type: ignore[attr-defined]
    whole = told(folder / "whole", story)

    for _ in range(data.draw(st.integers(0, 3))):
        killed = Proof(folder / "killed")
        after = killed.position()
        until = data.draw(st.integers(after, len(story)))
        killed.apply([entry for entry in story if after < entry.position <= until])
        if data.draw(st.booleans()):
            killed.apply(())
        # Not closed: what was not committed is gone with the process.
        killed.abandon()
    last = Proof(folder / "killed")
    after = last.position()
    last.apply([entry for entry in story if entry.position > after])
    last.close()

    assert on_disk(folder / "killed") == whole


def test_positions_that_were_passed_over_are_a_fact(tmp_path: Path, story: list[Entry]) -> None:
    told(tmp_path, [entry for entry in story if not 10 < entry.position <= 14])

    facts = on_disk(tmp_path)[1]
    assert [(subject, count) for (_, kind, subject), count in facts.items() if kind == HOLE] == [("11-14", 4)]


def test_what_a_database_refuses_is_counted_by_channel_and_source_time() -> None:
    line = b"water_flow,asset=P\\ 1,channel=P\\ 1.f.flow,site=d value=1.0,quality=1i,flags=0i 1700000000000000000"

    fact = fact_of(Quarantine("influxdb", "rejected:influxdb", "field type", line, 5))

    assert fact == (1_700_000_000 // 3_600, REFUSED, "P 1.f.flow")


def test_a_damaged_file_is_put_aside_and_counting_begins_anew(tmp_path: Path, story: list[Entry]) -> None:
    told(tmp_path, story)
    (tmp_path / "proof.db").write_bytes(b"no database" * 1_000)

    proof = Proof(tmp_path)

    assert proof.position() == 0
    assert (tmp_path / "proof.db.damaged").exists()
    proof.close()


def test_the_times_of_a_slice_come_back_however_irregular(tmp_path: Path) -> None:
    for number, steps in enumerate(([], [1], [5, 250, 3], [SECOND, 70_000 * SECOND], [1 << 40, 1])):
        times = np.cumsum(np.array([NOON_CELL * SLICE_NS, *steps], np.int64))
        file = ProofFile(tmp_path / str(number))
        file.commit(1, {}, {(7, NOON_CELL): times}, {}, began_ns=0, now_ns=NOON_CELL * SLICE_NS)
        file.commit(2, {}, {(7, NOON_CELL): times + (1 << 50)}, {}, began_ns=0, now_ns=NOON_CELL * SLICE_NS)

        loaded = file.load(7, NOON_CELL)

        assert loaded is not None
        assert loaded.tolist() == [*times.tolist(), *(times + (1 << 50)).tolist()]
        file.close()


def test_times_of_long_ago_are_given_up_and_said_to_be(tmp_path: Path) -> None:
    file = ProofFile(tmp_path)
    times = np.array([NOON_CELL * SLICE_NS])
    file.commit(1, {}, {(7, NOON_CELL): times}, {}, began_ns=0, now_ns=NOON_CELL * SLICE_NS)

    file.commit(2, {}, {}, {}, began_ns=0, now_ns=(NOON_CELL + 1_000) * SLICE_NS)

    assert file.load(7, NOON_CELL) is None
    assert file.times(7, NOON_CELL * SLICE_NS // HOUR_NS) is None
    file.close()
