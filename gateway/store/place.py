"""A reader's place in a small file of its own, replaced as a whole."""

from __future__ import annotations

import logging
import os
import zlib
from pathlib import Path

_log = logging.getLogger(__name__)


class Place:
    """A position on disk; one that cannot be read is the very beginning, which only repeats work."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.position = _read(path)
        """The position as it is on disk."""

    def move(self, position: int) -> None:
        """Put a position on disk."""
        text = str(position)
        new = self._path.with_suffix(".new")
        with new.open("w") as file:
            file.write(f"{text} {zlib.crc32(text.encode()):08x}\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        self.position = position


def _read(path: Path) -> int:
    try:
        text, _, checksum = path.read_text().strip().partition(" ")
    except FileNotFoundError:
        return 0
    except ValueError:
        text = checksum = ""
    if text.isdecimal() and checksum == f"{zlib.crc32(text.encode()):08x}":
        return int(text)
    _log.warning("%s is damaged; everything that the journal still holds is written again", path)
    return 0
