"""What devices say in SenML, CBOR, packed bytes, arrays of samples and LoRaWAN, by their profiles."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import cbor2
import pytest

from gateway.codecs.cbor import decode_cbor
from gateway.codecs.contract import CodecOptions
from gateway.codecs.decentlab import MODELS as DECENTLAB
from gateway.codecs.decentlab import DecentlabDecoder
from gateway.codecs.milesight import MODELS as MILESIGHT
from gateway.codecs.milesight import MilesightDecoder
from gateway.codecs.payloads import decode_received, payload_decoder
from gateway.codecs.senml import SenmlDecoder
from gateway.errors import DecodeError
from gateway.model import Flag
from gateway.profiles import FieldPlace, PackedPlace, Point, Profile, ProtocolName, Samples

NOW_NS = 1_760_000_000_000_000_000


def profile(
    protocol: ProtocolName, *points: Point, model: str = "", time_path: tuple[str, ...] | None = None
) -> Profile:
    return Profile(
        "water/x", "", "water", protocol, "", {point.name: point for point in points}, (), time_path, model=model
    )  # fmt: skip


def point(name: str, *path: str, unit: str = "V", **more: Any) -> Point:
    return Point(name, "voltage", unit, FieldPlace(path), **more)


def senml(*records: dict[str, Any]) -> bytes:
    return json.dumps(records).encode()


def test_a_relative_time_counts_from_when_the_pack_came() -> None:
    decoder = payload_decoder(profile("senml", point("voltage", "v")))

    decoded = decode_received(decoder, senml({"n": "v", "v": 1, "t": -5}, {"n": "v", "v": 2}), NOW_NS)

    assert [(one.time_ns, one.value, one.flags) for one in decoded.readings] == [
        (NOW_NS - 5_000_000_000, 1.0, Flag.NO_SOURCE_TIME),
        (None, 2.0, Flag.NO_SOURCE_TIME),
    ]
    assert decoded.time_ns is None


def test_a_relative_time_that_nobody_can_place_is_rejected() -> None:
    said = SenmlDecoder(CodecOptions()).decode(senml({"n": "v", "v": 1, "t": -5}, {"n": "w", "v": 2}))

    assert [one.field for one in said.readings] == ["w"]
    assert [one.reason for one in said.rejected] == ["time"]


def test_bases_add_up_and_hold_until_the_next() -> None:
    pack = senml(
        {"bn": "a/", "bt": 1.7e9, "bv": 10, "bu": "V", "n": "x", "v": 1}, {"n": "y", "v": 2, "t": 0.5, "u": "A"}
    )

    first, second = SenmlDecoder(CodecOptions()).decode(pack).readings

    assert (first.field, first.time_ns, first.value, first.unit) == ("x", 1_700_000_000_000_000_000, 11.0, "V")
    assert (second.field, second.time_ns, second.value, second.unit) == ("y", 1_700_000_000_500_000_000, 12.0, "A")


def test_a_value_in_another_unit_than_the_profile_says_is_no_value() -> None:
    decoded = payload_decoder(profile("senml", point("voltage", "v"))).decode(senml({"n": "v", "v": 3, "u": "mV"}))

    assert decoded.readings == []
    assert [(one.point, one.reason) for one in decoded.rejected] == [("v", "unit")]


@pytest.mark.parametrize("record", [{"n": "v", "x_": 1, "v": 2}, {"bver": 11, "n": "v", "v": 1}, {"v": 1}])
def test_a_pack_that_must_not_be_understood_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        SenmlDecoder(CodecOptions()).decode(senml(record))


def test_cbor_is_walked_like_json() -> None:
    decoder = payload_decoder(profile("cbor", point("voltage", "a", "1"), time_path=("t",)))

    (reading,) = decoder.decode(cbor2.dumps({"a": [0, 2.5], "t": 1_760_000_000_000})).readings

    assert (reading.value, reading.time_ns) == (2.5, NOW_NS)


@pytest.mark.parametrize(
    "data",
    [
        "d81c81d81d00",
        "c249010000000000000000",
        "d82365285b612d7a",
        "9f" * 500,
        "5bffffffffffffff",
        "19ff",
        "0000",
        "c482191fff01",
    ],
    ids=[
        "itself",
        "a bignum",
        "a regular expression",
        "too deep",
        "endless",
        "cut off",
        "two items",
        "a huge exponent",
    ],
)
def test_cbor_that_could_cost_us_is_refused(data: str) -> None:
    with pytest.raises(DecodeError):
        decode_cbor(bytes.fromhex(data))


def test_packed_bytes_are_read_where_the_profile_places_them() -> None:
    decoder = payload_decoder(
        profile(
            "packed",
            Point("big", "q", "1", PackedPlace(0, "i16")),
            Point("little", "q", "1", PackedPlace(2, "u24", is_little=True, size=3)),
            Point("digits", "q", "1", PackedPlace(5, "bcd", size=2), scale=0.01),
            Point("state", "q", "1", PackedPlace(7, "u8", size=1, bit=4, bits=2)),
            Point("real", "q", "1", PackedPlace(8, "f32", size=4)),
            Point("absent", "q", "1", PackedPlace(12, "u16")),
        )
    )

    decoded = decoder.decode(bytes.fromhex("fffe 010203 1234 20 40490fdb 00"))

    assert {one.point: one.value for one in decoded.readings} == {
        "big": -2.0,
        "little": float(0x030201),
        "digits": pytest.approx(12.34),
        "state": 2.0,
        "real": pytest.approx(3.14159265),
    }
    assert [(one.point, one.reason) for one in decoded.rejected] == [("absent", "length")]


def test_an_array_of_samples_is_a_waveform() -> None:
    wave = point("x", "acc", samples=Samples(step_seconds=0.01), from_text=True)
    decoder = payload_decoder(profile("json", wave, time_path=("ts",)))

    decoded = decoder.decode(b'{"ts":1760000000000,"acc":[1,"2.5",null,"x",5]}')

    assert [((one.time_ns or 0) - NOW_NS, one.value) for one in decoded.readings if one.value == one.value] == [
        (0, 1.0),
        (10_000_000, 2.5),
        (40_000_000, 5.0),
    ]
    assert [(one.reason, one.detail[:8]) for one in decoded.rejected] == [("type", "sample 3")]


def test_start_and_step_of_samples_may_stand_in_the_payload() -> None:
    wave = point("x", "acc", samples=Samples(step_path=("dt",), start_path=("t0",)))
    decoder = payload_decoder(profile("json", wave, time_path=("ts",)))

    decoded = decoder.decode(b'{"ts":1,"t0":1760000000000,"dt":5,"acc":[1,2]}')
    with_none = decoder.decode(b'{"ts":1,"dt":5,"acc":[1,2]}')

    assert [one.time_ns for one in decoded.readings] == [NOW_NS, NOW_NS + 5_000_000]
    assert [one.reason for one in with_none.rejected] == ["time"]


@pytest.mark.parametrize("text", ["nan", "1_0", "0x10", "", "١", "1e999", "9" * 50])
def test_a_text_that_is_no_plain_number_is_none(text: str) -> None:
    decoder = payload_decoder(profile("json", point("x", "x", from_text=True)))

    decoded = decoder.decode(json.dumps({"x": text}).encode())

    assert decoded.readings == []
    assert len(decoded.rejected) == 1


def test_a_chirpstack_uplink_gives_its_time_to_the_payload_inside() -> None:
    level = point("depth", "depth", unit="cm", factor=0.01)
    decoder = payload_decoder(profile("milesight", level, model="em500-swl"), "chirpstack")
    event = {
        "time": "2025-10-09T08:53:20+00:00",
        "deviceInfo": {"devEui": "24e1"},
        "data": base64.b64encode(bytes.fromhex("0377c800")).decode(),
    }

    (reading,) = decoder.decode(json.dumps(event).encode()).readings

    assert (reading.point, reading.value, reading.time_ns) == ("depth", 2.0, NOW_NS)


def test_without_its_model_an_ambiguous_channel_is_not_guessed() -> None:
    said = MilesightDecoder(CodecOptions()).decode(bytes.fromhex("01755c 050001"))

    assert [one.field for one in said.readings] == ["battery"]
    assert [one.reason for one in said.rejected] == ["channel"]


def test_without_its_model_decentlab_tells_the_battery_alone() -> None:
    said = DecentlabDecoder(CodecOptions()).decode(bytes.fromhex("0207D9000390888081006400000C60"))

    assert [(one.field, one.value) for one in said.readings] == [("Battery voltage", 3.168)]
    assert [one.reason for one in said.rejected] == ["model"]


@pytest.mark.parametrize("model", [*MILESIGHT, *DECENTLAB])
def test_no_bytes_make_a_model_raise_anything_else(model: str) -> None:
    dice = random.Random(model)
    options = CodecOptions(model=f"{model},f0=1,k=1,kp=1" if model in DECENTLAB else model)
    decoder = DecentlabDecoder(options) if model in DECENTLAB else MilesightDecoder(options)
    told = 0

    for size in [*range(60)] * 5:
        start = b"\x02\x00\x01\x00\x03" if model in DECENTLAB else b""
        try:
            told += len(decoder.decode(start + dice.randbytes(size)).readings)
        except DecodeError:
            told += 1

    assert told > 0
