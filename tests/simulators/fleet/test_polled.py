"""Lines of a fleet, TCP and serial, are read by the gateway's own collector and by mbpoll, each unit as it behaves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest

from gateway.clock import SystemClock
from gateway.collectors.backoff import Backoff
from gateway.collectors.modbus_line import ModbusLine
from gateway.model import SECOND, Batch, Quality
from gateway.profiles import Point, Profile, RegisterPlace, StatusRule, read_profile
from gateway.profiles.registers import ModbusHints
from gateway.settings import ModbusRtuOverTcpSettings, ModbusRtuSettings, ModbusSettings, ModbusTcpSettings
from simulators.devices import registers_of
from simulators.fleet import Line, LiveFleet
from simulators.instruments import Fault
from simulators.servers.registers import Behaviour
from simulators.servers.serial_pair import SerialPair
from tests.gateway.collectors.rig import RecordingJournal, WatchedHealth, collecting
from tests.simulators.fleet.collected import Played, device, site

METER = {"flow": 36.5, "velocity": 0.5, "sound_speed": 1480.25, "signal_quality": 78.0}
GAUGE = {"pressure": 0.375, "temperature": 12.5}
VALUES = {"meter-1": METER, "meter-2": {**METER, "flow": -4.25}, "gauge-9": GAUGE}
UNITS = {"meter-1": 1, "meter-2": 2, "gauge-9": 9}
PROFILES = {"meter-1": "water/tuf2000m", "meter-2": "water/tuf2000m", "gauge-9": "water/keller_36xw"}

pytestmark = pytest.mark.slow


class Wired(NamedTuple):
    fleet: LiveFleet
    settings: ModbusSettings
    port: str
    """What another master opens: a TCP port or a serial one."""


def _played(*faults: Fault) -> Played:
    devices = [device(name, read_profile(PROFILES[name]), "line", UNITS[name]) for name in VALUES]
    return Played(site(devices, VALUES), VALUES, *faults)


@asynccontextmanager
async def _wired(kind: str, played: Played, *, timeout_seconds: float = 0.5) -> AsyncIterator[Wired]:
    """Run a fleet on a line of a kind for the length of a block."""
    polls = 0.2
    if kind == "rtu":
        with SerialPair() as wire:
            async with played.live(lines={"line": Line(device=wire.theirs)}) as fleet:
                settings = ModbusRtuSettings(
                    "line", wire.ours, 115_200, poll_seconds=polls, timeout_seconds=timeout_seconds
                )
                yield Wired(fleet, settings, wire.ours)
        return
    line = Line(framing="rtu" if kind == "rtu over tcp" else "tcp")
    async with played.live(lines={"line": line}) as fleet:
        make = ModbusRtuOverTcpSettings if kind == "rtu over tcp" else ModbusTcpSettings
        port = fleet.ports["line"]
        yield Wired(fleet, make("line", fleet.host, port, polls, timeout_seconds), str(port))


def _collector(settings: ModbusSettings, played: Played, health: WatchedHealth) -> ModbusLine:
    backoff = Backoff(0.02, 0.1, seed=1)
    return ModbusLine(settings, played.collected("line"), clock=SystemClock(), health=health, backoff=backoff)


@pytest.fixture
async def journal() -> RecordingJournal:
    return RecordingJournal()


KINDS = ("tcp", "rtu over tcp", "rtu")


@pytest.mark.parametrize("kind", KINDS)
async def test_several_units_of_a_line_are_read_with_their_values(kind: str, journal: RecordingJournal) -> None:
    played, health = _played(), WatchedHealth()

    async with _wired(kind, played) as wired, collecting(_collector(wired.settings, played, health), journal):
        told = await played.until_all_told(journal, times=3)

    wanted = played.wanted
    assert told == pytest.approx(wanted)
    assert [row for row in journal.rows if row[2] != pytest.approx(wanted[row[0]])] == []
    assert journal.quarantine == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_unit_that_refuses_and_one_that_is_slow_cost_their_neighbour_nothing(
    kind: str, journal: RecordingJournal
) -> None:
    refuses = Fault(0, "exceptions", "meter-1", amount=6.0)
    slow = Fault(0, "slow", "meter-2", amount=0.1)
    played, health = _played(refuses, slow), WatchedHealth()
    ours = played.numbers["A-meter-1.meter-1.flow"]

    async with _wired(kind, played) as wired, collecting(_collector(wired.settings, played, health), journal):
        await journal.until(lambda: _count(played, journal, "meter-2") >= 3 and _count(played, journal, "gauge-9") >= 3)

    assert not any(channel == ours for channel, _, _ in journal.rows)
    assert health.counted("collector:line", "failed", "exception 6") >= 1
    wanted = played.wanted
    assert [row for row in journal.rows if row[2] != pytest.approx(wanted[row[0]])] == []


@pytest.mark.parametrize("kind", KINDS)
async def test_late_replies_never_become_another_units_value(kind: str, journal: RecordingJournal) -> None:
    late = Fault(0, "late", "meter-2", amount=0.25)
    played, health = _played(late), WatchedHealth()

    async with (
        _wired(kind, played, timeout_seconds=0.15) as wired,
        collecting(_collector(wired.settings, played, health), journal),
    ):
        await journal.until(lambda: _count(played, journal, "meter-1") >= 8)
        await health.until(lambda: health.counted("collector:line", "failed", "timeout") >= 1)

    wanted = played.wanted
    assert [row for row in journal.rows if row[2] != pytest.approx(wanted[row[0]])] == []


async def test_a_connection_that_is_half_open_is_noticed_and_read_again_later(journal: RecordingJournal) -> None:
    begins_ns = time.time_ns()
    fault = Fault(begins_ns, "half_open", "meter-1", seconds=2.0)
    faults = [Fault(begins_ns, "half_open", name, seconds=fault.seconds) for name in VALUES]
    played, health = _played(*faults), WatchedHealth()

    async with _wired("tcp", played) as wired, collecting(_collector(wired.settings, played, health), journal):
        await health.until(lambda: health.counted("collector:line", "failed", "timeout") >= 1)
        assert journal.rows == []
        told = await played.until_all_told(journal)

    assert told == pytest.approx(played.wanted)
    assert min(time_ns for _, time_ns, _ in journal.rows) >= fault.end_ns


async def test_a_dead_line_breaks_the_connection_and_comes_back(journal: RecordingJournal) -> None:
    begins_ns = time.time_ns() + SECOND
    faults = [Fault(begins_ns, "dead_line", name, seconds=1.5) for name in VALUES]
    played, health = _played(*faults), WatchedHealth()

    async with _wired("tcp", played) as wired, collecting(_collector(wired.settings, played, health), journal):
        await health.until(lambda: health.counted("collector:line", "failed", "connection") >= 1)
        await played.until_all_told(journal, times=1)
        await journal.until(lambda: max(time_ns for _, time_ns, _ in journal.rows) > faults[0].end_ns)

    assert [row for row in journal.rows if faults[0].time_ns + SECOND // 10 < row[1] < faults[0].end_ns] == []


async def test_a_unit_may_be_told_to_misbehave_on_a_serial_line(journal: RecordingJournal) -> None:
    played, health = _played(), WatchedHealth()

    async with _wired("rtu", played) as wired, collecting(_collector(wired.settings, played, health), journal):
        wired.fleet.behave("gauge-9", Behaviour(exception=4))
        await health.until(lambda: health.counted("collector:line", "failed", "exception 4") >= 1)

    assert wired.fleet.counted().requests >= 1


async def test_test_gas_is_told_in_the_status_and_makes_no_reading_good(journal: RecordingJournal) -> None:
    points = {
        "gas": Point("gas", "combustible_gas", "%{LEL}", RegisterPlace("holding", 0, "uint16")),
        "status": Point("status", "status_bits", "1", RegisterPlace("holding", 1, "uint16")),
    }
    rule = StatusRule("status", (4, 5), (1,), "maintenance", ("gas",))
    detector = Profile("gas/x", "", "gas", "modbus", "", points, (), modbus=ModbusHints(statuses=(rule,)))
    values = {"detector": {"gas": 50.0, "status": 0.0}}
    inventory = site([device("detector", detector, "line", 5)], values)
    played = Played(inventory, values, Fault(0, "calibration", "detector", amount=50.0))

    async with (
        _wired("tcp", played) as wired,
        collecting(_collector(wired.settings, played, WatchedHealth()), journal),
    ):
        told = await played.until_all_told(journal)

    batches = [record for record in journal.records if isinstance(record, Batch)]
    qualities = {
        (number, quality)
        for batch in batches
        for number, quality in zip(batch.channel.tolist(), batch.quality.tolist(), strict=True)
    }
    assert told == {played.numbers["A-detector.detector.gas"]: 50.0, played.numbers["A-detector.detector.status"]: 16.0}
    assert (played.numbers["A-detector.detector.gas"], Quality.SUSPECT) in qualities
    assert (played.numbers["A-detector.detector.gas"], Quality.GOOD) not in qualities


@pytest.mark.parametrize("kind", ["tcp", "rtu"])
async def test_mbpoll_reads_every_register_of_the_fleet_as_it_truly_is(kind: str, need: Callable[[str], str]) -> None:
    mbpoll, played = need("mbpoll"), _played()
    ((_, first, words),) = registers_of(played.inventory.devices["meter-2"].profile, VALUES["meter-2"])
    how = ["-m", "rtu", "-b", "9600", "-P", "none"] if kind == "rtu" else ["-m", "tcp"]
    asks = ["-a", "2", "-0", "-r", str(first), "-c", str(len(words)), "-t", "4:hex", "-1", "-q"]

    async with _wired(kind, played) as wired:
        where = [wired.port] if kind == "rtu" else ["-p", wired.port, wired.fleet.host]
        child = await asyncio.create_subprocess_exec(mbpoll, *how, *asks, *where, stdout=asyncio.subprocess.PIPE)
        output, _ = await asyncio.wait_for(child.communicate(), 60)

    told = [int(line.split()[1], 16) for line in output.decode().splitlines() if line.startswith("[")]
    assert len(words) > 50
    assert told == words


@pytest.mark.parametrize("kind", ["tcp", "rtu"])
async def test_mbpoll_is_told_of_a_unit_that_refuses(kind: str, need: Callable[[str], str]) -> None:
    mbpoll, played = need("mbpoll"), _played(Fault(0, "exceptions", "meter-1", amount=4.0))
    how = ["-m", "rtu", "-b", "9600", "-P", "none"] if kind == "rtu" else ["-m", "tcp"]

    async with _wired(kind, played) as wired:
        where = [wired.port] if kind == "rtu" else ["-p", wired.port, wired.fleet.host]
        asks = [*how, "-a", "1", "-0", "-r", "0", "-c", "2", "-1", "-q", *where]
        child = await asyncio.create_subprocess_exec(mbpoll, *asks, stderr=asyncio.subprocess.PIPE)
        _, said = await asyncio.wait_for(child.communicate(), 60)

    assert child.returncode != 0
    assert "Slave device or server failure" in said.decode()


def _count(played: Played, journal: RecordingJournal, name: str) -> int:
    """Return how often the rarest channel of a device was journaled."""
    numbers = [number for channel, number in played.numbers.items() if f".{name}." in channel]
    return min(sum(row[0] == number for row in journal.rows) for number in numbers)
