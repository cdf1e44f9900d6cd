"""A CSV file, packed or not, as blocks of whole lines of text, whatever it is encoded in."""

from __future__ import annotations

import codecs
import gzip
import lzma
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple, Self

from gateway.errors import ConfigError, Fault
from gateway.recordings.notes import Notes

_BLOCK_BYTES = 2_000_000
_MAGIC_XZ, _MAGIC_GZIP, _MAGIC_ZIP = b"\xfd7zXZ\x00", b"\x1f\x8b", b"PK\x03\x04"
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_CUT_SHORT = (EOFError, lzma.LZMAError, gzip.BadGzipFile, zlib.error)


class Block(NamedTuple):
    """Whole lines; every line but perhaps the file's last ends in a newline."""

    first_line: int
    """The number of the first line, from 1."""
    text: str


class Source:
    """One file, read once from its beginning to its end."""

    def __init__(self, path: Path, notes: Notes) -> None:
        self._notes = notes
        try:
            self._raw = path.open("rb")
        except OSError as error:
            raise ConfigError([Fault(str(path), 1, 1, f"cannot read the file: {error.strerror}")]) from error
        self._size = path.stat().st_size
        self._is_damaged = False
        start = self._raw.read(6)
        self._raw.seek(0)
        if start.startswith(_MAGIC_ZIP):
            self._raw.close()
            hint = "unpack it; .csv, .csv.xz and .csv.gz are read"
            raise ConfigError([Fault(str(path), 1, 1, "this is a ZIP archive or an Excel workbook", hint)])
        self._stream: lzma.LZMAFile | gzip.GzipFile | BufferedReader = self._raw
        if start == _MAGIC_XZ:
            self._stream = lzma.LZMAFile(self._raw)  # noqa: SIM115 - closed on exit
        elif start.startswith(_MAGIC_GZIP):
            self._stream = gzip.GzipFile(fileobj=self._raw)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._raw.close()

    @property
    def share(self) -> float:
        """How much of the file has been read."""
        return self._raw.tell() / self._size if self._size else 1.0

    def blocks(self) -> Iterator[Block]:
        """Yield the file in blocks of whole lines."""
        line, rest, encoding = 1, b"", "utf-8"
        for data in self._data():
            end = data.rfind(b"\n") + 1
            if not end:
                rest += data
                continue
            whole, rest = rest + data[:end], data[end:]
            text, encoding = self._decoded(whole, line, encoding)
            yield Block(line, text)
            line += text.count("\n")
        if rest:
            yield Block(line, self._decoded(rest, line, encoding)[0])

    def _data(self) -> Iterator[bytes]:
        """Yield the unpacked bytes without a byte order mark, UTF-16 as UTF-8."""
        data = self._read()
        if utf16 := _UTF16.get(data[:2]):
            self._notes.add("encoding", 1, "the file is UTF-16; it is read as such")
            decoder = codecs.getincrementaldecoder(utf16)("replace")
            data = data[2:]
            while data:
                yield decoder.decode(data).encode()
                data = self._read()
            return
        data = data.removeprefix(codecs.BOM_UTF8)
        while data:
            yield data
            data = self._read()

    def _read(self) -> bytes:
        """Return the next bytes, nothing at the end; before what is damaged comes what is not."""
        parts: list[bytes] = []
        count = 0
        while count < _BLOCK_BYTES and not self._is_damaged:
            try:
                part = self._stream.read1(_BLOCK_BYTES)
            except _CUT_SHORT as error:
                self._is_damaged = True
                self._notes.add("archive", 0, f"it is damaged or ends early ({error}); what could be unpacked counts")
                break
            if not part:
                break
            parts.append(part)
            count += len(part)
        return b"".join(parts)

    def _decoded(self, data: bytes, line: int, encoding: str) -> tuple[str, str]:
        """Return the text of whole lines, and how the next ones are probably encoded."""
        for name in dict.fromkeys((encoding, "utf-8", "gb18030")):
            try:
                text = data.decode(name)
            except UnicodeDecodeError as error:
                if name == encoding:
                    line += data.count(b"\n", 0, error.start)
                continue
            if name != encoding:
                self._notes.add("encoding", line, f"not {encoding.upper()} from here on; read as {name.upper()}")
            return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", ""), name
        self._notes.add("encoding", line, "neither UTF-8 nor GB18030; what cannot be read is left out")
        return data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\0", ""), encoding
