"""The Modbus TCP collector against a real server, and against one that answers nonsense."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from gateway.clock import SystemClock
from gateway.collectors import CollectedDevice
from gateway.collectors.backoff import Backoff
from gateway.collectors.modbus_line import ModbusLine as ModbusTcpCollector
from gateway.inventory import Device
from gateway.model import Batch, Flag, Quality
from gateway.profiles import Point, Profile, RegisterPlace
from gateway.settings import ModbusTcpSettings
from simulators.servers.modbus_server import ModbusServer
from simulators.servers.registers import Behaviour
from tests.gateway.collectors.rig import RecordingJournal, WatchedHealth, collecting

METER = Profile(
    id="water/meter",
    title="",
    lifeline="water",
    protocol="modbus",
    source="made up",
    points={
        "flow": Point("flow", "water_flow", "m3/h", RegisterPlace("holding", 100, "float32", "CDAB")),
        "count": Point("count", "count", "1", RegisterPlace("holding", 104, "uint16"), sentinels=(0xFFFF,)),
        "level": Point("level", "water_level", "m", RegisterPlace("input", 7, "int16"), scale=0.1),
    },
    frames=(),
)
FLOW_36 = [0x806B, 0x4212]


def meters(*units: int) -> list[CollectedDevice]:
    """Devices meter-<unit> whose channels are 10 x unit + 1, 2, 3 (flow, count, level)."""
    return [
        CollectedDevice(
            Device(f"meter-{unit}", METER, "pumphouse", "P-1", unit),
            {name: 10 * unit + place for place, name in enumerate(METER.points, start=1)},
        )
        for unit in units
    ]


def make(
    host: str, port: int, health: WatchedHealth, *units: int, poll_seconds: float = 0.05, timeout_seconds: float = 0.3
) -> ModbusTcpCollector:
    return ModbusTcpCollector(
        ModbusTcpSettings("pumphouse", host, port, poll_seconds, timeout_seconds),
        meters(*units),
        clock=SystemClock(),
        health=health,
        backoff=Backoff(0.02, 0.1, seed=1),
    )


def fill(server: ModbusServer, *units: int, count: int = 5) -> None:
    for unit in units:
        server.put(unit, "holding", 100, [*FLOW_36, 0, 0, count])
        server.put(unit, "input", 7, [0xFFFF])


def channels(journal: RecordingJournal) -> Counter[int]:
    return Counter(channel for channel, _, _ in journal.rows)


@pytest.fixture
def server() -> Iterator[ModbusServer]:
    with ModbusServer() as running:
        yield running


async def test_registers_become_rows_with_the_time_of_their_reply(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth, clock: SystemClock
) -> None:
    fill(server, 1)
    before_ns = clock.now().utc_ns
    async with collecting(make(server.host, server.port, health, 1), journal):
        await journal.until(lambda: len(journal.rows) >= 6)

    first = journal.records[0]
    assert isinstance(first, Batch)
    assert first.channel.tolist() == [11, 12, 13]
    assert first.value.tolist() == pytest.approx([36.62540817260742, 5.0, -0.1])
    assert first.quality.tolist() == [Quality.GOOD] * 3
    assert all(before_ns < time_ns <= first.received_ns for time_ns in first.time_ns.tolist())
    assert len({time_ns for channel, time_ns, _ in journal.rows if channel == 11}) >= 2


async def test_neighbouring_registers_are_read_in_one_request(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    fill(server, 1)
    async with collecting(make(server.host, server.port, health, 1), journal):
        await journal.until(lambda: len(journal.rows) >= 3)

    assert set(server.table.requests()) == {(1, "holding", 100, 5), (1, "input", 7, 1)}


async def test_a_sentinel_is_missing(server: ModbusServer, journal: RecordingJournal, health: WatchedHealth) -> None:
    fill(server, 1, count=0xFFFF)
    async with collecting(make(server.host, server.port, health, 1), journal):
        await journal.until(lambda: len(journal.rows) >= 3)

    first = journal.records[0]
    assert isinstance(first, Batch)
    assert math.isnan(first.value[1])
    assert (first.quality[1], first.flags[1]) == (Quality.MISSING, Flag.SENTINEL)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        pytest.param(Behaviour(exception=2), "exception 2", id="illegal address"),
        pytest.param(Behaviour(exception=6), "exception 6", id="busy"),
        pytest.param(Behaviour(missing_registers=1), "short reply", id="one register less"),
        pytest.param(Behaviour(is_silent=True), "timeout", id="silent"),
        pytest.param(Behaviour(delay_seconds=5), "timeout", id="late"),
    ],
)
async def test_a_bad_unit_is_counted_kept_once_and_does_not_cost_its_neighbours(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth, behaviour: Behaviour, reason: str
) -> None:
    fill(server, 1, 2)
    server.behave(1, behaviour)
    async with collecting(make(server.host, server.port, health, 1, 2, timeout_seconds=0.4), journal):
        await journal.until(lambda: channels(journal)[21] >= 20)
        bad = next(condition for condition in health.conditions() if condition.name == "device:meter-1")

    assert set(channels(journal)) == {21, 22, 23}
    assert [(kept.source, kept.reason) for kept in journal.quarantine] == [("pumphouse meter-1", reason)]
    assert health.counted("collector:pumphouse", "failed", reason) >= 2
    assert not bad.ok


async def test_a_refused_block_does_not_cost_the_other_blocks(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    server.put(1, "input", 7, [1])
    async with collecting(make(server.host, server.port, health, 1), journal):
        await journal.until(lambda: len(journal.rows) >= 3)

    assert set(channels(journal)) == {13}
    assert [kept.reason for kept in journal.quarantine] == ["exception 2"]
    assert "holding registers 100-104: illegal data address" in journal.quarantine[0].detail


async def test_a_block_over_a_register_that_is_not_there_is_asked_in_pieces(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    server.put(1, "holding", 100, FLOW_36)
    server.put(1, "holding", 104, [5])
    server.put(1, "input", 7, [1])
    async with collecting(make(server.host, server.port, health, 1), journal):
        await journal.until(lambda: set(channels(journal)) == {11, 12, 13})

    assert health.counted("collector:pumphouse", "failed", "exception 2") == 1
    assert [condition.ok for condition in health.conditions() if condition.name == "device:meter-1"] == [True]


async def test_a_point_that_is_not_there_costs_only_itself(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    server.put(1, "holding", 104, [5])
    server.put(1, "input", 7, [1])
    async with collecting(make(server.host, server.port, health, 1), journal):
        await journal.until(lambda: channels(journal)[12] >= 3)

    assert set(channels(journal)) == {12, 13}
    assert len(journal.quarantine) == 1


async def test_a_unit_that_comes_back_says_so_and_marks_its_first_values(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth, caplog: pytest.LogCaptureFixture
) -> None:
    fill(server, 1)
    server.behave(1, Behaviour(is_silent=True))
    with caplog.at_level(logging.INFO, "gateway"):
        async with collecting(make(server.host, server.port, health, 1, timeout_seconds=0.4), journal):
            await journal.until(lambda: len(journal.quarantine) == 1)
            server.behave(1, Behaviour())
            await journal.until(lambda: len(journal.rows) >= 6)

    batches = [record for record in journal.records if isinstance(record, Batch)]
    assert batches[0].flags.tolist() == [Flag.AFTER_TIMEOUT] * 3
    assert batches[1].flags.tolist() == [0] * 3
    messages = [record.getMessage() for record in caplog.records]
    assert sum("answers again" in message for message in messages) == 1
    assert sum("no reply" in message for message in messages) == 1


async def test_a_late_reply_is_never_taken_for_the_next_value(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    """Every register holds its own address; a reply out of step would show another block's addresses."""
    server.echo(1)
    server.echo(2)
    server.behave(1, Behaviour(delay_seconds=0.15))
    async with collecting(make(server.host, server.port, health, 1, 2, timeout_seconds=0.1), journal):
        await journal.until(lambda: channels(journal)[22] >= 30)

    assert {(channel, value) for channel, _, value in journal.rows if channel in {12, 22}} == {(22, 104.0)}
    assert all(value == pytest.approx(0.7) for channel, _, value in journal.rows if channel == 23)


