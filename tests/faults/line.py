"""A Modbus line whose transmitters answer every request with another value, and that remembers each answer.

An answer counts once it was given in time: a register has no acknowledgement, the answer is all there is.
"""

from __future__ import annotations

import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from pymodbus.constants import ExcCodes

from simulators.servers.modbus_server import ModbusServer
from simulators.servers.registers import Behaviour, RegisterTable

PRESSURE = 256
"""Where the transmitter keeps its pressure, in bar, as a float32 over two registers; then the temperature."""
_STEP = 1.0 / (1 << 20)
_ARRIVAL_SECONDS = 0.5


class Answer(NamedTuple):
    """What a unit answered, when, and after how long."""

    unit: int
    value: float
    time_ns: int
    asked: float
    """When it was asked for, on the monotonic clock, in seconds."""
    delay_seconds: float


@dataclass(slots=True)
class Trouble:
    """How a unit answers its requests, by number; the default is at once."""

    delay_seconds: Callable[[int], float] = lambda _number: 0.0
    is_silent: bool = False


class CountingTable(RegisterTable):
    """Registers that hold the number of the request: a value of an earlier answer shows at once."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Answer] = []
        self.asked: list[tuple[int, float]] = []
        """(unit, monotonic time) of every request."""
        self.trouble: dict[int, Trouble] = {}
        self.is_silent = False
        self._numbers: Counter[int] = Counter()

    async def async_getValues(  # noqa: N802 - pymodbus's name
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | ExcCodes:
        """Answer with a value that no other answer had."""
        number = self._numbers[device_id] = self._numbers[device_id] + 1
        value = number * _STEP
        asked = time.monotonic()
        self.asked.append((device_id, asked))
        self.put(device_id, "holding", PRESSURE, struct.unpack(">4H", struct.pack(">ff", value, 15.0)))
        trouble = self.trouble.get(device_id, Trouble())
        delay = trouble.delay_seconds(number)
        self.behave(device_id, Behaviour(delay_seconds=delay, is_silent=trouble.is_silent or self.is_silent))
        values = await super().async_getValues(device_id, func_code, address, count)
        if isinstance(values, list):
            self.answers.append(Answer(device_id, value, time.time_ns(), asked, delay))
        return values


class Line:
    """Transmitters behind one port."""

    def __init__(self, units: int) -> None:
        self.units = range(1, units + 1)
        self.table = CountingTable()
        self.server = ModbusServer()
        self.server.table = self.table
        for unit in self.units:
            self.table.put(unit, "holding", PRESSURE, [0, 0, 0, 0])

    def fall_silent(self) -> None:
        """Answer nothing from now on; return when every answer given has arrived."""
        self.table.is_silent = True
        threading.Event().wait(_ARRIVAL_SECONDS)

    def speak(self) -> None:
        """Answer again."""
        self.table.is_silent = False

    def answers(self) -> list[Answer]:
        """Return every answer given up to now."""
        return list(self.table.answers)
