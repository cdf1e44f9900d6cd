"""The Modbus parts of a profile from what people wrote, with every fault placed."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.documents import Document, Path, did_you_mean
from gateway.profiles.calibration import CONSTANTS, Calibration
from gateway.profiles.profile import Point
from gateway.profiles.registers import (
    BIT_KINDS,
    Command,
    Hole,
    ModbusHints,
    Part,
    RegisterPlace,
    SerialDefaults,
    StatusRule,
    WarmUp,
)
from gateway.profiles.written_registers import (
    WrittenCalibration,
    WrittenCommand,
    WrittenModbus,
    WrittenRegister,
    WrittenStatus,
)

_LAST_ADDRESS = 65_535
_WIDTHS = {"16": 16, "32": 32, "64": 64}


def register_place(document: Document, at: Path, written: WrittenRegister) -> RegisterPlace:
    """Return where a point lies."""
    place = RegisterPlace(
        kind=written.kind,
        address=written.address,
        type=written.type,
        byte_order=written.byte_order,
        bits=written.bits,
        parts=tuple(Part(part.bits, part.scale, part.bcd, part.most) for part in written.parts),
        words=written.words or 1,
    )
    name = ".".join(map(str, at))
    is_bit = written.kind in BIT_KINDS
    if is_bit != (written.type == "bool"):
        document.fault((*at, "type"), f"{name}: a {written.kind} is {'' if is_bit else 'not '}of type bool")
    if (written.type == "text") != (written.words is not None):
        document.fault(
            at, f"{name}: a text has 'words', the number of its registers, and nothing else has", at_key=True
        )
    width = _WIDTHS.get(written.type[-2:], 1)
    fields = [("bits", written.bits)] if written.bits else []
    fields += [(f"parts.{number}.bits", part.bits) for number, part in enumerate(written.parts)]
    for key, (low, high) in fields:
        if not low <= high < width:
            document.fault(at, f"{name}.{key} must go from low to high below {width}, got [{low}, {high}]", at_key=True)
    if fields and ((written.bits and written.parts) or "int" not in written.type):
        document.fault(at, f"{name}: bits or parts, not both, and of an integer type", at_key=True)
    if place.address + place.count - 1 > _LAST_ADDRESS:
        document.fault((*at, "address"), f"{name} reaches beyond register {_LAST_ADDRESS}")
    return place


def calibration(document: Document, at: Path, written: WrittenCalibration | None) -> Calibration | None:
    """Return the constants of each unit and what is known of them."""
    if written is None:
        return None
    for name in written.constants:
        if name not in CONSTANTS[written.form]:
            message = f"{'.'.join(map(str, at))}: {written.form} has no constant {name!r:.60}"
            document.fault(
                (*at, "constants", name), message, f"it has {', '.join(CONSTANTS[written.form])}", at_key=True
            )
    return Calibration(written.form, dict(written.constants))


def modbus_hints(document: Document, written: WrittenModbus, points: Mapping[str, Point]) -> ModbusHints:
    """Return how the model wants to be read."""
    at: Path = ("modbus",)
    holes = tuple(Hole(hole.kind, hole.first, hole.last) for hole in written.forbidden)
    for number, hole in enumerate(holes):
        if hole.first > hole.last:
            document.fault((*at, "forbidden", number), f"modbus.forbidden.{number} must go from first to last")
        for point in points.values():
            place = point.place
            if not isinstance(place, RegisterPlace) or place.kind != hole.kind:
                continue
            if place.address <= hole.last and hole.first < place.address + place.count:
                document.fault((*at, "forbidden", number), f"modbus.forbidden.{number} covers point {point.name}")
    warm_up = written.warm_up
    if warm_up and warm_up.write is not None and (warm_up.kind not in {"holding", "coil"} or warm_up.count != 1):
        document.fault((*at, "warm_up"), "modbus.warm_up.write is for one holding register or coil")
    return ModbusHints(
        max_gap_bits=written.max_gap_bits,
        max_block_bits=written.max_block_bits,
        forbidden=holes,
        request_delay_seconds=written.request_delay_seconds,
        timeout_seconds=written.timeout_seconds,
        warm_up=WarmUp(
            warm_up.kind, warm_up.address, warm_up.count, warm_up.write, warm_up.settle_seconds, warm_up.every
        )
        if warm_up
        else None,
        serial=SerialDefaults(written.serial.baud, written.serial.parity, written.serial.stop_bits)
        if written.serial
        else None,
        statuses=tuple(
            _status(document, (*at, "statuses", number), status, points)
            for number, status in enumerate(written.statuses)
        ),
        commands={
            name: _command(document, (*at, "commands", name), points, name, command)
            for name, command in written.commands.items()
        },
    )


def _command(document: Document, at: Path, points: Mapping[str, Point], name: str, command: WrittenCommand) -> Command:
    if name in points:
        document.fault(at, f"modbus.commands.{name} is the name of a point", at_key=True)
    if command.register_.kind not in {"holding", "coil"} or command.register_.type == "text":
        document.fault(at, f"modbus.commands.{name} must be a number in a holding register or a coil", at_key=True)
    place = register_place(document, (*at, "register"), command.register_)
    return Command(place, command.scale, command.offset, command.title)


def _status(document: Document, at: Path, written: WrittenStatus, points: Mapping[str, Point]) -> StatusRule:
    name = ".".join(map(str, at))
    for key, words in (("point", [written.point]), ("of", written.of)):
        for word in words:
            if word not in points:
                document.fault((*at, key), f"{name}.{key}: there is no point {word!r:.60}", did_you_mean(word, points))
    if (written.bit is None) == (written.bits is None):
        document.fault(at, f"{name} must have 'bit' or 'bits'")
    bits = written.bits or (written.bit or 0, written.bit or 0)
    if bits[0] > bits[1]:
        document.fault((*at, "bits"), f"{name}.bits must go from low to high, got [{bits[0]}, {bits[1]}]")
    if written.values and written.unless:
        document.fault(at, f"{name} must have 'values' or 'unless', not both")
    values = tuple(written.unless or written.values or [1])
    return StatusRule(written.point, bits, values, written.means, tuple(written.of), written.unless is not None)
