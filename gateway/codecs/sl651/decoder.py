"""SL 651-2014 frames to messages; packets of a split message are put together here. Knows nothing of sockets."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from gateway.codecs.contract import CodecOptions, Message, Unreadable
from gateway.codecs.sl651.ascii_body import read_ascii_body
from gateway.codecs.sl651.hex_body import read_hex_body
from gateway.codecs.sl651.reading_out import BodyRead
from gateway.codecs.sl651.wire import ASCII_MARK, ETB, ETX, HEX_MARK, Sl651Head, is_whole, measure, split_frame
from gateway.codecs.splitting import FrameSplitter
from gateway.errors import DecodeError

_PICTURE = 0x36
_MOST_SPLIT_MESSAGES = 8
_MOST_SPLIT_BYTES = 1 << 18


@dataclass(slots=True)
class _Split:
    """A message whose packets are coming in."""

    packets: int
    bodies: dict[int, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(map(len, self.bodies.values()))

    def missing(self) -> tuple[int, ...]:
        return tuple(number for number in range(1, self.packets + 1) if number not in self.bodies)


class Sl651Decoder:
    """Decodes the frames of one connection, whatever stations speak over it."""

    is_text: ClassVar[bool] = False

    def __init__(self, options: CodecOptions) -> None:
        self._is_lenient = options.is_lenient
        self._options = options
        self._splits: dict[tuple[str, int], _Split] = {}
        self._splitter = FrameSplitter((HEX_MARK, ASCII_MARK), measure, is_whole, self.decode)

    @property
    def waiting(self) -> int:
        """The bytes that are held because a frame may still come of them."""
        return self._splitter.waiting

    @property
    def noise(self) -> int:
        """The bytes since the last frame that begin no frame."""
        return self._splitter.noise

    def feed(self, data: bytes) -> list[Message[Sl651Head] | Unreadable]:
        """Take bytes from the stream and return what they completed."""
        return self._splitter.feed(data)

    def close(self) -> list[Message[Sl651Head] | Unreadable]:
        """Return what the end of the stream leaves."""
        return self._splitter.close()

    def decode(self, frame: bytes) -> Message[Sl651Head]:
        """Return what one frame says; what a split message says comes with the packet that completes it."""
        head, body = split_frame(frame, is_lenient=self._is_lenient)
        if head.packets:
            return self._packet(head, body)
        return self._message(head, self._read(head, body))

    def _packet(self, head: Sl651Head, body: bytes) -> Message[Sl651Head]:
        split = self._split_of(head)
        split.bodies[head.packet] = body
        if split.size > _MOST_SPLIT_BYTES:
            del self._splits[head.station, head.function]
            raise DecodeError("too long", f"a message of more than {_MOST_SPLIT_BYTES} bytes in packets")
        missing = split.missing()
        if missing:
            shown = missing if head.end != ETB else ()
            return Message(head.station, replace(head, missing=shown), [], [], [], None)
        del self._splits[head.station, head.function]
        if head.function == _PICTURE:
            whole = split.bodies[1]
        else:
            whole = b"".join(split.bodies[number] for number in range(1, split.packets + 1))
        # Whichever packet comes last, the station may now be answered.
        return self._message(replace(head, end=ETX), self._read(head, whole))

    def _split_of(self, head: Sl651Head) -> _Split:
        key = (head.station, head.function)
        split = self._splits.pop(key, None)
        if split is None or split.packets != head.packets:
            split = _Split(head.packets)
        self._splits[key] = split
        while len(self._splits) > _MOST_SPLIT_MESSAGES:
            # The one that has waited longest: each packet moves its message to the end.
            del self._splits[next(iter(self._splits))]
        return split

    def _read(self, head: Sl651Head, body: bytes) -> BodyRead:
        zone = self._options.zone_of(head.station)
        return read_ascii_body(body, zone) if head.is_ascii else read_hex_body(body, head.function, zone)

    def _message(self, head: Sl651Head, read: BodyRead) -> Message[Sl651Head]:
        head = replace(head, serial=read.serial)
        return Message(head.station, head, read.readings, read.texts, read.rejected, read.time_ns)
