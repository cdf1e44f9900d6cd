"""Writes to the units of one line: only what the site file lists, one at a time, between two reads.

Knows neither people nor the ledger: whoever hands a write in has asked and recorded who wants it.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.clock import Clock
from gateway.collectors.contract import CollectedDevice
from gateway.collectors.modbus_client import ModbusConnection
from gateway.errors import DecodeError, NotAllowed, Unreachable
from gateway.inventory import Device
from gateway.profiles import Command, RegisterPlace

_LONGEST_WAIT_SECONDS = 30.0
_MOST_WAITING = 20
_FORMATS = {
    "int16": ">h",
    "uint16": ">H",
    "int32": ">i",
    "uint32": ">I",
    "int64": ">q",
    "uint64": ">Q",
    "float32": ">f",
    "float64": ">d",
}


@dataclass(slots=True)
class _Write:
    unit: int
    place: RegisterPlace
    registers: list[int]
    done: asyncio.Future[None]


class Writing:
    """What may be written on one line, and what waits to be."""

    def __init__(self, devices: Sequence[CollectedDevice]) -> None:
        self._devices = {one.device.id: one.device for one in devices if one.device.writes}
        self._waiting: deque[_Write] = deque()
        self._arrived = asyncio.Event()

    @property
    def is_possible(self) -> bool:
        """Whether anything may ever be written here."""
        return bool(self._devices)

    def knows(self, device: str) -> bool:
        """Tell whether anything may be written to a device of this line."""
        return device in self._devices

    async def write(self, device: str, point: str, value: float) -> None:
        """Write a value in the unit of the profile; returns when the device has confirmed it.

        Raises NotAllowed when the site file does not list it, Unreachable when the device refuses or does not answer.
        """
        known = self._devices.get(device)
        if known is None:
            raise NotAllowed(f"nothing may be written to {device}: its 'writes' in the site file are empty")
        command = allowed(known, point, value)
        if len(self._waiting) >= _MOST_WAITING:
            raise Unreachable("too many writes are waiting for this line")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        write = _Write(known.unit or 0, command.place, registers_of(command, value), done)
        self._waiting.append(write)
        self._arrived.set()
        try:
            async with asyncio.timeout(_LONGEST_WAIT_SECONDS):
                await done
        except TimeoutError:
            raise Unreachable(f"{device} could not be reached within {_LONGEST_WAIT_SECONDS:g} s") from None
        finally:
            # What nobody waits for any more must not be written later.
            if write in self._waiting:
                self._waiting.remove(write)

    async def wanted(self, clock: Clock, seconds: float) -> bool:
        """Wait so long at most, and tell whether something is to be written."""
        if self._waiting:
            return True
        self._arrived.clear()
        if seconds <= 0:
            await asyncio.sleep(0)
            return bool(self._waiting)
        tasks = [asyncio.ensure_future(self._arrived.wait()), asyncio.ensure_future(clock.sleep(seconds))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        return bool(self._waiting)

    async def write_next(self, connection: ModbusConnection) -> None:
        """Write the oldest that waits."""
        if not self._waiting:
            return
        write = self._waiting.popleft()
        try:
            await connection.write(write.unit, write.place.kind, write.place.address, write.registers)
        except (DecodeError, Unreachable) as error:
            # Not repeated: nobody knows whether it has happened.
            _settle(write.done, Unreachable(f"the write was not confirmed: {error}"))
        except BaseException:
            write.done.cancel()
            raise
        else:
            _settle(write.done, None)


def allowed(device: Device, point: str, value: float) -> Command:
    """Return how a point is written; NotAllowed unless the site file lists it with this value."""
    rule = device.writes.get(point)
    if rule is None:
        raise NotAllowed(f"{point} of {device.id} must not be written: it is not in its 'writes' in the site file")
    if not rule.allows(value):
        what = f"one of {', '.join(f'{each:g}' for each in rule.values)}" if rule.values else ""
        if rule.range:
            what = f"from {rule.range[0]:g} to {rule.range[1]:g}"
        raise NotAllowed(f"{point} of {device.id} must be {what}, not {value:g}")
    command = device.profile.modbus.commands.get(point)
    if command is not None:
        return command
    known = device.profile.points.get(point)
    if known is None or not isinstance(known.place, RegisterPlace):
        raise NotAllowed(f"{device.profile.id} has nothing to write called {point}")
    return Command(known.place, known.scale, known.offset, known.title)


def registers_of(command: Command, value: float) -> list[int]:
    """Return the registers that say a value; NotAllowed when its type cannot hold it.

    >>> registers_of(Command(RegisterPlace("holding", 0, "float32", "CDAB")), 36.5)
    [0, 16914]
    """
    raw = (value - command.offset) / command.scale
    place = command.place
    if place.type == "bool":
        return [int(bool(raw))]
    if place.type not in _FORMATS or place.bits or place.parts:
        raise NotAllowed(f"a {place.type} cannot be written")
    try:
        packed = struct.pack(_FORMATS[place.type], raw if place.type.startswith("float") else round(raw))
    except (struct.error, OverflowError, ValueError):
        raise NotAllowed(f"{value:g} does not fit into {place.type}") from None
    words = [packed[start : start + 2] for start in range(0, len(packed), 2)]
    if place.byte_order in {"CDAB", "DCBA"}:
        words.reverse()
    if place.byte_order in {"BADC", "DCBA"}:
        words = [word[::-1] for word in words]
    return [int.from_bytes(word) for word in words]


def _settle(done: asyncio.Future[None], fault: Exception | None) -> None:
    if done.done():
        return
    if fault is None:
        done.set_result(None)
    else:
        done.set_exception(fault)
