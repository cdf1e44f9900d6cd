"""The proof over the real stores of a gateway: clean, with redeliveries apart, and with what was taken away named."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.app.self_check import SelfCheck
from gateway.cli import main
from gateway.clock import FakeClock, Ntp
from gateway.early_warning import Drilled
from gateway.model import SECOND, Quality, batch_of
from gateway.proof import prove
from tests.example_site import example_site

METHANE, NEAR = "MH-0231.gas-0231.ch4", "MH-0232.gas-0232.ch4"
NOON = 1_700_006_400 * SECOND
HOUR_NS = 3_600 * SECOND
PERIODS = {METHANE: 10.0}


class Told:
    def ntp(self) -> Ntp:
        return Ntp.SYNCHRONISED


@asynccontextmanager
async def gateway_on(state: Path, clock: FakeClock) -> AsyncIterator[Gateway]:
    """Run a gateway without collectors."""
    async with Gateway(replace(example_site(), collectors={}), state, clock=clock, trust=Told(), port=0) as gateway:
        yield gateway


async def an_hour(gateway: Gateway, clock: FakeClock, *, every: int = 10, without: range = range(0)) -> None:
    """Put a reading of two channels every so many seconds of one hour, with the journal's ticks."""
    numbers = gateway.numbers[METHANE], gateway.numbers[NEAR]
    for second in range(0, 3_600, every):
        now = clock.now()
        if second not in without:
            rows = [(number, now.utc_ns, float(second), Quality.GOOD, 0) for number in numbers]
            await gateway.put([batch_of(rows, now)], urgent=True)
        clock.set_monotonic(now.monotonic_ns + every * SECOND)


async def test_a_sound_hour_is_proven_live_and_after_the_stop(tmp_path: Path) -> None:
    clock = FakeClock(NOON)
    async with gateway_on(tmp_path, clock) as gateway:
        await an_hour(gateway, clock)
        check = SelfCheck(tmp_path, gateway.inventory, clock=clock, health=gateway.health)
        live = check.check()
        gauges = gateway.health.gauges()

    after = prove(tmp_path, since_ns=NOON, until_ns=NOON + HOUR_NS, periods=PERIODS)

    assert live is not None
    for report in (live, after):
        assert report.verdict == "0 lost, 0 duplicated"
        assert report.total("journaled") == 720
        assert report.total("stored") + report.total("waiting") == 720
    assert after.total("waiting") == 0
    assert after.discrepancies == []
    assert (gauges["proof_lost"], gauges["proof_duplicated"]) == (0.0, 0.0)


async def test_redeliveries_stand_apart(tmp_path: Path) -> None:
    clock = FakeClock(NOON)
    async with gateway_on(tmp_path, clock) as gateway:
        await an_hour(gateway, clock)
        rows = [(gateway.numbers[METHANE], NOON + 10 * second * SECOND, 10.0 * second, 1, 0) for second in range(7)]
        await gateway.put([batch_of(rows, clock.now())], urgent=True)

    report = prove(tmp_path, since_ns=NOON, until_ns=NOON + HOUR_NS)

    assert (report.verdict, report.total("redelivered"), report.total("journaled")) == ("0 lost, 0 duplicated", 7, 720)


async def test_what_is_not_in_the_history_is_named_with_channel_time_and_reason(tmp_path: Path) -> None:
    clock = FakeClock(NOON)
    async with gateway_on(tmp_path, clock) as gateway:
        await an_hour(gateway, clock)
    with closing(sqlite3.connect(tmp_path / "history" / "head.db")) as head:
        (last,) = head.execute("select max(entry) from log").fetchone()
        head.execute("delete from log where entry = ?", (last,))
        head.commit()

    report = prove(tmp_path, since_ns=NOON, until_ns=NOON + HOUR_NS)

    lost = [one for one in report.discrepancies if one.kind == "lost"]
    assert not report.is_clean
    assert {one.channel for one in lost} == {METHANE, NEAR}
    assert sum(one.count for one in lost) == report.total("lost") > 0
    assert lost[0].end_ns == NOON + 3_590 * SECOND
    assert "not in it" in lost[0].reason


async def test_missed_polls_are_no_loss_and_are_named(tmp_path: Path) -> None:
    clock = FakeClock(NOON)
    async with gateway_on(tmp_path, clock) as gateway:
        await an_hour(gateway, clock, without=range(600, 1_200))

    report = prove(tmp_path, since_ns=NOON, until_ns=NOON + HOUR_NS, periods=PERIODS)

    (missed,) = report.discrepancies
    assert report.is_clean
    assert (missed.kind, missed.channel, missed.count) == ("missed", METHANE, 60)
    assert (missed.start_ns, missed.end_ns) == (NOON + 590 * SECOND, NOON + 1_200 * SECOND)


async def test_a_box_that_was_set_up_late_in_the_hour_missed_nothing_before(tmp_path: Path) -> None:
    clock = FakeClock(NOON + 3_000 * SECOND)
    async with gateway_on(tmp_path, clock) as gateway:
        await an_hour(gateway, clock, without=range(600, 3_600))

    report = prove(tmp_path, since_ns=NOON, until_ns=NOON + HOUR_NS, periods=PERIODS)

    assert report.total("journaled") == 120
    assert report.discrepancies == []


async def test_the_command_says_it_in_one_line_and_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock(NOON)
    async with gateway_on(tmp_path, clock) as gateway:
        await an_hour(gateway, clock, every=60)

    code = main(["proof", str(tmp_path), "--since", "2023-11-15T00:00:00Z"])
    text = capsys.readouterr().out
    main(["proof", str(tmp_path), "--since", "2023-11-15T00:00:00Z", "--hours", "--json"])
    document = json.loads(capsys.readouterr().out)

    assert code == 0
    assert text.splitlines()[-1] == "0 lost, 0 duplicated"
    assert (document["lost"], document["journaled"], document["stored"]) == (0, 120, 120)


async def test_a_drill_held_in_that_time_is_told_with_its_outcome(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = FakeClock(NOON)
    async with gateway_on(tmp_path, clock) as gateway:
        await an_hour(gateway, clock, every=60)
        drill = Drilled("uplink", "", "Li Wei", NOON + SECOND, NOON + 61 * SECOND, 1.25, 120, 0, 0)
        await asyncio.wrap_future(gateway.ledger.record_drill(drill))

    code = main(["proof", str(tmp_path), "--since", "2023-11-15T00:00:00Z"])

    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("drill")]
    assert code == 0
    assert said[0].endswith("uplink by Li Wei: recovered after 1.2 s, 0 lost, 0 duplicated")


def test_a_folder_without_a_gateways_state_is_said_to_be_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["proof", str(tmp_path)])

    assert code == 69
    assert "has no proof" in capsys.readouterr().err


def test_a_time_that_is_none_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["proof", str(tmp_path), "--since", "yesterday"])

    assert code == 78
    assert "'yesterday' is no time" in capsys.readouterr().err
