"""Live and late findings: what was learned too late is told as such, and never raises a live warning."""

from __future__ import annotations

from pathlib import Path

from tests.gateway.detection.scene import GAS, Row, Watch, channel, journal, site

CH4 = "MH-1.gas.ch4"


def watched(folder: Path) -> Watch:
    """One gas channel that reports every 10 s, fresh for 30 s; the ladder wants 10 s to rise and 60 s to clear."""
    return Watch(folder, site(channel(CH4, GAS)))


def rows(start: int, end: int, value: float) -> list[Row]:
    return [Row(second, CH4, value) for second in range(start, end, 10)]


def test_a_leak_that_came_and_went_unseen_is_told_late(tmp_path: Path) -> None:
    watch = watched(tmp_path)

    watch.detection.apply(journal(watch.batch(3_600, *rows(0, 100, 30.0), *rows(100, 300, 1.0))))

    assert watch.saw() == [(3_600, "gas_leak", "yellow", True), (3_600, "gas_leak", "none", True)]


def test_a_late_episode_that_still_stands_becomes_live_with_its_first_fresh_reading(tmp_path: Path) -> None:
    watch = watched(tmp_path)

    watch.detection.apply(
        journal(
            watch.batch(600, *rows(0, 100, 30.0)),
            watch.batch(601, Row(601, CH4, 30.0)),
            watch.batch(611, Row(611, CH4, 30.0)),
        )
    )

    assert watch.saw() == [(600, "gas_leak", "yellow", True), (601, "gas_leak", "yellow", False)]
    assert len({one.id for one in watch.findings}) == 1


def test_a_backlog_that_ends_in_fresh_readings_becomes_live_within_the_batch(tmp_path: Path) -> None:
    watch = watched(tmp_path)

    watch.detection.apply(journal(watch.batch(90, *rows(0, 100, 30.0))))

    assert watch.saw() == [(90, "gas_leak", "yellow", True), (90, "gas_leak", "yellow", False)]
    late, live = watch.findings
    assert (live.time_ns - late.time_ns) // 10**9 == 50


def test_late_readings_end_a_live_warning(tmp_path: Path) -> None:
    watch = watched(tmp_path)

    watch.detection.apply(
        journal(
            watch.batch(0, *rows(0, 10, 30.0)),
            watch.batch(10, *rows(10, 20, 30.0)),
            watch.batch(600, *rows(20, 200, 1.0)),
        )
    )

    assert watch.saw() == [(10, "gas_leak", "yellow", False), (600, "gas_leak", "none", False)]


def test_a_late_rise_of_a_live_warning_is_late_and_its_fall_to_what_was_said_is_silent_about_it(tmp_path: Path) -> None:
    watch = watched(tmp_path)

    watch.detection.apply(
        journal(
            watch.batch(0, *rows(0, 10, 30.0)),
            watch.batch(10, *rows(10, 20, 30.0)),
            watch.batch(600, *rows(20, 60, 120.0), *rows(60, 200, 1.0)),
        )
    )

    assert watch.saw() == [
        (10, "gas_leak", "yellow", False),
        (600, "gas_leak", "red", True),
        (600, "gas_leak", "none", False),
    ]
