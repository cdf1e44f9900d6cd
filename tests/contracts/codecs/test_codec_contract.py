"""What every codec promises, whatever bytes come: the Cut law, DecodeError alone, bounded memory and time."""

from __future__ import annotations

import math
import random
import time
from typing import Any

import pytest

from gateway.codecs.contract import CodecOptions, FrameDecoder, Message, StreamDecoder, Unreadable
from gateway.errors import DecodeError
from gateway.model import Quality
from tests.contracts.codecs.conftest import Codec

MUTANTS_A_FRAME = 40
LONGEST_FRAME = 70_000
MEGABYTE = 1 << 20


def stream_decoder(codec: Codec) -> StreamDecoder[Any]:
    made: StreamDecoder[Any] = codec.decoder()  # type: ignore[assignment] # the fixture takes those that have feed
    return made


def shown(said: list[Message[Any] | Unreadable]) -> list[str]:
    """Return what was said, comparable: NaN equals NaN, errors by their text."""
    return [f"{one.size} {one.data!r} {one.error}" if isinstance(one, Unreadable) else repr(one) for one in said]


def mutated(frame: bytes, dice: random.Random) -> bytes:
    data = bytearray(frame)
    for _ in range(dice.choice((1, 1, 2, 8))):
        at = dice.randrange(len(data) + 1)
        kind = dice.randrange(5)
        if kind == 0 and at < len(data):
            data[at] = dice.randrange(256)
        elif kind == 1 and at < len(data):
            data[at] ^= 1 << dice.randrange(8)
        elif kind == 2:
            del data[at : at + dice.choice((1, 2, 50))]
        elif kind == 3:
            data[at:at] = dice.randbytes(dice.choice((1, 3, 40)))
        else:
            data[at:at] = data[: dice.randrange(20)]
    return bytes(data)


def check(message: Message[Any]) -> None:
    """A message holds nothing that the journal could not take."""
    for reading in message.readings:
        is_missing = reading.quality == Quality.MISSING
        assert math.isnan(reading.value) if is_missing else math.isfinite(reading.value)
        assert reading.quality in set(Quality)
        assert reading.time_ns is None or -(1 << 63) < reading.time_ns < 1 << 63
        assert reading.field


def decode_or_reject(decoder: FrameDecoder[Any], frame: bytes) -> None:
    try:
        message = decoder.decode(frame)
    except DecodeError:
        return
    else:
        check(message)


def test_a_codec_comes_with_published_frames(codec: Codec) -> None:
    assert codec.frames


def test_whatever_becomes_of_a_published_frame_only_decode_error_leaves(codec: Codec) -> None:
    dice = random.Random(651)
    decoder = codec.decoder()

    for frame in codec.frames:
        for _ in range(MUTANTS_A_FRAME):
            decode_or_reject(decoder, mutated(frame, dice))
        for size in range(len(frame)):
            decode_or_reject(decoder, frame[:size])


def test_no_bytes_at_all_make_it_raise_anything_else(codec: Codec) -> None:
    dice = random.Random(212)
    decoder = codec.decoder()

    for size in (0, 1, 2, 3, 7, 8, 20, 300, 5_000):
        for _ in range(40):
            decode_or_reject(decoder, dice.randbytes(size))


def test_a_stream_says_the_same_whole_and_byte_by_byte(streaming: Codec) -> None:
    dice = random.Random(2014)
    frames = [frame for frame in streaming.frames for _ in range(2)]
    parts = [mutated(frame, dice) if dice.random() < 0.3 else frame for frame in frames]
    stream = b"".join(part + (dice.randbytes(5) if dice.random() < 0.2 else b"") for part in parts)
    whole, piecewise, ragged = (stream_decoder(streaming) for _ in range(3))

    at_once = [*whole.feed(stream), *whole.close()]
    one_by_one = [said for byte in stream for said in piecewise.feed(bytes([byte]))] + [*piecewise.close()]
    in_pieces: list[Message[Any] | Unreadable] = []
    at = 0
    while at < len(stream):
        size = dice.randrange(1, 200)
        in_pieces += ragged.feed(stream[at : at + size])
        at += size
    in_pieces += ragged.close()

    assert shown(one_by_one) == shown(at_once)
    assert shown(in_pieces) == shown(at_once)


def test_a_stream_of_whole_frames_says_what_the_frames_say(streaming: Codec) -> None:
    stream, single = stream_decoder(streaming), streaming.decoder()
    frames = [frame for frame in streaming.frames if is_one_frame(streaming, frame)]

    said = [*stream.feed(b"".join(frames)), *stream.close()]

    want: list[str] = []
    for frame in frames:
        try:
            want.append(repr(single.decode(frame)))
        except DecodeError as error:
            want.append(str(error))
    assert [str(one.error) if isinstance(one, Unreadable) else repr(one) for one in said] == want


def test_noise_between_frames_costs_no_frame(streaming: Codec) -> None:
    decoder = stream_decoder(streaming)
    good = [frame for frame in streaming.frames if is_good(streaming, frame)]

    said = decoder.feed(b"".join(b"\xa5\xa5noise" + frame for frame in good))

    assert sum(isinstance(one, Message) for one in said) == len(good)


def is_one_frame(codec: Codec, frame: bytes) -> bool:
    try:
        codec.decoder().decode(frame)
    except DecodeError as error:
        return error.reason != "length"
    return True


def is_good(codec: Codec, frame: bytes) -> bool:
    try:
        codec.decoder().decode(frame)
    except DecodeError:
        return False
    return True


@pytest.mark.parametrize("kind", ["noise", "beginnings", "one start for ever"])
def test_memory_and_time_are_bounded_for_any_stream(streaming: Codec, kind: str) -> None:
    decoder = stream_decoder(streaming)
    dice = random.Random(645)
    frame = streaming.frames[0]
    piece = {
        "noise": dice.randbytes(MEGABYTE),
        "beginnings": (frame[:6] * (MEGABYTE // 6 + 1))[:MEGABYTE],
        "one start for ever": (frame[:14] + b"7" * MEGABYTE)[:MEGABYTE],
    }[kind]
    began = time.process_time()

    for at in range(0, len(piece), 4_096):
        decoder.feed(piece[at : at + 4_096])
        assert decoder.waiting <= LONGEST_FRAME

    assert time.process_time() - began < 5
    for one in decoder.close():
        assert isinstance(one, Message) or len(one.data) <= LONGEST_FRAME


def test_two_decoders_share_nothing(codec: Codec) -> None:
    first, second = codec.decoder(), codec.decoder()
    frame = next(frame for frame in codec.frames if is_good(codec, frame))

    said = first.decode(frame)

    assert repr(second.decode(frame)) == repr(said)


def test_a_strict_decoder_accepts_nothing_that_a_lenient_one_refuses(codec: Codec) -> None:
    strict = codec.make(CodecOptions())

    for frame in codec.frames:
        try:
            strict.decode(frame)
        except DecodeError:
            continue
        assert is_good(codec, frame)
