"""The reader as a whole: the same journal gives the same findings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.early_warning import Finding, Level, finding_id
from gateway.journal import Entry
from gateway.model import SECOND, Anchor, Batch, Instant, Tick, batch_of
from tests.gateway.detection.scene import GAS, HIGH_PRESSURE, LOW_PRESSURE, START, Row, Watch, channel, journal, site

CH4, PRESSURE, LEVEL = "MH-1.gas.ch4", "P-1.logger.pressure", "W-1.radar.level"
TOWN = site(
    channel(CH4, GAS),
    channel(PRESSURE, LOW_PRESSURE, HIGH_PRESSURE, reorder_seconds=15.0),
    channel(LEVEL, replace(LOW_PRESSURE, name="low_level"), stuck_seconds=40.0),
)


def leak(watch: Watch) -> list[Entry]:
    """A leak of two minutes, one reading in ten seconds."""
    batches = [
        watch.batch(second, Row(second, CH4, 30.0 if 20 <= second < 140 else 1.0)) for second in range(0, 300, 10)
    ]
    return journal(*batches)


def test_a_leak_becomes_a_finding_with_its_evidence(tmp_path: Path) -> None:
    watch = Watch(tmp_path, site(channel(CH4, GAS)))

    watch.detection.apply(leak(watch))

    raised, ended = watch.findings
    assert raised.id == ended.id == finding_id("demo", "gas_leak", CH4, "limits:manhole_gas", START + 20 * SECOND)
    assert (raised.asset, raised.level, raised.start_ns) == ("MH-1", Level.YELLOW, START + 20 * SECOND)
    assert (raised.time_ns, raised.learned_ns, raised.is_late) == (START + 30 * SECOND, START + 30 * SECOND, False)
    assert (ended.level, ended.time_ns) == (Level.NONE, START + 200 * SECOND)
    evidence = raised.evidence
    assert (evidence.value, evidence.limit, evidence.basis) == (30.0, 20.0, "CJJ/T 146")
    assert dict(evidence.rungs) == {"yellow": 20.0, "orange": 50.0, "red": 100.0}
    assert evidence.window_start_ns < raised.start_ns < evidence.window_end_ns
    assert dict(evidence.data_trust) == {"good_share": 1.0, "newest_age_seconds": 0.0}


def test_a_finding_tells_the_share_of_good_readings(tmp_path: Path) -> None:
    watch = Watch(tmp_path, site(channel(CH4, GAS)))
    bad = [watch.batch(second, Row(second, CH4, 0.0, quality=4)) for second in (0, 1, 2)]
    good = [
        watch.batch(10, Row(10, CH4, 30.0)),
        watch.batch(20, Row(20, CH4, 30.0)),
        watch.batch(21, Row(21, CH4, 1.0)),
    ]

    watch.detection.apply(journal(*bad, *good))

    assert watch.findings[0].evidence.data_trust["good_share"] == 0.4


@pytest.mark.parametrize(
    ("quality", "flags"), [(3, 0), (4, 0), (9, 0), (1, 256)], ids=["suspect", "fail", "missing", "maintenance"]
)
def test_a_reading_that_is_no_evidence_raises_nothing(tmp_path: Path, quality: int, flags: int) -> None:
    watch = Watch(tmp_path, site(channel(CH4, GAS)))

    watch.detection.apply(journal(*[watch.batch(s, Row(s, CH4, 99.0, quality, flags)) for s in range(0, 60, 10)]))

    assert [finding for finding in watch.findings if finding.hazard != "sensor_fault"] == []
    assert watch.health.counts()["detection", "dropped", "quality"] == 6


def test_rows_of_unknown_channels_are_counted_and_passed(tmp_path: Path) -> None:
    watch = Watch(tmp_path, site(channel(CH4, GAS)))
    strange = batch_of([(number, START, 99.0, 1, 0) for number in (0, 77, -3)], Instant(START, 0, "boot"))

    watch.detection.apply([Entry(1, strange, START)])

    assert watch.health.counts()["detection", "dropped", "unknown channel"] == 3


def test_a_row_not_newer_than_its_channels_newest_is_counted_and_passed(tmp_path: Path) -> None:
    watch = Watch(tmp_path, site(channel(CH4, GAS)))

    watch.detection.apply(
        journal(watch.batch(50, Row(50, CH4, 1.0), Row(20, CH4, 99.0), Row(50, CH4, 99.0), Row(45, CH4, 99.0)))
    )

    assert watch.findings == []
    assert watch.health.counts()["detection", "dropped", "late"] == 3


def test_records_that_are_no_readings_are_passed(tmp_path: Path) -> None:
    watch = Watch(tmp_path, TOWN)

    watch.detection.apply([Entry(1, Anchor("boot", 0, START), START)])
    watch.detection.close()

    assert watch.open().position() == 1


def test_two_ladders_of_one_channel_are_watched_apart(tmp_path: Path) -> None:
    inventory = site(channel(PRESSURE, LOW_PRESSURE, HIGH_PRESSURE), channel(CH4, GAS))
    watch = Watch(tmp_path, inventory)

    watch.detection.apply(
        journal(*[watch.batch(s, Row(s, PRESSURE, value)) for s, value in ((0, 0.1), (1, 0.7), (2, 0.3))])
    )

    assert watch.saw() == [
        (0, "supply_abnormal", "yellow", False),
        (1, "supply_abnormal", "none", False),
        (1, "pressure_abnormal", "orange", False),
        (2, "pressure_abnormal", "none", False),
    ]


def test_entries_applied_twice_change_nothing(tmp_path: Path) -> None:
    watch = Watch(tmp_path, site(channel(CH4, GAS)))
    entries = leak(watch)

    watch.detection.apply(entries[:20])
    watch.detection.apply(entries)

    assert [one.level for one in watch.findings] == [Level.YELLOW, Level.NONE]
    assert watch.health.counts()["detection", "received", ""] == len(entries)


def test_a_finding_the_ledger_could_not_take_is_handed_over_again(tmp_path: Path) -> None:
    watch = Watch(tmp_path, site(channel(CH4, GAS)))
    entries = leak(watch)
    watch.ledger_is_away = True

    with pytest.raises(OSError, match="away"):
        watch.detection.apply(entries)
    position = watch.detection.position()
    watch.ledger_is_away = False
    watch.detection.apply(entries)

    assert position == 0
    assert [one.level for one in watch.findings] == [Level.YELLOW, Level.NONE]


def test_a_snapshot_is_taken_every_ten_minutes_of_journal_time(tmp_path: Path) -> None:
    watch = Watch(tmp_path, TOWN)
    ticks = journal(*range(0, 1_300, 10))

    positions = [watch.detection.apply([entry]) for entry in ticks]

    assert sorted(set(positions)) == [1, 61, 121]


def test_a_journal_that_wants_its_room_back_gets_a_snapshot_at_once(tmp_path: Path) -> None:
    watch = Watch(tmp_path, TOWN)
    watch.detection.apply(journal(0, 10, 20)[:1])

    before = watch.detection.apply(journal(0, 10, 20))
    after = watch.detection.apply([])

    assert (before, after) == (1, 3)


def test_a_channel_that_left_the_site_ends_its_findings(tmp_path: Path) -> None:
    watch = Watch(tmp_path, site(channel(CH4, GAS), channel(LEVEL)))
    watch.detection.apply(leak(watch)[:5])
    watch.detection.close()
    watch.inventory = site(channel(LEVEL))
    watch.numbers = {LEVEL: 2}

    watch.open().apply([Entry(6, Tick(START + 50 * SECOND), START + 50 * SECOND)])

    raised, ended = watch.findings
    assert (ended.id, ended.hazard, ended.asset, ended.level) == (raised.id, "gas_leak", "MH-1", Level.NONE)


def test_an_episode_goes_on_under_new_limits(tmp_path: Path) -> None:
    watch = Watch(tmp_path, site(channel(CH4, GAS)))
    entries = leak(watch)
    watch.detection.apply(entries[:5])
    watch.detection.close()
    watch.inventory = site(channel(CH4, replace(GAS, rungs={"yellow": 10.0, "red": 25.0}, on_seconds=0.0)))

    watch.open().apply(entries[5:])

    assert [one.level for one in watch.findings] == [Level.YELLOW, Level.RED, Level.NONE]
    assert len({one.id for one in watch.findings}) == 1


def test_a_state_of_other_limits_begins_anew(tmp_path: Path) -> None:
    watch = Watch(tmp_path, site(channel(CH4, GAS)))
    entries = leak(watch)
    watch.detection.apply(entries[:3])
    watch.detection.close()
    watch.inventory = site(channel(CH4, replace(GAS, on_seconds=20.0)))

    watch.open().apply(entries[3:])

    assert watch.findings[0].start_ns == START + 30 * SECOND


def test_an_unreadable_snapshot_is_put_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "detection.db").write_bytes(b"no database at all" * 100)

    watch = Watch(tmp_path, TOWN)

    assert watch.detection.position() == 0
    assert "starts from the oldest journaled reading" in caplog.text
    assert (tmp_path / "detection.db.unreadable").exists()


def test_without_a_snapshot_the_episodes_of_the_ledger_go_on(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "lost", site(channel(CH4, GAS)))
    entries = leak(watch)
    watch.detection.apply(entries[:5])
    watch.detection.close()
    watch.folder = tmp_path / "new"

    watch.open(standing=watch.findings).apply(entries[4:])

    raised, ended = watch.findings
    assert (ended.id, ended.level) == (raised.id, Level.NONE)


def test_without_a_snapshot_what_nothing_watches_any_more_ends(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "lost", site(channel(CH4, GAS), channel(LEVEL)))
    watch.detection.apply(leak(watch)[:5])
    watch.folder, watch.inventory, watch.numbers = tmp_path / "new", site(channel(LEVEL)), {LEVEL: 2}

    watch.open(standing=watch.findings).apply(journal(500))

    raised, ended = watch.findings
    assert (ended.id, ended.level) == (raised.id, Level.NONE)


VALUES = {
    CH4: st.sampled_from([0.0, 19.0, 21.0, 60.0, 120.0]),
    PRESSURE: st.sampled_from([0.1, 0.15, 0.3, 0.7]),
    LEVEL: st.sampled_from([0.1, 0.1, 0.1, 0.3]),
}


@st.composite
def records(draw: st.DrawFn) -> list[tuple[int, Batch] | int]:
    """Ticks, batches whose rows come up to two minutes late, jumps of journal time, and a stop or two."""
    numbers = {name: number for number, name in enumerate(sorted(TOWN.channels), 1)}
    now = 0
    found: list[tuple[int, Batch] | int] = []
    for _ in range(draw(st.integers(1, 40))):
        now += draw(st.sampled_from([0, 1, 5, 10, 10, 10, 60, 700, 3_000, -100]))
        if draw(st.booleans()):
            found.append(now)
            continue
        rows = [
            (
                numbers[name],
                START + (now - draw(st.sampled_from([0, 0, 0, 1, 5, 12, 50, 120]))) * SECOND,
                draw(VALUES[name]),
                draw(st.sampled_from([1, 1, 1, 2, 4])),
                0,
            )
            for name in draw(st.lists(st.sampled_from(sorted(TOWN.channels)), max_size=6))
        ]
        received_ns = START + now * SECOND
        found.append((received_ns, batch_of(rows, Instant(received_ns, 0, "boot"))))
    return found


def first_sayings(findings: list[Finding]) -> list[Finding]:
    """Leave out what was said before, as the ledger does."""
    kept: list[Finding] = []
    for one in findings:
        if one not in kept:
            kept.append(one)
    return kept


@pytest.mark.slow
@settings(deadline=None)
@given(records=records(), seed=st.integers(0, 2**32 - 1))
def test_however_sliced_and_killed_the_findings_are_the_same(records: list[tuple[int, Batch] | int], seed: int) -> None:
    random = np.random.default_rng(seed)
    entries = journal(*records)
    with TemporaryDirectory() as folder:
        whole = Watch(Path(folder, "whole"), TOWN)
        whole.detection.apply(entries)
        whole.detection.close()

        killed = Watch(Path(folder, "killed"), TOWN)
        done = 0
        while done < len(entries):
            slice_end = min(len(entries), done + int(random.integers(1, 6)))
            killed.detection.apply(entries[done:slice_end])
            done = slice_end
            if random.random() < 0.4:
                # A kill leaves the file as the last snapshot wrote it; a stop writes one more.
                if random.random() < 0.3:
                    killed.detection.close()
                else:
                    killed.detection._snapshot.close()
                done = killed.open().position()
        killed.detection.close()

    assert first_sayings(killed.findings) == whole.findings
