"""The ring on disk: a few files written one after the other, the oldest removed when there is no more room.

    raw-0000000012.ring = record … record …      record = length I | crc32 I | MessagePack of RawFrames

A file that ends in the middle of a record was being written when the process died; what stands before it is whole.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from io import BufferedWriter
from pathlib import Path

import msgspec

from gateway.model import RawFrames

_HEAD = struct.Struct("<II")
_FILES = 8
"""The ring loses an eighth of itself at a time."""
_LONGEST = 1 << 24
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(RawFrames).decode


class FrameFiles:
    """The writing side; one thread."""

    def __init__(self, folder: Path, cap_bytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._cap_bytes = cap_bytes
        self._sizes = {path: path.stat().st_size for path in frame_paths(folder)}
        self._file: BufferedWriter | None = None
        self._written = 0
        self._next = 1 + max((_number(path) for path in self._sizes), default=0)
        self._make_room(0)

    def add(self, frames: RawFrames) -> None:
        """Append frames; they may lie in a buffer until `flush`."""
        body = _pack(frames)
        size = _HEAD.size + len(body)
        if size > min(_LONGEST, self._cap_bytes // _FILES):
            return
        if self._file is None or self._written + size > self._cap_bytes // _FILES:
            self._begin()
        if self._file is not None:
            self._file.write(_HEAD.pack(len(body), zlib.crc32(body)))
            self._file.write(body)
            self._written += size
            self._sizes[Path(self._file.name)] = self._written
            self._make_room(0)

    def _begin(self) -> None:
        self.close()
        path = self._folder / f"raw-{self._next:010d}.ring"
        self._next += 1
        self._file, self._written = path.open("wb"), 0
        self._sizes[path] = 0
        self._make_room(self._cap_bytes // _FILES)

    def _make_room(self, size: int) -> None:
        while len(self._sizes) > 1 and sum(self._sizes.values()) + size > self._cap_bytes:
            oldest = min(self._sizes)
            oldest.unlink(missing_ok=True)
            del self._sizes[oldest]

    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(self._sizes.values())

    def flush(self) -> None:
        """Hand what is buffered to the operating system; not to the disk: that would wear flash for no promise."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Finish the file that is written."""
        if self._file is not None:
            file, self._file = self._file, None
            file.close()


def frame_paths(folder: Path) -> list[Path]:
    """Return the files of a ring, oldest first."""
    return sorted(folder.glob("raw-*.ring"))


def read_frames(folder: Path) -> Iterator[RawFrames]:
    """Yield what a ring holds, oldest first, also while a gateway writes it."""
    for path in frame_paths(folder):
        try:
            with path.open("rb") as file:
                while len(head := file.read(_HEAD.size)) == _HEAD.size:
                    length, checksum = _HEAD.unpack(head)
                    body = file.read(length) if length <= _LONGEST else b""
                    if len(body) != length or zlib.crc32(body) != checksum:
                        break
                    yield _unpack(body)
        except FileNotFoundError:
            # The ring went round meanwhile.
            continue


def _number(path: Path) -> int:
    text = path.stem.removeprefix("raw-")
    return int(text) if text.isdecimal() else 0
