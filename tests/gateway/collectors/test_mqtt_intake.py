"""Messages to records, without a broker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import FakeClock
from gateway.codecs.json_fields import JsonFieldsDecoder
from gateway.collectors.mqtt_connection import MqttMessage
from gateway.collectors.mqtt_intake import Gathered, Intake, RecentReceipts, hash_of
from gateway.model import Batch, Quarantine, Receipts
from gateway.settings import MqttSettings
from tests.gateway.collectors.rig import gas_devices

SETTINGS = MqttSettings("district", "127.0.0.1", topics=("a/{device}/up", "b/{device}"))


def message(
    payload: bytes, topic: bytes = b"a/gas-1/up", *, is_redelivery: bool = False, is_retained: bool = False
) -> MqttMessage:
    return MqttMessage(topic, payload, 1, 1, is_redelivery, is_retained, 1)


def gathered(*messages: MqttMessage, known: Iterable[bytes] = ()) -> Gathered:
    clock = FakeClock()
    intake = Intake(SETTINGS, gas_devices(count=2), clock)
    for some in messages:
        intake.add(some, (known,))
    return intake.take(clock.now())


def test_each_device_is_known_under_every_template() -> None:
    (batch,) = gathered(message(b'{"ts":1,"ch4":1}', b"a/gas-2/up"), message(b'{"ts":2,"ch4":2}', b"b/gas-1")).records

    assert isinstance(batch, Batch)
    assert batch.channel.tolist() == [3, 1]


def test_a_topic_that_is_no_text_is_kept() -> None:
    (kept,) = gathered(message(b"{}", b"a/\xff/up")).records

    assert isinstance(kept, Quarantine)
    assert (kept.source, kept.reason) == ("district a/\\xff/up", "unknown topic")


def test_good_fields_and_the_evidence_of_bad_ones_are_one_commit() -> None:
    batch, kept = gathered(message(b'{"ts":1,"ch4":"x","temperature":4}')).records

    assert isinstance(batch, Batch)
    assert isinstance(kept, Quarantine)
    assert batch.value.tolist() == [4.0]
    assert (kept.reason, kept.detail) == ("field type", "ch4: expected a number, got a text")


def test_a_fault_of_the_decoder_itself_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: JsonFieldsDecoder, _payload: bytes) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(JsonFieldsDecoder, "decode", fail)

    taken = gathered(message(b'{"ch4":1}'))

    assert taken.failed == Counter({"decoder fault": 1})


def test_the_same_words_said_twice_are_two_readings() -> None:
    taken = gathered(message(b'{"ch4":1}'), message(b'{"ch4":1}'))

    assert len(taken.hashes) == 2
    assert taken.dropped == 0


@pytest.mark.parametrize(
    "repeated",
    [
        pytest.param(message(b'{"ch4":1}', is_redelivery=True), id="redelivered"),
        pytest.param(message(b'{"ch4":1}', is_retained=True), id="retained"),
    ],
)
def test_a_message_delivered_again_is_dropped_when_it_is_known(repeated: MqttMessage) -> None:
    taken = gathered(repeated, known=[hash_of(repeated)])

    assert (taken.records, taken.dropped) == ([], 1)


def test_a_redelivery_that_is_not_known_is_taken() -> None:
    taken = gathered(message(b'{"ch4":1}', is_redelivery=True))

    assert [type(record) for record in taken.records] == [Batch, Receipts]


def test_receipts_remember_twice_the_window() -> None:
    receipts = RecentReceipts([b"0"], 2)

    receipts.extend([b"1", b"2", b"3"], 2)
    receipts.extend([b"4", b"5"], 3)

    assert list(receipts.hashes) == [b"3", b"4", b"5"]


@given(st.lists(st.binary(max_size=60), max_size=5), st.booleans(), st.booleans())
def test_every_message_ends_in_exactly_one_place(
    payloads: list[bytes],
    is_redelivery: bool,  # noqa: FBT001 - hypothesis passes it
    is_retained: bool,  # noqa: FBT001 - hypothesis passes it
) -> None:
    messages = [message(payload, is_redelivery=is_redelivery, is_retained=is_retained) for payload in payloads]

    taken = gathered(*messages)

    kept = sum(isinstance(record, Quarantine) for record in taken.records)
    assert kept + taken.dropped + len(taken.hashes) == len(messages)
    assert kept == taken.failed.total()
