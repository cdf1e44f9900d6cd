"""What a simulated Modbus line holds: registers by unit and kind, and how each unit misbehaves today."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException

from gateway.profiles import RegisterKind

_KINDS: dict[int, RegisterKind] = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
"""Function codes that read (MODBUS Application Protocol V1.1b3, 6.1 to 6.4)."""
_WRITES: dict[int, RegisterKind] = {5: "coil", 6: "holding", 15: "coil", 16: "holding"}
"""Function codes that write; only a unit that was told so lets anybody."""


@dataclass(slots=True)
class Behaviour:
    """How a unit answers; the default is as it should."""

    is_silent: bool = False
    exception: int = 0
    """Answer every request with this exception code."""
    missing_registers: int = 0
    """Answer with so many registers less than were asked for."""
    delay_seconds: float = 0.0
    longest: int = 0
    """Refuse more registers than that in one request, with exception 3."""
    is_writable: bool = False


@dataclass(slots=True)
class _Unit:
    registers: dict[tuple[RegisterKind, int], int] = field(default_factory=dict)
    is_echo: bool = False
    behaviour: Behaviour = field(default_factory=Behaviour)


class RegisterTable:
    """The registers of all units; safe to change from any thread while a server reads it.

    It answers as pymodbus asks its contexts: by `async_getValues`, `async_setValues` and `device_ids`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._units: dict[int, _Unit] = {}
        self._requests: list[tuple[int, RegisterKind, int, int]] = []

    def put(self, unit: int, kind: RegisterKind, address: int, values: Sequence[int]) -> None:
        """Write registers from the address on, all at once for whoever reads."""
        with self._lock:
            registers = self._of(unit).registers
            registers.update({(kind, address + place): value for place, value in enumerate(values)})

    def echo(self, unit: int) -> None:
        """Make every register of a unit hold its own address, so that mis-addressing shows at a glance."""
        with self._lock:
            self._of(unit).is_echo = True

    def behave(self, unit: int, behaviour: Behaviour) -> None:
        """Set how a unit answers from now on."""
        with self._lock:
            self._of(unit).behaviour = behaviour

    def requests(self) -> list[tuple[int, RegisterKind, int, int]]:
        """Return the newest 1,000 requests as (unit, kind, address, count)."""
        with self._lock:
            return list(self._requests)

    def device_ids(self) -> list[int]:
        """Return the units on the line."""
        with self._lock:
            return list(self._units)

    async def async_getValues(  # noqa: N802 - pymodbus's name
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | ExcCodes:
        """Answer one request as the unit behaves."""
        # A single write is answered with what the register then holds.
        kind = _KINDS.get(func_code) or _WRITES.get(func_code)
        if kind is None:
            return ExcCodes.ILLEGAL_FUNCTION
        with self._lock:
            self._requests = [*self._requests[-999:], (device_id, kind, address, count)]
            unit = self._units.get(device_id)
            behaviour = unit.behaviour if unit else Behaviour()
        if unit is None:
            return ExcCodes.GATEWAY_NO_RESPONSE
        if behaviour.delay_seconds:
            await asyncio.sleep(behaviour.delay_seconds)
        if behaviour.is_silent:
            raise NoSuchIdException("silent")
        if behaviour.longest and count > behaviour.longest:
            return ExcCodes.ILLEGAL_VALUE
        if behaviour.exception:
            return ExcCodes(behaviour.exception)
        with self._lock:
            wanted = range(address, address + count - behaviour.missing_registers)
            if unit.is_echo:
                return [place & 0xFFFF for place in wanted]
            values = [unit.registers.get((kind, place)) for place in wanted]
        known = [value for value in values if value is not None]
        return known if len(known) == len(values) else ExcCodes.ILLEGAL_ADDRESS

    async def async_setValues(  # noqa: N802 - pymodbus's name
        self, device_id: int, func_code: int, address: int, values: Sequence[int]
    ) -> ExcCodes | None:
        """Write where a unit allows it."""
        kind = _WRITES.get(func_code)
        with self._lock:
            unit = self._units.get(device_id)
            if kind is None or unit is None or not unit.behaviour.is_writable:
                return ExcCodes.ILLEGAL_FUNCTION
            unit.registers.update({(kind, address + place): int(value) for place, value in enumerate(values)})
        return None

    def _of(self, unit: int) -> _Unit:
        return self._units.setdefault(unit, _Unit())
