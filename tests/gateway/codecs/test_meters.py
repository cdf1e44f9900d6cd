"""CJ/T 188, DL/T 645, SZY 206 and GB/T 26875.3: what the published frames do not show."""

from __future__ import annotations

from datetime import datetime

import pytest

from gateway.codecs import cjt188, dlt645, gbt26875_3, szy206
from gateway.codecs.contract import CodecOptions
from gateway.errors import DecodeError
from gateway.model import Quality

OPTIONS = CodecOptions()
NOW = datetime(2026, 1, 2, 8, 1, 2)  # noqa: DTZ001 - the station's own wall clock


def summed(body: str) -> bytes:
    data = bytes.fromhex(body)
    return data + bytes([sum(data) & 0xFF, 0x16])


def user_frame(user: str) -> bytes:
    """A frame of SL/T 427, its CRC bit by bit."""
    data = bytes.fromhex(user)
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1) ^ 0xE5 if crc & 0x80 else crc << 1
            crc &= 0xFF
    return bytes([0x68, len(data), 0x68]) + data + bytes([crc, 0x16])


def test_a_meter_is_asked_as_published_requests_are_written() -> None:
    assert cjt188.read_request(0x10, "11223344556677", 1).endswith(bytes.fromhex("1F9001 0816".replace(" ", "")))
    assert dlt645.read_request("AAAAAAAAAAAA", "00000000").endswith(bytes.fromhex("68AAAAAAAAAAAA68110433333333AD16"))


def test_a_heat_meter_tells_energy_power_flow_and_temperatures() -> None:
    values = "0000000005" + "4523010005" + "0012000017" + "0050010035" + "560034002C" + "125600" + "784500" + "003412"
    data = "901F00" + values + "30120802012620" + "0000"
    frame = summed("6820776655443322118" + "1" + f"{len(data) // 2:02X}" + data)

    message = cjt188.Cjt188Decoder(OPTIONS).decode(frame)

    said = {one.field: (one.value, one.unit) for one in message.readings}
    assert said["energy"] == (123.45, "kW.h")
    assert said["power"] == (12.0, "kW")
    assert said["flow"] == (1.5, "m3/h")
    assert said["volume"] == (3400.56, "m3")
    assert said["supply_temperature"] == (56.12, "Cel")
    assert said["return_temperature"] == (45.78, "Cel")
    assert message.time_ns is not None


def test_three_phases_come_in_one_reply_and_minus_is_a_bit() -> None:
    data = bytes.fromhex("00FF0302" + "341280" + "000010" + "000020" + "FFFFFF")
    body = "68660000023022" + "6891" + f"{len(data):02X}" + bytes((byte + 0x33) & 0xFF for byte in data).hex()

    message = dlt645.Dlt645Decoder(OPTIONS).decode(summed(body))

    assert [(one.field, one.value) for one in message.readings[:3]] == [
        ("power", -0.1234),
        ("power_a", 10.0),
        ("power_b", 20.0),
    ]
    assert message.readings[3].quality == Quality.MISSING


@pytest.mark.parametrize(
    ("kind", "data", "values"),
    [
        ("B1", "560300", [("rain", 35.6)]),
        ("B2", "551000F0", [("level", -1.055)]),
        ("B2", "55100000" + "AAAAAAAA", [("level", 1.055), ("level2", None)]),
        ("B3", "0050020033" + "AAAAAAAAAA", [("flow", -25.0), ("volume", None)]),
        ("BF", "50120000", [("water_pressure", 12.5)]),
        ("BB", "450030" + "00", [("soil_moisture", 4.5), ("soil_depth", 30.0)]),
        ("BA", "0100000000" + "12000000", [("quality_0", 12.0)]),
    ],
)
def test_values_of_each_kind_are_read_as_their_table_says(
    kind: str, data: str, values: list[tuple[str, float | None]]
) -> None:
    message = szy206.Szy206Decoder(OPTIONS).decode(user_frame(f"{kind}5303810D00C0{data}01000200"))

    said = [(one.field, None if one.quality == Quality.MISSING else one.value) for one in message.readings]
    assert said == [*values, ("alarms", 1.0), ("state", 2.0)]


def test_seven_bytes_of_time_are_the_time_of_sampling() -> None:
    message = szy206.Szy206Decoder(OPTIONS).decode(
        user_frame("B15303810D00C0" + "560300" + "00000000" + "02010802012600")
    )

    assert message.time_ns == 1_767_312_062_000_000_000
    assert {one.time_ns for one in message.readings} == {message.time_ns}


def test_a_report_is_confirmed_with_the_time_of_the_centre() -> None:
    decoder = szy206.Szy206Decoder(OPTIONS)
    report = decoder.decode(user_frame("B15303810D00C056030000000000"))

    answer = szy206.reply_to(report.head, NOW)

    assert answer == user_frame("305303810D00C000" + "02010802012600")
    assert decoder.decode(answer).head.is_up is False


def test_a_fire_device_is_confirmed_by_its_own_serial_number() -> None:
    decoder = gbt26875_3.Gbt26875Decoder(OPTIONS)
    head = gbt26875_3.Gbt26875Head(0x1234, b"\x01\x01", b"\x01\0\0\0\0\0", b"\x02\0\0\0\0\0", 2)

    answer = decoder.decode(gbt26875_3.reply_to(head, NOW))

    assert (answer.head.serial, answer.head.command) == (0x1234, 3)
    assert (answer.head.source, answer.head.destination) == (head.destination, head.source)
    assert gbt26875_3.reply_to(answer.head, NOW) == b""


def test_measured_values_of_a_fire_device_have_units() -> None:
    when = "020108020126"
    when = bytes([2, 1, 8, 2, 1, 26]).hex()
    objects = (
        f"0302{'0103' + '21' + '05000000' + '04' + '0700' + when}{'0103' + '21' + '06000000' + '03' + 'F6FF' + when}"
    )
    body = "0100" + "0101" + when + "010000000000" + "020000000000" + f"{len(objects) // 2:02X}00" + "02" + objects
    data = bytes.fromhex(body)
    frame = b"@@" + data + bytes([sum(data) & 0xFF]) + b"##"

    message = gbt26875_3.Gbt26875Decoder(OPTIONS).decode(frame)

    assert [(one.field, one.value, one.unit) for one in message.readings] == [
        ("1-3-33-5-4", 0.7, "MPa"),
        ("1-3-33-6-3", -1.0, "Cel"),
    ]


def test_more_objects_than_bytes_are_refused() -> None:
    body = "0100" + "0101" + "020108020126" + "01" + "00" * 11 + "0200" + "02" + "02FF"
    data = bytes.fromhex(body.replace("020108020126", bytes([2, 1, 8, 2, 1, 26]).hex()))
    frame = b"@@" + data + bytes([sum(data) & 0xFF]) + b"##"

    with pytest.raises(DecodeError, match="length"):
        gbt26875_3.Gbt26875Decoder(OPTIONS).decode(frame)
