"""The gateway in memory says what the gateway on disk says of the same readings at the same times."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from gateway.app import Gateway
from gateway.app.in_memory import InMemoryGateway
from gateway.clock import FakeClock
from gateway.early_warning import EarlyWarning, State, StepKind
from gateway.model import SECOND, Batch, Record, Tick
from gateway.settings import Site, load_site

START = 1_767_225_600
SITE = """
site: {id: well}
collectors: {line: {kind: modbus_tcp, host: 10.0.0.1}}
assets:
  W-1: {kind: manhole, lifeline: drainage}
  W-2: {kind: manhole, lifeline: drainage}
devices:
  r1: {profile: drainage/vegapuls, collector: line, unit: 1, asset: W-1}
  r2: {profile: drainage/vegapuls, collector: line, unit: 2, asset: W-2}
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
CHANNELS = ("W-1.r1.level", "W-2.r2.level")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return load_site(path)


def story() -> list[tuple[int, int, float]]:
    """Return (second, channel, level) of six hours: two floods in one well, a long silence in the other."""
    rows = []
    for minute in range(360):
        is_flood = 60 <= minute < 90 or 200 <= minute < 260
        rows.append((60 * minute, 1, 2.7 if is_flood else 1.0 + minute / 1_000))
        if not 100 <= minute < 150:
            rows.append((60 * minute, 2, 0.5 + minute / 1_000))
    return rows


def feed_in_memory(gateway: InMemoryGateway, rows: Sequence[tuple[int, int, float]]) -> None:
    second, channel, value = (np.array(column) for column in zip(*rows, strict=True))
    time_ns = (START + second.astype(np.int64)) * SECOND
    gateway.feed(time_ns, channel.astype(np.int32), time_ns, value.astype(np.float64))


def findings_of(warnings: Sequence[EarlyWarning]) -> set[tuple[str, int, int]]:
    """Return id, start and newest state's time of every finding of some warnings."""
    return {
        (one.id, one.start_ns, one.time_ns)
        for warning in warnings
        for one in warning.findings.values()
        if not one.level
    }


async def test_it_tells_the_same_findings_as_a_gateway_on_disk(site: Site, tmp_path: Path) -> None:
    numbers = dict(zip(CHANNELS, (1, 2), strict=True))
    with InMemoryGateway(site, numbers) as in_memory:
        feed_in_memory(in_memory, story())
    clock = FakeClock(START * SECOND)
    same = dataclasses.replace(site, inventory=in_memory.inventory)

    async with Gateway(same, tmp_path / "state", clock=clock, live=False) as on_disk:
        next_tick = START
        for second in sorted({row[0] for row in story()}):
            received_ns = (START + second) * SECOND
            records: list[Record] = []
            while next_tick < START + second:
                records.append(Tick(next_tick * SECOND))
                next_tick += 10
            rows = [row for row in story() if row[0] == second]
            channel = np.array([on_disk.numbers[CHANNELS[row[1] - 1]] for row in rows], np.int32)
            value, time_ns = np.array([row[2] for row in rows]), np.full(len(rows), received_ns, np.int64)
            quality, flags = np.ones(len(rows), np.uint8), np.zeros(len(rows), np.uint16)
            records.append(Batch(channel, time_ns, value, quality, flags, received_ns, second, "b"))
            await on_disk.put(records, urgent=True)
        await on_disk.drained()
        warnings = on_disk.ledger.warnings(include_closed=True)

    told = findings_of(list(in_memory.warnings.values()))
    assert len(told) == 3
    assert told == findings_of(warnings)


def test_an_episode_after_one_that_cleared_is_a_new_warning(site: Site) -> None:
    with InMemoryGateway(site, {CHANNELS[0]: 1}) as gateway:
        feed_in_memory(gateway, [row for row in story() if row[1] == 1])

    floods = [warning for warning in gateway.warnings.values() if warning.hazard == "sewer_overflow"]
    assert [warning.state for warning in floods] == [State.CLOSED, State.CLOSED]
    assert [step.kind for step in floods[0].steps][-2:] == [StepKind.CLEARED, StepKind.ACKNOWLEDGED]


def test_however_it_is_cut_the_same_is_said(site: Site) -> None:
    told = []
    for size in (1, 7, 1_000):
        with InMemoryGateway(site, dict(zip(CHANNELS, (1, 2), strict=True))) as gateway:
            for start in range(0, len(story()), size):
                feed_in_memory(gateway, story()[start : start + size])
        told.append([(warning.id, warning.peak_level, warning.state) for warning in gateway.warnings.values()])

    assert told[0] == told[1] == told[2]


def test_a_channel_that_is_not_replayed_is_not_silent(site: Site) -> None:
    with InMemoryGateway(site, {CHANNELS[0]: 1}) as gateway:
        feed_in_memory(gateway, [row for row in story() if row[1] == 1])

    assert {warning.asset for warning in gateway.warnings.values()} == {"W-1"}


def test_a_silence_of_years_says_what_one_of_days_says_and_costs_no_memory(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    portions: list[int] = []

    def told(years: int) -> set[tuple[str, int, int, str]]:
        later = 20 * 86_400 + years * 365 * 86_400
        with InMemoryGateway(site, dict(zip(CHANNELS, (1, 2), strict=True))) as gateway:
            apply = gateway._apply

            def counted(records: Sequence[Record]) -> None:
                portions.append(len(records))
                apply(records)

            monkeypatch.setattr(gateway, "_apply", counted)
            again = [(second + later, channel, value) for second, channel, value in story()]
            feed_in_memory(gateway, [*story(), *again])
        said = [finding for findings in gateway.said.values() for finding in findings]
        back = later * SECOND

        def moment(time_ns: int) -> int:
            return time_ns - back if time_ns > START * SECOND + back // 2 else time_ns

        return {(one.hazard, moment(one.start_ns), moment(one.learned_ns), one.level.name) for one in said}

    days, decades = told(0), told(30)

    assert decades == days
    assert max(portions) <= 10_000
    assert sum(portions) < 100_000


def test_a_clock_is_set_right_where_it_is_known_when_readings_were_received(site: Site) -> None:
    ahead_ns = 3_600 * SECOND
    devices = {name: dataclasses.replace(one, clock="correct") for name, one in site.inventory.devices.items()}
    corrected = dataclasses.replace(site, inventory=dataclasses.replace(site.inventory, devices=devices))
    second = np.arange(0, 3 * 3_600, 60, dtype=np.int64)
    received_ns = (START + second) * SECOND
    level = np.where((second >= 3_600) & (second < 5_400), 2.7, 1.0 + second / 1e5)

    corrections = []
    for is_received in (True, False):
        with InMemoryGateway(corrected, {CHANNELS[0]: 1}, is_received=is_received) as gateway:
            gateway.feed(received_ns, np.ones(len(second), np.int32), received_ns + ahead_ns, level)
        corrections.append(gateway.health.counts().get(("clocks", "sent", "corrected"), 0))

    assert corrections == [1, 0]
