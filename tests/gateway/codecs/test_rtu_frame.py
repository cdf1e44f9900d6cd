"""RTU frames as manuals print them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.rtu_frame import RegisterRange, crc16, read_exchange
from gateway.errors import DecodeError

REQUEST = "01 03 00 00 00 02"
REPLY = "01 03 04 80 6b 42 12"


def framed(body: str) -> bytes:
    data = bytes.fromhex(body)
    return data + crc16(data).to_bytes(2, "little")


def test_a_printed_exchange_is_read() -> None:
    said = read_exchange(bytes.fromhex("01 03 00 00 00 02 c4 0b"), framed(REPLY))

    assert said == RegisterRange(1, "holding", 0, (0x806B, 0x4212))


@pytest.mark.parametrize(
    ("request_body", "reply_body", "reason"),
    [
        pytest.param("01 06 00 00 00 02", REPLY, "request", id="a write"),
        pytest.param(REQUEST, "02 03 04 80 6b 42 12", "wrong unit", id="another unit"),
        pytest.param(REQUEST, "01 04 04 80 6b 42 12", "wrong function", id="another function"),
        pytest.param(REQUEST, "01 83 02", "exception 2", id="an exception"),
        pytest.param(REQUEST, "01 03 02 80 6b", "short reply", id="one register of two"),
        pytest.param(REQUEST, "01 03 08 80 6b 42 12", "short reply", id="a byte count that lies"),
        pytest.param(REQUEST, "01 03 04 80 6b 42", "short reply", id="cut off"),
    ],
)
def test_a_wrong_exchange_is_named(request_body: str, reply_body: str, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        read_exchange(framed(request_body), framed(reply_body))

    assert caught.value.reason == reason


def test_a_flipped_bit_breaks_the_crc() -> None:
    reply = bytearray(framed(REPLY))
    reply[4] ^= 1

    with pytest.raises(DecodeError, match="CRC"):
        read_exchange(framed(REQUEST), bytes(reply))


@given(st.binary(max_size=20), st.binary(max_size=20), st.booleans())
def test_no_bytes_raise_anything_but_decode_error(request_body: bytes, reply_body: bytes, has_crc: bool) -> None:  # noqa: FBT001 - hypothesis passes it
    if has_crc:
        request_body, reply_body = framed(request_body.hex()), framed(reply_body.hex())

    try:
        said = read_exchange(request_body, reply_body)
    except DecodeError:
        return

    assert said.kind in {"holding", "input"}