async def test_an_endpoint_away_at_the_start_is_said_once_and_collected_when_it_comes(
    journal: RecordingJournal, health: WatchedHealth, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "gateway"), socket.socket() as holder:
        # Bound and not listening: refuses connections, and keeps the port from other tests.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        async with collecting(make("127.0.0.1", port, health, 1), journal):
            await health.until(lambda: health.counted("collector:pumphouse", "failed", "connection") >= 3)
            with ModbusServer(port) as server:
                fill(server, 1)
                await journal.until(lambda: len(journal.rows) >= 3)

    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert f"127.0.0.1:{port}" in caplog.records[0].getMessage()


async def test_dropped_connections_are_taken_up_again(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    fill(server, 1)
    async with collecting(make(server.host, server.port, health, 1), journal):
        await journal.until(lambda: len(journal.rows) >= 3)
        await asyncio.to_thread(server.drop_connections)
        seen = len(journal.rows)
        await journal.until(lambda: len(journal.rows) >= seen + 6)

    assert set(channels(journal)) == {11, 12, 13}


async def test_a_journal_that_holds_back_does_not_stop_the_polls_at_once_and_bounds_them(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    fill(server, 1)
    journal.hold()
    async with collecting(make(server.host, server.port, health, 1, poll_seconds=0.001), journal):
        await journal.until(lambda: journal.calls == 64)
        await health.until(lambda: health.counted("collector:pumphouse", "received", "") >= 65 * 3)
        assert journal.calls == 64

        journal.release()
        await journal.until(lambda: journal.calls > 70)

    assert len(journal.rows) >= 64 * 3


async def test_a_journal_that_closed_is_counted_and_not_fatal(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    fill(server, 1)
    journal.is_broken = True
    async with collecting(make(server.host, server.port, health, 1), journal):
        await health.until(lambda: health.counted("collector:pumphouse", "failed", "journal") >= 6)
        journal.is_broken = False
        await journal.until(lambda: len(journal.rows) >= 3)

    assert set(channels(journal)) == {11, 12, 13}


Answer = Callable[[bytes], bytes]


@contextlib.asynccontextmanager
async def hostile(answer: Answer) -> AsyncIterator[tuple[str, int]]:
    """A server that answers each request with whatever it likes."""
    left: list[Awaitable[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while request := await reader.read(260):
                writer.write(answer(request))
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left.append(asyncio.create_task(serve(reader, writer)))

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with listener:
        host, port = listener.sockets[0].getsockname()[:2]
        yield host, port
        await asyncio.gather(*left)


def mbap(request: bytes, pdu: bytes, *, tid: int | None = None, unit: int | None = None) -> bytes:
    own = int.from_bytes(request[:2]) if tid is None else tid
    return own.to_bytes(2) + b"\0\0" + (len(pdu) + 1).to_bytes(2) + bytes([request[6] if unit is None else unit]) + pdu


def registers(request: bytes, fewer: int = 0) -> bytes:
    count = int.from_bytes(request[10:12]) - fewer
    return bytes([request[7], 2 * count]) + b"\x11\x22" * count


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(lambda _: b"\xde\xad\xbe\xef" * 5, "timeout", id="noise"),
        pytest.param(lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n", "timeout", id="another protocol"),
        pytest.param(lambda request: mbap(request, b"\x03"), "garbled reply", id="no byte count"),
        pytest.param(lambda request: mbap(request, b"\x03\x0a\x11\x22"), "garbled reply", id="byte count too large"),
        pytest.param(lambda request: mbap(request, b"\x63\x01\x02"), "garbled reply", id="unknown function"),
        pytest.param(lambda request: mbap(request, registers(request, 1)), "short reply", id="one register less"),
        pytest.param(
            lambda request: mbap(request, b"\x04" + registers(request)[1:]), "wrong reply", id="another function"
        ),
        pytest.param(lambda request: mbap(request, registers(request), tid=9), "timeout", id="another transaction"),
        pytest.param(lambda request: mbap(request, registers(request), unit=9), "timeout", id="another unit"),
        pytest.param(
            lambda request: mbap(request, bytes([request[7] | 0x80, 99])), "exception 99", id="unknown exception"
        ),
        pytest.param(lambda request: mbap(request, registers(request))[:-1], "timeout", id="cut off"),
        pytest.param(lambda _: b"\0" * 1000, "timeout", id="a flood"),
    ],
)
async def test_whatever_a_device_answers_it_becomes_no_value(
    journal: RecordingJournal, health: WatchedHealth, answer: Answer, reason: str
) -> None:
    flow_only = [CollectedDevice(meters(1)[0].device, {"flow": 11})]
    async with hostile(answer) as (host, port):
        collector = ModbusTcpCollector(
            ModbusTcpSettings("pumphouse", host, port, 0.02, 0.05), flow_only, clock=SystemClock(), health=health
        )
        async with collecting(collector, journal):
            await health.until(lambda: health.counted("collector:pumphouse", "failed", reason) >= 3)

    assert journal.rows == []
    assert [kept.reason for kept in journal.quarantine] == [reason]


async def test_the_evidence_of_a_bad_reply_is_kept(journal: RecordingJournal, health: WatchedHealth) -> None:
    async with (
        hostile(lambda request: mbap(request, registers(request, 1))) as (host, port),
        collecting(make(host, port, health, 1), journal),
    ):
        await journal.until(lambda: len(journal.quarantine) == 1)

    assert journal.quarantine[0].payload.endswith(b"\x03\x08" + b"\x11\x22" * 4)


async def test_a_dead_unit_rests_longer_and_longer(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    fill(server, 1, 2)
    server.behave(1, Behaviour(exception=11))
    async with collecting(make(server.host, server.port, health, 1, 2, poll_seconds=0.01), journal):
        await journal.until(lambda: channels(journal)[21] >= 60)

    asked = Counter(unit for unit, _, _, _ in server.table.requests())
    assert asked[1] < asked[2] / 4


async def test_units_are_asked_at_their_own_phase(
    server: ModbusServer, journal: RecordingJournal, health: WatchedHealth
) -> None:
    fill(server, 1, 2, 3, 4)
    async with collecting(make(server.host, server.port, health, 1, 2, 3, 4, poll_seconds=0.4), journal):
        await journal.until(lambda: len(channels(journal)) == 12)

    first = {channel: time_ns for channel, time_ns, _ in reversed(journal.rows)}
    gaps = [first[10 * unit + 11] - first[10 * unit + 1] for unit in (1, 2, 3)]
    assert all(40_000_000 < gap < 160_000_000 for gap in gaps)
