"""Many lines on one event loop, each unit with its own manners."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import Unreachable
from simulators.modbus_answers import Said, answer
from simulators.rtu_frames import with_crc
from simulators.servers.modbus_lines import Line, ModbusLines
from simulators.servers.registers import Behaviour
from simulators.servers.serial_pair import SerialPair

ASK = bytes.fromhex("0001 0000 0006 07 03 0000 0002")
SAYS = bytes.fromhex("0001 0000 0007 07 03 04 000a 000b")


def _answer(line: str, frame: bytes) -> Said:
    first = 10 if line == "a" else 20
    return Said(answer(frame, [("holding", 0, [first, first + 1])]) if frame[6] == 7 else None)


async def _asked(port: int, sent: bytes, size: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    said = await reader.read(size) if size < 0 else await reader.readexactly(size)
    writer.close()
    await writer.wait_closed()
    return said


def _run(work: Coroutine[Any, Any, bytes]) -> bytes:
    return asyncio.run(asyncio.wait_for(work, 60.0))


def test_each_line_has_a_port_and_units_of_its_own() -> None:
    async def work() -> bytes:
        async with ModbusLines({"a": Line(), "b": Line()}, _answer) as lines:
            a, b = await asyncio.gather(*(_asked(lines.ports[name], ASK, len(SAYS)) for name in ("a", "b")))
        return a + b

    assert _run(work()) == SAYS + SAYS[:-4] + bytes.fromhex("0014 0015")


def test_requests_that_come_in_pieces_or_together_are_each_answered() -> None:
    async def work() -> bytes:
        async with ModbusLines({"a": Line()}, _answer) as lines:
            reader, writer = await asyncio.open_connection("127.0.0.1", lines.ports["a"])
            for piece in (ASK[:5], ASK[5:] + ASK, ASK[:3], ASK[3:]):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            said = await reader.readexactly(3 * len(SAYS))
            writer.close()
        return said

    assert _run(work()) == SAYS * 3


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (Behaviour(exception=4), bytes.fromhex("0001 0000 0003 07 83 04")),
        (Behaviour(longest=1), bytes.fromhex("0001 0000 0003 07 83 03")),
        (Behaviour(missing_registers=1), bytes.fromhex("0001 0000 0005 07 03 02 000a")),
        (Behaviour(delay_seconds=0.01), SAYS),
    ],
    ids=["exception", "too long", "short", "late"],
)
def test_a_unit_answers_as_it_behaves(behaviour: Behaviour, said: bytes) -> None:
    async def work() -> bytes:
        async with ModbusLines({"a": Line()}, _answer) as lines:
            lines.behave("a", 7, behaviour)
            return await _asked(lines.ports["a"], ASK, len(said))

    assert _run(work()) == said


def test_a_late_reply_comes_after_that_of_a_quicker_unit() -> None:
    quick = ASK[:1] + b"\x02" + ASK[2:6] + b"\x08" + ASK[7:]

    def reply(_line: str, frame: bytes) -> Said:
        return Said(answer(frame, [("holding", 0, [10, 11])]))

    async def work() -> bytes:
        async with ModbusLines({"a": Line()}, reply) as lines:
            lines.behave("a", 7, Behaviour(delay_seconds=0.05))
            return await _asked(lines.ports["a"], ASK + quick, 2 * len(SAYS))

    assert [_run(work())[place] for place in (6, 6 + len(SAYS))] == [8, 7]


def test_what_does_not_speak_modbus_is_hung_up_on() -> None:
    async def work() -> bytes:
        async with ModbusLines({"a": Line()}, _answer) as lines:
            try:
                return await _asked(lines.ports["a"], b"GET / HTTP/1.1\r\n\r\n", -1)
            except ConnectionResetError:
                return b""

    assert _run(work()) == b""


def test_a_function_that_no_sensor_has_is_refused() -> None:
    device_name = bytes.fromhex("0001 0000 0005 07 2b 0e 01 00")

    async def work() -> bytes:
        async with ModbusLines({"a": Line()}, _answer) as lines:
            return await _asked(lines.ports["a"], device_name, 9)

    assert _run(work()) == bytes.fromhex("0001 0000 0003 07 ab 01")


RTU_ASK, RTU_SAYS = with_crc(ASK[6:]), with_crc(SAYS[6:])


def test_a_line_behind_a_serial_server_speaks_rtu() -> None:
    async def work() -> bytes:
        async with ModbusLines({"a": Line(framing="rtu")}, _answer) as lines:
            return await _asked(lines.ports["a"], b"\xff\x00" + RTU_ASK + RTU_ASK, 2 * len(RTU_SAYS))

    assert _run(work()) == RTU_SAYS * 2


def test_an_rtu_request_with_a_wrong_checksum_is_not_answered() -> None:
    wrong = RTU_ASK[:-1] + bytes([RTU_ASK[-1] ^ 1])

    async def work() -> bytes:
        async with ModbusLines({"a": Line(framing="rtu")}, _answer) as lines:
            said = await _asked(lines.ports["a"], wrong + RTU_ASK, len(RTU_SAYS))
            assert lines.requests == 1
        return said

    assert _run(work()) == RTU_SAYS


def test_a_function_that_no_sensor_has_is_refused_on_a_serial_line_too() -> None:
    device_name = with_crc(bytes.fromhex("07 2b 0e 01 00"))

    async def work() -> bytes:
        async with ModbusLines({"a": Line(framing="rtu")}, _answer) as lines:
            return await _asked(lines.ports["a"], device_name, 5)

    assert _run(work()) == with_crc(bytes.fromhex("07 ab 01"))


def test_a_line_may_be_a_serial_port() -> None:
    async def work() -> bytes:
        with SerialPair() as wire:
            async with ModbusLines({"a": Line(device=wire.theirs)}, _answer) as lines:
                assert lines.ports == {}
                with open(wire.ours, "r+b", buffering=0) as port:  # noqa: ASYNC230, PTH123 - a terminal, not a file
                    port.write(RTU_ASK)
                    return await asyncio.to_thread(_read, port, len(RTU_SAYS))

    assert _run(work()) == RTU_SAYS


def _read(port: io.FileIO, size: int) -> bytes:
    said = b""
    while len(said) < size:
        said += port.read(size - len(said)) or b""
    return said


def test_a_file_that_is_no_serial_port_is_said(tmp_path: Path) -> None:
    path = tmp_path / "tty"
    path.touch()

    async def work() -> bytes:
        async with ModbusLines({"a": Line(), "b": Line(device=str(path))}, _answer):
            return b""

    with pytest.raises(Unreachable, match=r"the line b: .*tty: is no serial port"):
        _run(work())


def test_a_line_that_is_cut_takes_no_connection_and_breaks_those_that_ask() -> None:
    async def work() -> bytes:
        cut: set[str] = set()

        def reply(line: str, frame: bytes) -> Said:
            return Said(None, hangs_up=True) if line in cut else _answer(line, frame)

        async with ModbusLines({"a": Line()}, reply, lambda line: line in cut) as lines:
            before = await _asked(lines.ports["a"], ASK, len(SAYS))
            reader, writer = await asyncio.open_connection("127.0.0.1", lines.ports["a"])
            cut.add("a")
            writer.write(ASK)
            asked = await _heard(reader)
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", lines.ports["a"])
            dialled = await _heard(reader)
            writer.close()
        return before + asked + dialled

    assert _run(work()) == SAYS


async def _heard(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
