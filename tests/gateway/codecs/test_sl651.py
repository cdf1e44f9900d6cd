"""SL 651-2014: what the published frames do not show."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.codecs.contract import CodecOptions, Message
from gateway.codecs.sl651 import Ending, Sl651Decoder, Sl651Head, reply_to
from gateway.errors import DecodeError
from gateway.model import Quality
from tests.gateway.collectors.dialling import sl651_crc, sl651_frame

HEAD = "000C260101080005F1F1001234567848F0F02601010800"
MINUTE = 60_000_000_000
NOW = datetime(2026, 1, 1, 8, 1, 2, tzinfo=ZoneInfo("Asia/Shanghai"))


def said(body: str, **more: int) -> Message[Sl651Head]:
    return Sl651Decoder(CodecOptions()).decode(sl651_frame(body, **more))  # type: ignore[arg-type] # numbers of the head


def ascii_frame(body: str, *, function: str = "32") -> bytes:
    frame = "\x0101001234567812 34".replace(" ", "").encode() + f"{function}{len(body):04X}\x02{body}\x03".encode()
    return frame + sl651_crc(frame).hex().upper().encode()


def test_the_decimals_stand_in_the_frame() -> None:
    message = said(HEAD + "392300001055392200001055")

    assert [(one.field, one.value) for one in message.readings] == [("Z", 1.055), ("Z", 10.55)]


def test_ff_before_digits_is_minus_and_all_ff_is_missing() -> None:
    message = said(HEAD + "0219FF0125" + "0319FFFFFF")

    assert [(one.field, one.quality) for one in message.readings] == [("AI", 1), ("C", Quality.MISSING)]
    assert message.readings[0].value == -12.5


def test_a_wrong_element_costs_itself_alone() -> None:
    message = said(HEAD + "3923000A1055" + "38121268")

    assert [(one.field, one.value) for one in message.readings] == [("VT", 12.68)]
    assert [one.point for one in message.rejected] == ["Z"]


def test_an_element_that_is_cut_off_costs_not_those_before_it() -> None:
    message = said(HEAD + "38121268" + "392300")

    assert [one.field for one in message.readings] == ["VT"]
    assert [one.reason for one in message.rejected] == ["short"]


def test_identifiers_of_a_maker_go_by_their_own_number() -> None:
    message = said(HEAD + "FF0711" + "0125")

    assert [(one.field, one.value) for one in message.readings] == [("FF07", 12.5)]


def test_a_queried_period_is_a_series_with_its_step() -> None:
    message = said(HEAD + "0418000100" + "3923" + "00001000" + "00002000" + "FFFFFFFF", function=0x38)

    start = message.readings[0].time_ns
    assert start is not None
    assert [(one.time_ns, one.quality) for one in message.readings] == [
        (start, 1),
        (start + 60 * MINUTE, 1),
        (start + 120 * MINUTE, Quality.MISSING),
    ]


def test_characters_say_the_same_as_bcd() -> None:
    in_hex = said(HEAD + "2019000005" + "3923000001270219FF0125")
    decoder = Sl651Decoder(CodecOptions())

    in_characters = decoder.decode(
        ascii_frame("000C260101080005 ST 0012345678 H TT 2601010800 PJ 0.5 Z 0.127 AI -12.5 ")
    )

    assert in_characters.station == in_hex.station == "0012345678"
    assert in_characters.readings == in_hex.readings
    assert in_characters.head.is_ascii


def test_characters_hold_series_and_missing_values_too() -> None:
    decoder = Sl651Decoder(CodecOptions())

    message = decoder.decode(ascii_frame("000C260101080005 TT 2601010800 DRP 05FF DRZ1 000CFFFF Z M VT x"))

    values = [(one.field, None if one.quality == Quality.MISSING else one.value) for one in message.readings]
    assert values == [("DRP", 0.5), ("DRP", None), ("DRZ1", 0.12), ("DRZ1", None), ("Z", None), ("VT", None)]
    assert [one.point for one in message.rejected] == ["VT"]


def test_a_station_is_answered_in_its_own_encoding() -> None:
    decoder = Sl651Decoder(CodecOptions())
    report = decoder.decode(ascii_frame("000C260101080005 TT 2601010800 Z 1.0"))

    answer = decoder.decode(reply_to(report.head, NOW, Ending.HANG_UP))

    assert answer.head.is_ascii
    assert not answer.head.is_up
    assert (answer.head.serial, answer.station, answer.head.end) == (12, "0012345678", 0x04)
    assert answer.time_ns == int(NOW.timestamp()) * 1_000_000_000


def test_a_swapped_checksum_is_read_in_lenient_mode_and_answered_likewise() -> None:
    frame = sl651_frame(HEAD + "38121268")
    frame = frame[:-2] + frame[:-3:-1]

    message = Sl651Decoder(CodecOptions(is_lenient=True)).decode(frame)
    answer = reply_to(message.head, NOW, Ending.STAY)

    assert answer[-2:] == sl651_crc(answer[:-2])[::-1]
    with pytest.raises(DecodeError, match="CRC"):
        Sl651Decoder(CodecOptions()).decode(frame)


def test_a_message_in_packets_is_read_when_the_last_has_come() -> None:
    decoder = Sl651Decoder(CodecOptions())
    body = HEAD + "38121268"

    first = decoder.decode(sl651_frame(body[:30], packets=2, packet=1, end=0x17))
    last = decoder.decode(sl651_frame(body[30:], packets=2, packet=2))

    assert first.readings == []
    assert [(one.field, one.value) for one in last.readings] == [("VT", 12.68)]
    assert (first.head.is_last, last.head.is_last, last.head.missing) == (False, True, ())


def test_packets_without_end_are_not_kept_for_ever() -> None:
    decoder = Sl651Decoder(CodecOptions())
    frames = [sl651_frame("00" * 3_000, packets=4_000, packet=packet, end=0x17) for packet in range(1, 100)]

    with pytest.raises(DecodeError, match="too long"):
        list(map(decoder.decode, frames))
