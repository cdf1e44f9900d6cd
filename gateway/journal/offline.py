"""A journal's entries and channels read from its folder alone, also while a gateway writes it. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.journal.entry import Entry
from gateway.journal.numbering import known_channels
from gateway.journal.segment import first_of
from gateway.journal.segments import segment_paths
from gateway.journal.walking import Walk

_CHANNELS_FILE = "channels.db"
_SLICE = 20_000


def read_entries(folder: Path, after: int, until: int) -> Iterator[Entry]:
    """Yield the intact entries after one position up to another, in order; damaged ones are passed over."""
    firsts = tuple(map(first_of, segment_paths(folder)))
    walk = Walk(folder, lambda: firsts, lambda: until, lambda _: None)
    while after < until:
        entries = walk.read(after, _SLICE)
        if not entries:
            return
        for entry in entries:
            if entry.position > until:
                return
            yield entry
        after = entries[-1].position


def channel_numbers(folder: Path) -> dict[str, int]:
    """Return the number of every channel id that a journal ever numbered."""
    return {one.id: one.number for one in known_channels(folder / _CHANNELS_FILE)}
