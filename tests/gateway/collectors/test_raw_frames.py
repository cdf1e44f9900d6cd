"""What collectors receive is put as it came, when asked for."""

from __future__ import annotations

from typing import cast

from gateway.clock import FakeClock
from gateway.collectors import CollectedDevice
from gateway.collectors.modbus_client import ModbusConnection
from gateway.collectors.modbus_unit import ModbusUnit
from gateway.collectors.mqtt_connection import MqttMessage
from gateway.collectors.mqtt_intake import Intake
from gateway.inventory import Device
from gateway.model import Batch, RawFrame, RawFrames, Record
from gateway.profiles import read_profile
from gateway.settings import MqttSettings

SETTINGS = MqttSettings("broker", "127.0.0.1", topics=("city/{device}/up",))


def message(payload: bytes, topic: bytes = b"city/m-1/up") -> MqttMessage:
    return MqttMessage(topic, payload, 1, 1, is_redelivery=False, is_retained=False, arrival=1)


def raw_in(records: list[Record]) -> list[RawFrames]:
    return [record for record in records if isinstance(record, RawFrames)]


def test_messages_that_mean_nothing_are_kept_as_they_came() -> None:
    clock = FakeClock()
    intake = Intake(SETTINGS, [], clock, keeps_raw=True)

    intake.add(message(b"\xff\x00"), ())
    intake.add(message(b"{}", b"other/\xff"), ())

    frames = (RawFrame("", "city/m-1/up", b"\xff\x00", 0), RawFrame("", "other/\\xff", b"{}", 0))
    assert raw_in(intake.take(clock.now()).records) == [RawFrames("broker", clock.now().utc_ns, frames)]
    assert raw_in(intake.take(clock.now()).records) == []


def test_nothing_is_kept_unless_asked_for() -> None:
    clock = FakeClock()
    intake = Intake(SETTINGS, [], clock)

    intake.add(message(b"\xff"), ())

    assert raw_in(intake.take(clock.now()).records) == []


class Registers:
    """A connection whose registers hold their own addresses."""

    is_open = True
    last_reply = b""

    async def read(self, _unit: int, _kind: str, address: int, count: int, **_: object) -> list[int]:
        return [address + number for number in range(count)]


async def test_a_units_replies_are_kept_with_their_request_and_time() -> None:
    profile = read_profile("water/tuf2000m")
    device = Device("flow", profile, "line", "P-12", unit=1)
    channels = {point.name: number for number, point in enumerate(profile.points.values(), 1) if not point.is_text}
    unit = ModbusUnit("line", CollectedDevice(device, channels), 1.0, keeps_raw=True)

    records = await unit.poll(cast("ModbusConnection", Registers()), FakeClock())

    (raw,) = raw_in(records)
    batch = next(record for record in records if isinstance(record, Batch))
    kind, address, count = raw.frames[0].address.split()
    assert kind in {"holding", "input"}
    assert raw.frames[0].payload == b"".join((int(address) + each).to_bytes(2) for each in range(int(count)))
    assert raw.frames[0].time_ns == batch.time_ns[0]


async def test_a_unit_keeps_nothing_unless_asked_for() -> None:
    profile = read_profile("water/tuf2000m")
    channels = {point.name: number for number, point in enumerate(profile.points.values(), 1) if not point.is_text}
    unit = ModbusUnit("line", CollectedDevice(Device("flow", profile, "line", "P-12", unit=1), channels), 1.0)

    assert raw_in(await unit.poll(cast("ModbusConnection", Registers()), FakeClock())) == []
