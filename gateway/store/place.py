"""A reader's places in a small file of its own, replaced as a whole."""

from __future__ import annotations

import json
import logging
import os
import zlib
from pathlib import Path

from gateway.store.lanes import Lanes, as_document, from_document

_log = logging.getLogger(__name__)


class Place:
    """The lanes' places on disk; what cannot be read is the very beginning, which only repeats work."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lanes = _read(path)
        """The places as they are on disk."""

    def move(self, lanes: Lanes) -> None:
        """Put places on disk."""
        text = json.dumps(as_document(lanes), separators=(",", ":"))
        new = self._path.with_suffix(".new")
        with new.open("w") as file:
            file.write(f"{text} {_checksum(text)}\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        self.lanes = lanes.copy()


def read_lanes(path: Path) -> Lanes | None:
    """Return the places in a file that a store may be writing; None where there never was a store."""
    return _read(path) if path.exists() else None


def _read(path: Path) -> Lanes:
    try:
        text, _, checksum = path.read_text().strip().rpartition(" ")
        if text and checksum == _checksum(text):
            found = json.loads(text)
            # Until there were two lanes the file held one number.
            return Lanes(found) if isinstance(found, int) else from_document(found)
    except FileNotFoundError:
        return Lanes()
    except (ValueError, TypeError, KeyError):
        pass
    _log.warning("%s is damaged; everything that the journal still holds is written again", path)
    return Lanes()


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"
