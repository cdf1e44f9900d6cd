"""What collectors receive is put as it came, when asked for."""

from __future__ import annotations

from gateway.clock import FakeClock
from gateway.collectors.mqtt_connection import MqttMessage
from gateway.collectors.mqtt_intake import Intake
from gateway.model import RawFrame, RawFrames, Record
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
