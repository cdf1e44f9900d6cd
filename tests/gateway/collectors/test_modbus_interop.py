"""Modbus against implementations that share no code with ours: pyModbusTCP, and mbpoll on libmodbus."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator

import pytest
from pyModbusTCP.server import DataBank, ModbusServer  # type: ignore[import-untyped]

from gateway.clock import SystemClock
from gateway.collectors.modbus_client import ModbusConnection
from gateway.collectors.modbus_line import ModbusLine
from gateway.errors import DecodeError
from gateway.inventory import WriteRule
from gateway.profiles import RegisterKind
from gateway.settings import ModbusRtuSettings, ModbusTcpSettings
from simulators.servers import modbus_server
from simulators.servers.serial_pair import SerialPair
from tests.gateway.collectors.modbus_rig import device, point, profile, seen
from tests.gateway.collectors.rig import RecordingJournal, WatchedHealth, collecting


@pytest.fixture
def stranger() -> Iterator[tuple[ModbusServer, ModbusTcpSettings]]:
    """pyModbusTCP's server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = ModbusServer("127.0.0.1", port, no_block=True, data_bank=DataBank())
    server.start()
    yield server, ModbusTcpSettings("line", "127.0.0.1", port, 0.05, 1.0)
    server.stop()


@pytest.mark.parametrize(
    ("kind", "setter", "values"),
    [
        ("holding", "set_holding_registers", [1, 0xFFFF, 3]),
        ("input", "set_input_registers", [7, 8, 9]),
        ("coil", "set_coils", [True, False, True]),
        ("discrete", "set_discrete_inputs", [False, True, True]),
    ],
)
async def test_every_kind_is_read_from_a_strangers_server(
    stranger: tuple[ModbusServer, ModbusTcpSettings], kind: RegisterKind, setter: str, values: list[int]
) -> None:
    server, settings = stranger
    getattr(server.data_bank, setter)(100, values)

    async with ModbusConnection(settings) as connection:
        read = await connection.read(1, kind, 100, 3)

    assert read == [int(value) for value in values]


async def test_a_strangers_server_takes_what_we_write(stranger: tuple[ModbusServer, ModbusTcpSettings]) -> None:
    server, settings = stranger

    async with ModbusConnection(settings) as connection:
        await connection.write(1, "holding", 10, [42])
        await connection.write(1, "holding", 11, [1, 2])
        await connection.write(1, "coil", 5, [1])

    assert server.data_bank.get_holding_registers(10, 3) == [42, 1, 2]
    assert server.data_bank.get_coils(5, 1) == [True]


async def test_a_refusal_of_a_strangers_server_is_understood(
    stranger: tuple[ModbusServer, ModbusTcpSettings],
) -> None:
    _, settings = stranger
    async with ModbusConnection(settings) as connection:
        with pytest.raises(DecodeError, match="exception 2"):
            await connection.read(1, "holding", 65_530, 20)


async def test_a_strangers_server_is_polled_and_written(
    stranger: tuple[ModbusServer, ModbusTcpSettings], journal: RecordingJournal, health: WatchedHealth
) -> None:
    server, settings = stranger
    server.data_bank.set_holding_registers(5, [10, 20])
    gauge = profile(point("level", 5), point("rate", 6))
    collector = ModbusLine(
        settings, [device(1, gauge, writes={"level": WriteRule((33.0,))})], clock=SystemClock(), health=health
    )
    async with collecting(collector, journal):
        await journal.until(lambda: seen(journal)[11] >= 2)
        await collector.writing.write("unit-1", "level", 33)
        await journal.until(lambda: (11, 33.0) in {(channel, value) for channel, _, value in journal.rows})

    assert {value for channel, _, value in journal.rows if channel == 12} == {20.0}


async def test_mbpoll_reads_the_simulated_line_over_a_serial_wire(need: Callable[[str], str]) -> None:
    """What our tests take for a device is one for libmodbus too; there is no line time on this wire."""
    mbpoll = need("mbpoll")
    with SerialPair() as wire, modbus_server.ModbusServer(framing="rtu", device=wire.theirs) as server:
        server.echo(3)
        command = [mbpoll, "-m", "rtu", "-a", "3", "-b", "9600", "-P", "none", "-0", "-r", "100", "-c", "2", "-1", "-q"]
        child = await asyncio.create_subprocess_exec(*command, wire.ours, stdout=asyncio.subprocess.PIPE)
        output, _ = await child.communicate()
        settings = ModbusRtuSettings("line", wire.ours, timeout_seconds=1.0)
        async with ModbusConnection(settings) as connection:
            ours = await connection.read(3, "holding", 100, 2)

    told = [line.split()[1] for line in output.decode().splitlines() if line.startswith("[")]
    assert told == ["100", "101"]
    assert ours == [100, 101]
