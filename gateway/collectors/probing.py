"""One device read once, outside of any collecting: over Modbus one poll, over MQTT the next message.

A running gateway is not disturbed: over MQTT a session of its own is used, which the broker forgets at once. A Modbus
device that accepts one connection only must be let go of by the gateway first.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from gateway.codecs.modbus_registers import BlockDecoder, RegisterBlock, plan
from gateway.codecs.payloads import payload_decoder
from gateway.collectors.modbus_client import ModbusConnection
from gateway.collectors.mqtt_connection import MqttConnection, MqttMessage
from gateway.errors import DecodeError, Unreachable
from gateway.inventory import Device
from gateway.model import Reading
from gateway.profiles import RegisterPlace
from gateway.settings import ModbusRtuOverTcpSettings, ModbusRtuSettings, ModbusTcpSettings, MqttSettings

_CLIENT_ID_BYTES = 64
# Illegal data address and illegal data value: MODBUS Application Protocol V1.1b3, 7.
_REFUSALS = {"exception 2", "exception 3"}


DialledModbus: TypeAlias = ModbusTcpSettings | ModbusRtuSettings | ModbusRtuOverTcpSettings
"""The Modbus lines on which this box speaks first."""


class Shown(NamedTuple):
    """One point as it was read."""

    point: str
    raw: str
    """Registers in hex with the address of the first, or nothing for a field of a payload."""
    reading: Reading | None
    fault: str = ""


class Answer(NamedTuple):
    """What a device answered."""

    how: str
    raw: str
    shown: list[Shown]


async def ask_modbus(device: Device, settings: DialledModbus) -> Answer:
    """Poll a device once; Unreachable when it does not answer."""
    points = [point for point in device.profile.points.values() if not point.is_text]
    profile = device.profile
    blocks = plan(points, profile.max_gap_registers, profile.max_block_registers, hints=profile.modbus)
    where = f"{settings.where} unit {device.unit}"
    shown: list[Shown] = []
    try:
        async with ModbusConnection(settings) as connection:
            for block in blocks:
                shown += await _read_block(connection, device.unit or 0, block)
    except Unreachable as error:
        if shown:
            silent = [point.name for point in points if point.name not in {each.point for each in shown}]
            return Answer(f"Modbus {where}", "", shown + [Shown(name, "", None, str(error)) for name in silent])
        hint = "check power, wiring, unit address, and that nobody else holds its only connection"
        raise Unreachable(f"{device.id} at {where} does not answer: {error} ({hint})") from None
    return Answer(f"Modbus {where}", "", shown)


async def _read_block(connection: ModbusConnection, unit: int, block: RegisterBlock) -> list[Shown]:
    """Read the points of a block; one that is refused as a whole is read point by point."""
    try:
        registers = await connection.read(unit, block.kind, block.address, block.count)
        readings = BlockDecoder(block).decode(registers)
    except DecodeError as error:
        if error.reason in _REFUSALS and len(block.points) > 1:
            return [
                each
                for point in block.points
                for single in plan([point])
                for each in await _read_block(connection, unit, single)
            ]
        return [Shown(point.name, "", None, str(error)) for point in block.points]
    shown = []
    for point, reading in zip(block.points, readings, strict=True):
        assert isinstance(point.place, RegisterPlace)  # noqa: S101 - a block has no other points
        start = point.place.address - block.address
        words = " ".join(f"{word:04x}" for word in registers[start : start + point.place.count])
        shown.append(Shown(point.name, f"{point.place.address}: {words}", reading))
    return shown


async def hear_mqtt(device: Device, settings: MqttSettings, seconds: float) -> Answer:
    """Wait for the next message of a device, or the one that the broker retains; Unreachable when there is none."""
    topics = [template.replace("{device}", device.station or device.id) for template in settings.topics]
    where = f"{settings.host}:{settings.port} {' '.join(topics)}"
    try:
        async with asyncio.timeout(seconds):
            message = await _next_message(settings, topics)
    except TimeoutError:
        reason = f"{device.id} said nothing on {where} within {seconds:g} s"
        raise Unreachable(f"{reason} (wait longer with --seconds, or check its id and the topic)") from None
    except Unreachable as error:
        raise Unreachable(f"{device.id}: the broker {settings.host}:{settings.port}: {error}") from None
    how = f"MQTT {settings.host}:{settings.port} {message.topic.decode('utf-8', 'replace')}"
    if message.is_retained:
        how += ", retained by the broker"
    return Answer(how, message.payload.decode("utf-8", "backslashreplace"), _decoded(settings, device, message.payload))


async def _next_message(settings: MqttSettings, topics: list[str]) -> MqttMessage:
    heard: asyncio.Future[MqttMessage] = asyncio.get_running_loop().create_future()

    def receive(message: MqttMessage) -> None:
        if not heard.done():
            heard.set_result(message)

    # Under its own name: under the gateway's, the broker would throw the running gateway out.
    name = f"{settings.client_id[: _CLIENT_ID_BYTES - 14]}-probe-{os.getpid()}"
    async with MqttConnection(replace(settings, client_id=name), receive, keeps_session=False) as connection:
        await connection.subscribe(topics, 0)
        lost = asyncio.ensure_future(connection.lost())
        await asyncio.wait((heard, lost), return_when=asyncio.FIRST_COMPLETED)
        lost.cancel()
        if heard.done():
            return heard.result()
    raise Unreachable("it closed the connection")


def _decoded(settings: MqttSettings, device: Device, payload: bytes) -> list[Shown]:
    try:
        decoded = payload_decoder(device.profile, settings.envelope).decode(payload)
    except DecodeError as error:
        return [Shown(point, "", None, str(error)) for point in device.profile.points]
    shown = [Shown(reading.point, "", reading) for reading in decoded.readings]
    shown += [Shown(each.point, "", None, f"{each.reason}: {each.detail}") for each in decoded.rejected]
    told = {each.point for each in shown} | {point for point, _ in decoded.texts}
    return shown + [
        Shown(point, "", None, "not in the message") for point in device.profile.points if point not in told
    ]
