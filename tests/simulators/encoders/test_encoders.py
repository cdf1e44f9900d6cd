"""What a simulated device of each protocol sends, read by the gateway's own codec, is what it meant."""

from __future__ import annotations

import math
from typing import Any

import pytest

from gateway.codecs.contract import CodecOptions
from gateway.codecs.profile_fields import FieldMapper
from gateway.codecs.registry import CODECS
from gateway.codecs.sparkplug import SparkplugGroup
from gateway.errors import DecodeError
from gateway.profiles import FieldPlace, Point, Profile, ProtocolName
from simulators.encoders import ENCODERS, Sending, chirpstack, sparkplug_topic

TIME = 1_767_225_600_000_000_000
Row = tuple[ProtocolName, str, str, dict[str, tuple[str, str, float]]]

ROWS: list[Row] = [
    (
        "senml",
        "",
        "urn:dev:mac:0024befffe804ff1",
        {"level": ("level", "water_level", 1.234), "bat": ("bat", "battery_voltage", 3.6)},
    ),
    ("senml_cbor", "", "gauge-7", {"level": ("level", "water_level", 1.234), "temp": ("temp", "temperature", -4.5)}),
    ("sparkplug", "", "edge-7", {"level": ("tank/level", "water_level", 1.234), "flow": ("flow", "water_flow", 36.25)}),
    (
        "milesight",
        "em300-th",
        "24e124136b502217",
        {"temp": ("temperature", "temperature", -3.4), "rh": ("humidity", "humidity", 56.5)},
    ),
    (
        "milesight",
        "em500-smtc",
        "24e1",
        {"temp": ("temperature", "temperature", 21.5), "soil": ("moisture", "soil_moisture", 32.5)},
    ),
    (
        "decentlab",
        "DL-CTD10",
        "70b3d57ba0000001",
        {"temp": ("Temperature", "temperature", 12.3), "bat": ("Battery voltage", "battery_voltage", 3.012)},
    ),
    (
        "hj212",
        "",
        "010000A8900016F000169DC0",
        {"cod": ("w01018-Rtd", "chemical_oxygen_demand", 231.5), "ph": ("w01001-Rtd", "acidity", 7.21)},
    ),
    (
        "sl651",
        "",
        "0012345678",
        {
            "level": ("Z", "water_level", 12.345),
            "rain": ("PJ", "rainfall", 3.5),
            "bat": ("VT", "battery_voltage", 12.6),
        },
    ),
    ("sl651", "", "0012345678", {"level": ("Z", "water_level", -1.25)}),
]
IDS = [f"{protocol}-{model or next(iter(points))}" for protocol, model, _, points in ROWS]


def _profile(protocol: ProtocolName, model: str, points: dict[str, tuple[str, str, float]]) -> Profile:
    units = {"water_flow": "m3/h", "water_level": "m", "battery_voltage": "V", "temperature": "Cel"}
    made = {
        name: Point(name, quantity, units.get(quantity, ""), FieldPlace((field,)))
        for name, (field, quantity, _) in points.items()
    }
    return Profile("x", "", "water", protocol, "", made, (), model=model)


def _sending(row: Row, sequence: int = 0) -> Sending:
    protocol, model, station, points = row
    values = {name: value for name, (_, _, value) in points.items()}
    return Sending(_profile(protocol, model, points), station, values, TIME, sequence)


def _read(protocol: str, model: str, frame: bytes) -> Any:
    return CODECS[protocol](CodecOptions(model=model)).decode(frame)


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_the_gateway_reads_what_the_device_meant(row: Row) -> None:
    sending = _sending(row)

    message = _read(row[0], row[1], ENCODERS[row[0]](sending))

    decoded = FieldMapper(sending.profile)(message)
    assert decoded.rejected == []
    assert {reading.point: reading.value for reading in decoded.readings} == pytest.approx(sending.values)
    assert all(reading.time_ns in {None, TIME} for reading in decoded.readings)


@pytest.mark.parametrize("row", [row for row in ROWS if row[0] in {"hj212", "sl651"}])
def test_a_station_says_who_it_is_and_its_checksum_holds(row: Row) -> None:
    frame = ENCODERS[row[0]](_sending(row))
    place = frame.rindex(b"=") + 1 if row[0] == "hj212" else 20
    broken = frame[:place] + bytes([frame[place] ^ 1]) + frame[place + 1 :]

    assert _read(row[0], "", frame).station == row[2]
    with pytest.raises(DecodeError, match=r"CRC|checksum"):
        _read(row[0], "", broken)


def test_a_lorawan_payload_survives_the_network_server() -> None:
    row = ROWS[3]
    sending = _sending(row, sequence=41)

    message = _read("chirpstack", "", chirpstack(sending, ENCODERS[row[0]](sending)))

    said = {reading.field: reading.value for reading in message.readings}
    assert message.station == row[2]
    assert message.time_ns == TIME
    assert (said["temperature"], said["humidity"]) == (-3.4, 56.5)


def test_a_sparkplug_node_is_born_first_and_then_heard_without_a_gap() -> None:
    group = SparkplugGroup("city")

    heard = []
    for number in range(300):
        sending = _sending(ROWS[2], number)
        heard.append(group.take(sparkplug_topic("city", "edge-7", number), ENCODERS["sparkplug"](sending)))

    assert [one.rebirth_of for one in heard if one is not None] == [None] * 300
    last = heard[-1]
    assert last is not None
    assert last.message is not None
    assert {reading.field: reading.value for reading in last.message.readings} == {"tank/level": 1.234, "flow": 36.25}


def test_what_is_missing_is_left_out() -> None:
    row = ROWS[0]
    sending = Sending(_profile(row[0], "", row[3]), row[2], {"level": math.nan, "bat": 3.6}, TIME)

    message = _read("senml", "", ENCODERS["senml"](sending))

    assert [reading.field for reading in message.readings] == ["bat"]


def test_a_model_that_nobody_simulates_is_said() -> None:
    row: Row = ("milesight", "em999", "1", {"temp": ("temperature", "temperature", 20.0)})

    with pytest.raises(ValueError, match="em999"):
        ENCODERS["milesight"](_sending(row))
