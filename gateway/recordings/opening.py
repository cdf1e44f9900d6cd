"""Which reader a recording needs, by the end of its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from gateway.recordings.layout import Layout
from gateway.recordings.mapping import Place
from gateway.recordings.notes import Notes
from gateway.recordings.order import Piece
from gateway.recordings.parquet import ParquetRecording
from gateway.recordings.reading import Recording

_PARQUET = (".parquet", ".pq")


class Readable(Protocol):
    """A recording of any kind."""

    numbers: dict[str, int]
    """The channels that occur and their numbers; complete once there is a piece."""
    is_received: bool
    """Whether it says when its readings were received; known once there is a piece."""
    empty_cells: int
    rows: int

    @property
    def share(self) -> float:
        """How much of the file has been read."""
        ...

    def pieces(self) -> Iterator[Piece]:
        """Yield the readings; ConfigError when the file makes no sense."""
        ...


def open_file(path: Path, places: Mapping[str, Place], layout: Layout, notes: Notes) -> Readable:
    """Return the recording in a file; `places` maps its columns, or names in its channel column, to channels."""
    kind = ParquetRecording if path.suffix.lower() in _PARQUET else Recording
    return kind(path, places, layout, notes)
