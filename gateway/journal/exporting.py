"""The readings of a journal's folder in order, with the ids of their channels.

Damaged records are left out and counted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.journal.encoding import KIND_BATCH, decode
from gateway.journal.numbering import known_channels
from gateway.journal.pages import intact_records
from gateway.journal.segment import Row, is_damage, reading, size_of
from gateway.journal.segments import segment_paths
from gateway.journal.versions import CHANNELS_FILE, check_versions
from gateway.journal.walking import sound
from gateway.model import Batch

_SELECT = "select position, kind, received_ns, readings, crc, body from record where kind = ? order by position"


@dataclass(slots=True)
class Export:
    """The batches of one journal, and what is known of their channels."""

    folder: Path
    ids: dict[int, str] = field(default_factory=dict)
    """Channel number → id; a number that the table does not know stays a number."""
    damaged: int = 0
    """Records that were left out so far; of a damaged file only those that were found."""

    @classmethod
    def open(cls, folder: Path) -> Export:
        """Look at a folder; raise FileNotFoundError when there is no journal in it, ConfigError when it is newer."""
        if not segment_paths(folder):
            raise FileNotFoundError(f"no journal in {folder}")
        check_versions(folder)
        return cls(folder, {channel.number: channel.id for channel in known_channels(folder / CHANNELS_FILE)})

    def batches(self, progress: Callable[[int, int], object] = lambda _done, _all: None) -> Iterator[Batch]:
        """Yield every batch, oldest first; a gateway may be writing the journal."""
        paths = segment_paths(self.folder)
        total, done = sum(map(size_of, paths)), 0
        for path in paths:
            size = size_of(path)
            for row in self._rows(path):
                record = decode(row.kind, row.body)
                if isinstance(record, Batch):
                    yield record
            done += size
            progress(done, total)

    def _rows(self, path: Path) -> Iterator[Row]:
        last = 0
        try:
            with reading(path) as connection:
                for found in connection.execute(_SELECT, (KIND_BATCH,)):
                    row = sound(found)
                    last = max(last, row.position)
                    if row.is_intact:
                        yield row
                    else:
                        self.damaged += 1
        except FileNotFoundError:
            return
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self.damaged += 1
            yield from (row for row in intact_records(path) if row.kind == KIND_BATCH and row.position > last)
