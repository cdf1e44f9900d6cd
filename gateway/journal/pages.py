"""The records in a damaged segment, read page by page past SQLite. Knows nothing of what becomes of them.

An SQLite file is pages; a leaf page of a table holds the rows themselves, so that it can be read without those above it
(https://www.sqlite.org/fileformat.html, 1.6 and 2.1; the write-ahead log: 4). The checksum of each record decides
whether what was found is one.

    leaf:  13 | freeblock 2 | cells 2 | content 2 | fragments 1 | cell offset 2 · cells …
    cell:  payload length varint | rowid varint | payload … | first overflow page 4, if it is longer than fits
    log:   magic 4 | version 4 | page size 4 | sequence 4 | salts 8 | checksum 8
    frame: page number 4 | pages after commit 4 | salts 8 | checksum 8 | page
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

from gateway.journal.segment import PAGE_BYTES, Row

_LEAF = 13
_COLUMNS = 6
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_CONSTANTS = {8: 0, 9: 1}
_FIRST_BLOB = 12
# Section 1.6: what stays in the leaf of a payload that is too long for it.
_MOST_LOCAL = PAGE_BYTES - 35
_LEAST_LOCAL = (PAGE_BYTES - 12) * 32 // 255 - 23
_LONGEST_BODY = 1_000_000_000

_LOG_HEADER, _FRAME_HEADER = 32, 24
_LITTLE_ENDIAN_MAGIC, _BIG_ENDIAN_MAGIC = 0x377F0682, 0x377F0683


def intact_records(path: Path) -> Iterator[Row]:
    """Yield every record of a segment that can be found and is what was written, in the order of the pages."""
    with path.open("rb") as file:
        pages = _Pages(file.fileno(), path)
        for number in range(1, pages.count + 1):
            page = pages.read(number)
            if page is not None and page[0] == _LEAF:
                yield from _records_of(page, pages)


class _Pages:
    """The pages of a segment as of its last commit, those in the write-ahead log included."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self._logged = _committed_pages(path.with_name(f"{path.name}-wal"))
        in_file = -(-path.stat().st_size // PAGE_BYTES)
        self.count = max(in_file, max(self._logged, default=0))

    def read(self, number: int) -> bytes | None:
        """Return a page, None when the disk does not give it."""
        logged = self._logged.get(number)
        if logged is not None:
            return logged
        try:
            page = os.pread(self._descriptor, PAGE_BYTES, (number - 1) * PAGE_BYTES)
        except OSError:
            return None
        return page if len(page) == PAGE_BYTES else None


def _records_of(page: bytes, pages: _Pages) -> Iterator[Row]:
    (cells,) = struct.unpack_from(">H", page, 3)
    for cell in range(min(cells, (PAGE_BYTES - 8) // 2)):
        (offset,) = struct.unpack_from(">H", page, 8 + 2 * cell)
        try:
            row = _record_at(page, offset, pages)
        except (IndexError, ValueError, struct.error):
            continue
        if row is not None and row.is_intact:
            yield row


def _record_at(page: bytes, offset: int, pages: _Pages) -> Row | None:
    length, at = _varint(page, offset)
    position, at = _varint(page, at)
    if not 0 < length < _LONGEST_BODY:
        return None
    return _row_of(position, _payload(page, at, length, pages))


def _payload(page: bytes, at: int, length: int, pages: _Pages) -> bytes:
    if length <= _MOST_LOCAL:
        return page[at : at + length]
    local = _LEAST_LOCAL + (length - _LEAST_LOCAL) % (PAGE_BYTES - 4)
    if local > _MOST_LOCAL:
        local = _LEAST_LOCAL
    parts = [page[at : at + local]]
    missing = length - local
    (following,) = struct.unpack_from(">I", page, at + local)
    while missing > 0:
        overflow = pages.read(following) if 0 < following <= pages.count else None
        if overflow is None:
            raise ValueError("a page of the record is missing")
        (following,) = struct.unpack_from(">I", overflow)
        parts.append(overflow[4 : 4 + missing])
        missing -= len(parts[-1])
    return b"".join(parts)


def _row_of(position: int, payload: bytes) -> Row | None:
    end, at = _varint(payload, 0)
    types = []
    while at < end:
        code, at = _varint(payload, at)
        types.append(code)
    # The position is the rowid, and stored as nothing in its own column.
    if len(types) != _COLUMNS or types[0] != 0 or types[-1] < _FIRST_BLOB or types[-1] % 2:
        return None
    integers = []
    for code in types[1:-1]:
        if code in _CONSTANTS:
            integers.append(_CONSTANTS[code])
            continue
        width = _INTEGERS.get(code)
        if width is None:
            return None
        integers.append(int.from_bytes(payload[at : at + width], "big", signed=True))
        at += width
    kind, received_ns, readings, crc = integers
    if readings < 0 or readings >= 1 << 32:
        return None
    return Row(position, kind, received_ns, readings, crc, payload[at : at + (types[-1] - _FIRST_BLOB) // 2])


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """Return the number that stands at a place, and the place behind it; seven bits a byte, the ninth has eight."""
    value = 0
    for index in range(8):
        byte = content[at + index]
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, at + index + 1
    value = value << 8 | content[at + 8]
    return value - (1 << 64) if value >= 1 << 63 else value, at + 9


def _committed_pages(path: Path) -> dict[int, bytes]:
    """Return the newest version of each page that a commit in the write-ahead log made durable."""
    try:
        content = path.read_bytes()
    except OSError:
        return {}
    if len(content) < _LOG_HEADER:
        return {}
    magic, _, page_bytes, _, salts = struct.unpack_from(">IIII8s", content)
    if page_bytes != PAGE_BYTES or magic not in {_LITTLE_ENDIAN_MAGIC, _BIG_ENDIAN_MAGIC}:
        return {}
    order = "<" if magic == _LITTLE_ENDIAN_MAGIC else ">"
    sums = _checksums(content[:24], order, (0, 0))
    if sums != struct.unpack_from(">II", content, 24):
        return {}
    committed: dict[int, bytes] = {}
    waiting: dict[int, bytes] = {}
    for at in range(_LOG_HEADER, len(content) - _FRAME_HEADER - PAGE_BYTES + 1, _FRAME_HEADER + PAGE_BYTES):
        number, is_commit, frame_salts, *wanted = struct.unpack_from(">II8sII", content, at)
        page = content[at + _FRAME_HEADER : at + _FRAME_HEADER + PAGE_BYTES]
        sums = _checksums(page, order, _checksums(content[at : at + 8], order, sums))
        if frame_salts != salts or sums != tuple(wanted):
            break
        waiting[number] = page
        if is_commit:
            committed |= waiting
            waiting.clear()
    return committed


def _checksums(content: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    """Go on with the two running sums of section 4.2 over eight bytes at a time."""
    first, second = sums
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    for one, other in zip(words[::2], words[1::2], strict=True):
        first = first + one + second & 0xFFFFFFFF
        second = second + other + first & 0xFFFFFFFF
    return first, second
