"""Serial lines over pseudo-terminals (no line time) and RTU over TCP, against pymodbus's server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.collectors.backoff import Backoff
from gateway.collectors.contract import CollectedDevice
from gateway.collectors.modbus_line import ModbusLine
from gateway.collectors.modbus_memory import LineMemory
from gateway.errors import NotAllowed, Unreachable
from gateway.inventory import WriteRule
from gateway.model import Attribute, Batch, Flag, Quality
from gateway.profiles import Counter, ModbusHints, StatusRule, WarmUp
from gateway.settings import ModbusRtuOverTcpSettings, ModbusRtuSettings, ModbusSettings, ModbusTcpSettings
from simulators.servers.modbus_server import ModbusServer
from simulators.servers.registers import Behaviour
from simulators.servers.serial_pair import SerialPair
from tests.gateway.collectors.modbus_rig import device, point, profile, seen
from tests.gateway.collectors.rig import RecordingJournal, WatchedHealth, collecting

GAUGE = profile(point("level", 5), point("rate", 6))


def line(
    settings: ModbusSettings, health: WatchedHealth, *devices: CollectedDevice, memory: LineMemory | None = None
) -> ModbusLine:
    return ModbusLine(
        settings, devices, clock=SystemClock(), health=health, backoff=Backoff(0.02, 0.1, seed=1), memory=memory
    )


def tcp(server: ModbusServer, **more: float) -> ModbusTcpSettings:
    return ModbusTcpSettings("line", server.host, server.port, 0.03, 0.2, **more)


@pytest.fixture
def server() -> Iterator[ModbusServer]:
    with ModbusServer() as running:
        yield running


@pytest.mark.parametrize("mode", ["rtu", "ascii"])
async def test_a_serial_line_is_polled(mode: str, journal: RecordingJournal, health: WatchedHealth) -> None:
    with SerialPair() as wire, ModbusServer(framing=mode, device=wire.theirs) as server:  # type: ignore[arg-type] # of the table above
        server.echo(1)
        server.echo(2)
        settings = ModbusRtuSettings("line", wire.ours, 115_200, mode=mode, poll_seconds=0.05, timeout_seconds=0.5)  # type: ignore[arg-type] # as above
        async with collecting(line(settings, health, device(1, GAUGE), device(2, GAUGE)), journal):
            await journal.until(lambda: seen(journal)[12] >= 3 and seen(journal)[22] >= 3)

    assert {(channel % 10, value) for channel, _, value in journal.rows} == {(1, 5.0), (2, 6.0)}
    assert journal.quarantine == []


async def test_rtu_frames_over_tcp_are_polled(journal: RecordingJournal, health: WatchedHealth) -> None:
    with ModbusServer(framing="rtu") as server:
        server.echo(1)
        settings = ModbusRtuOverTcpSettings("line", server.host, server.port, 0.05, 0.5)
        async with collecting(line(settings, health, device(1, GAUGE)), journal):
            await journal.until(lambda: len(journal.rows) >= 4)

    assert {value for _, _, value in journal.rows} == {5.0, 6.0}


async def test_a_late_reply_on_a_line_without_ids_never_becomes_the_next_value(
    journal: RecordingJournal, health: WatchedHealth
) -> None:
    """Both blocks have one register: a late reply fits the next request in all but its value."""
    far = profile(point("near", 5), point("far", 500))
    with ModbusServer(framing="rtu") as server:
        server.echo(1)
        server.behave(1, Behaviour(delay_seconds=0.15))
        settings = ModbusRtuOverTcpSettings("line", server.host, server.port, 0.02, 0.1)
        async with collecting(line(settings, health, device(1, far)), journal):
            await health.until(lambda: health.counted("collector:line", "failed", "timeout") >= 3)
            server.behave(1, Behaviour())
            await journal.until(lambda: seen(journal)[12] >= 5)

    assert {(channel, value) for channel, _, value in journal.rows} == {(11, 5.0), (12, 500.0)}


async def test_the_first_values_after_a_timeout_are_suspect(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    server.echo(1)
    server.behave(1, Behaviour(is_silent=True))
    async with collecting(line(tcp(server), health, device(1, GAUGE)), journal):
        await journal.until(lambda: len(journal.quarantine) == 1)
        server.behave(1, Behaviour())
        await journal.until(lambda: len(journal.rows) >= 4)

    batches = [record for record in journal.records if isinstance(record, Batch)]
    assert batches[0].quality.tolist() == [Quality.SUSPECT] * 2
    assert batches[0].flags.tolist() == [Flag.AFTER_TIMEOUT] * 2
    assert batches[1].quality.tolist() == [Quality.GOOD] * 2


async def test_a_device_that_refuses_long_reads_is_bisected_and_this_is_remembered(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth, tmp_path: Path
) -> None:
    eight = profile(*(point(f"p{number}", number) for number in range(8)))
    server.echo(1)
    server.behave(1, Behaviour(longest=2))
    path = tmp_path / "modbus" / "line.json"
    async with collecting(line(tcp(server), health, device(1, eight), memory=LineMemory(path)), journal):
        await journal.until(lambda: len(seen(journal)) == 8)
        await health.until(path.exists)
    refused = health.counted("collector:line", "failed", "exception 3")

    async with collecting(line(tcp(server), health, device(1, eight), memory=LineMemory(path)), journal):
        await journal.until(lambda: min(seen(journal).values()) >= 6)

    assert refused == 3
    assert health.counted("collector:line", "failed", "exception 3") == refused


async def test_a_value_beyond_its_limit_is_polled_at_the_fast_rate(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    model = profile(point("gas", 5, fast_above=20.0), point("battery", 300))
    server.put(1, "holding", 5, [10])
    server.put(1, "holding", 300, [36])
    settings = ModbusTcpSettings("line", server.host, server.port, 0.2, 0.2, fast_seconds=0.01)
    async with collecting(line(settings, health, device(1, model)), journal):
        await journal.until(lambda: seen(journal)[12] >= 2)
        at_first = seen(journal)[11]
        server.put(1, "holding", 5, [30])
        await journal.until(lambda: seen(journal)[11] >= 30)

    assert at_first <= 4
    assert seen(journal)[12] <= 10


async def test_slow_points_are_polled_seldom(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    server.echo(1)
    model = profile(point("flow", 5), point("total", 6, poll="slow"))
    settings = ModbusTcpSettings("line", server.host, server.port, 0.01, 0.2, slow_seconds=5.0)
    async with collecting(line(settings, health, device(1, model)), journal):
        await journal.until(lambda: seen(journal)[11] >= 20)

    assert seen(journal)[12] <= 1


async def test_a_status_bit_makes_a_reading_of_a_sensor_in_calibration_suspect(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    rule = StatusRule("status", (3, 3), (1,), "maintenance", ("gas",))
    model = profile(point("gas", 5), point("status", 400), hints=ModbusHints(statuses=(rule,)))
    server.put(1, "holding", 5, [80])
    server.put(1, "holding", 400, [8])
    async with collecting(line(tcp(server), health, device(1, model)), journal):
        await journal.until(lambda: len(journal.rows) >= 2)

    first = journal.records[0]
    assert isinstance(first, Batch)
    assert (first.quality[0], first.flags[0]) == (Quality.SUSPECT, Flag.MAINTENANCE)
    assert first.quality[1] == Quality.GOOD


async def test_a_counter_goes_on_over_a_rollover_and_says_a_reset(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    model = profile(point("total", 5, counter=Counter(65_536.0)))
    server.put(1, "holding", 5, [65_530])
    async with collecting(line(tcp(server), health, device(1, model)), journal):
        await journal.until(lambda: len(journal.rows) >= 1)
        server.put(1, "holding", 5, [4])
        await journal.until(lambda: any(value == 65_540 for _, _, value in journal.rows))
        server.put(1, "holding", 5, [1])
        await journal.until(lambda: any(value == 1 for _, _, value in journal.rows))

    told = [record for record in journal.records if isinstance(record, Attribute)]
    assert [(each.point, each.text) for each in told] == [("total", "reset from 65540 to 1")]


async def test_a_text_becomes_an_attribute_once(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    model = profile(point("level", 5), point("serial", 50, of="text", words=3, is_text=True))
    server.put(1, "holding", 5, [7])
    server.put(1, "holding", 50, [0x5655, 0x2D37, 0])
    async with collecting(line(tcp(server), health, device(1, model)), journal):
        await journal.until(lambda: len(journal.rows) >= 5)

    told = [record for record in journal.records if isinstance(record, Attribute)]
    assert [(each.device, each.point, each.text) for each in told] == [("unit-1", "serial", "VU-7")]


async def test_a_unit_that_warms_up_is_asked_first_and_leaves_the_line_to_others(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    warm = profile(point("oxygen", 5), hints=ModbusHints(warm_up=WarmUp("holding", 0x2500, settle_seconds=0.3)))
    server.echo(1)
    server.echo(2)
    async with collecting(line(tcp(server), health, device(1, warm), device(2, GAUGE)), journal):
        await journal.until(lambda: seen(journal)[11] >= 1)

    requests = [(unit, address) for unit, _, address, _ in server.table.requests()]
    assert requests.index((1, 0x2500)) < requests.index((1, 5))
    assert seen(journal)[21] >= 3


async def test_only_what_the_site_lists_is_written(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    server.echo(1)
    server.put(2, "holding", 5, [0, 0])
    server.behave(2, Behaviour(is_writable=True))
    valve = device(2, GAUGE, writes={"level": WriteRule(range=(0.0, 100.0))})
    collector = line(tcp(server), health, device(1, GAUGE), valve)
    async with collecting(collector, journal):
        await collector.writing.write("unit-2", "level", 42)
        for wrong in (("unit-1", "level", 1.0), ("unit-2", "rate", 1.0), ("unit-2", "level", 101.0)):
            with pytest.raises(NotAllowed):
                await collector.writing.write(*wrong)
        await journal.until(lambda: (21, 42.0) in {(channel, value) for channel, _, value in journal.rows})
        server.behave(2, Behaviour())
        with pytest.raises(Unreachable, match="illegal function"):
            await collector.writing.write("unit-2", "level", 7)


async def test_something_that_talks_without_being_asked_becomes_no_value(
    journal: RecordingJournal, health: WatchedHealth
) -> None:
    with SerialPair() as wire:
        settings = ModbusRtuSettings("line", wire.ours, poll_seconds=0.02, timeout_seconds=0.05)
        async with collecting(line(settings, health, device(1, GAUGE)), journal):
            for _ in range(40):
                wire.say(b"\x01\x03\x04\xde\xad" * 5)
                await asyncio.sleep(0)
                await health.until(lambda: bool(health.counts()))
            await health.until(lambda: health.counted("collector:line", "failed", "timeout") >= 1)

    assert journal.rows == []


async def test_a_port_that_is_not_there_is_said_and_tried_again(
    journal: RecordingJournal, health: WatchedHealth, tmp_path: Path
) -> None:
    settings = ModbusRtuSettings("line", str(tmp_path / "ttyUSB9"), poll_seconds=0.02)
    async with collecting(line(settings, health, device(1, GAUGE)), journal):
        await health.until(lambda: health.counted("collector:line", "failed", "connection") >= 2)

    condition = next(each for each in health.conditions() if each.name == "collector:line")
    assert "ttyUSB9" in condition.reason
