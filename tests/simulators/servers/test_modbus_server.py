"""The Modbus line answers as its units behave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusIOException

from simulators.servers.modbus_server import ModbusServer
from simulators.servers.registers import Behaviour


@pytest.fixture
def server() -> Iterator[ModbusServer]:
    with ModbusServer() as line:
        yield line


@pytest.fixture
async def client(server: ModbusServer) -> AsyncIterator[AsyncModbusTcpClient]:
    plain = AsyncModbusTcpClient(server.host, port=server.port, timeout=30, retries=0)
    await plain.connect()
    yield plain
    plain.close()


async def test_each_unit_answers_its_own_registers(server: ModbusServer, client: AsyncModbusTcpClient) -> None:
    server.put(1, "holding", 100, [1, 2, 3])
    server.put(7, "input", 100, [7, 8, 9])

    first = await client.read_holding_registers(101, count=2, device_id=1)
    seventh = await client.read_input_registers(100, count=3, device_id=7)

    assert first.registers == [2, 3]
    assert seventh.registers == [7, 8, 9]
    assert server.table.requests() == [(1, "holding", 101, 2), (7, "input", 100, 3)]


async def test_an_echoing_unit_answers_addresses(server: ModbusServer, client: AsyncModbusTcpClient) -> None:
    server.echo(3)

    reply = await client.read_holding_registers(1000, count=3, device_id=3)

    assert reply.registers == [1000, 1001, 1002]


async def test_an_unknown_register_and_an_unknown_unit_are_refused(
    server: ModbusServer, client: AsyncModbusTcpClient
) -> None:
    server.put(1, "holding", 0, [5])

    beyond = await client.read_holding_registers(0, count=2, device_id=1)
    nobody = await client.read_holding_registers(0, count=1, device_id=9)

    assert (beyond.isError(), beyond.exception_code) == (True, 2)
    assert (nobody.isError(), nobody.exception_code) == (True, 11)


async def test_nobody_may_write(server: ModbusServer, client: AsyncModbusTcpClient) -> None:
    server.put(1, "holding", 0, [5])

    refused = await client.write_register(0, 6, device_id=1)
    reply = await client.read_holding_registers(0, count=1, device_id=1)

    assert refused.isError()
    assert reply.registers == [5]


async def test_a_unit_misbehaves_as_told(server: ModbusServer, client: AsyncModbusTcpClient) -> None:
    server.put(1, "holding", 0, [5, 6, 7])

    server.behave(1, Behaviour(exception=6))
    busy = await client.read_holding_registers(0, count=3, device_id=1)
    server.behave(1, Behaviour(missing_registers=1))
    short = await client.read_holding_registers(0, count=3, device_id=1)

    assert busy.exception_code == 6
    assert short.registers == [5, 6]


async def test_a_unit_may_say_nothing(server: ModbusServer) -> None:
    server.put(1, "holding", 0, [5])
    server.behave(1, Behaviour(is_silent=True))
    impatient = AsyncModbusTcpClient(server.host, port=server.port, timeout=0.3, retries=0)
    await impatient.connect()

    with pytest.raises(ModbusIOException):
        await impatient.read_holding_registers(0, count=1, device_id=1)

    impatient.close()
    assert server.table.requests() == [(1, "holding", 0, 1)]


async def test_the_line_comes_back_on_its_port(server: ModbusServer) -> None:
    server.put(1, "holding", 0, [5])
    port = server.port

    server.stop()
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await asyncio.open_connection(server.host, port)
    server.start()
    plain = AsyncModbusTcpClient(server.host, port=port, timeout=30, retries=0)
    await plain.connect()
    reply = await plain.read_holding_registers(0, count=1, device_id=1)
    plain.close()

    assert reply.registers == [5]


async def test_dropped_connections_are_closed_and_the_port_stays(server: ModbusServer) -> None:
    server.put(1, "holding", 0, [5])
    reader, writer = await asyncio.open_connection(server.host, server.port)
    # One whole request, so that the server surely knows the connection.
    writer.write(bytes.fromhex("0001 0000 0006 01 03 0000 0001"))
    answered = await reader.readexactly(11)

    server.drop_connections()
    rest = await reader.read()
    writer.close()

    assert answered[-2:] == b"\x00\x05"
    assert rest == b""
