"""How rows move from the head into chunks: committed there first, taken out of the head after.

A slot is sealed at SEAL_ROWS rows, or when its rows span seven days. The first chunk of a channel is shorter, each
channel's by another amount: channels that report in step would otherwise all be sealed in the same moment.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gateway.history.arrival import Arrival, Slots
from gateway.history.chunk_store import ChunkStore, Sealed
from gateway.history.columns import Columns, joined, settled
from gateway.history.head import SEAL_ROWS, Head
from gateway.history.latest import NEVER
from gateway.model import SECOND

SEAL_NS = 7 * 86_400 * SECOND
"""Rows of a channel that span so long are sealed, however few they are."""
_OLD_AT_ONCE = 16


def insert(head: Head, chunks: ChunkStore, arrival: Arrival) -> None:
    """Place an arrival in the head, sealing at once what does not fit."""
    full = head.without_room(arrival)
    if bool(full.any()):
        runs = np.flatnonzero(full).tolist()
        slots = arrival.slots[full].tolist()
        work = [(slot, joined((head.rows(slot), arrival.of(run)))) for slot, run in zip(slots, runs, strict=True)]
        _seal(head, chunks, work, whole=False)
        head.place(arrival.without(full))
    else:
        head.place(arrival)
    head.note_latest(arrival)


def seal_due(head: Head, chunks: ChunkStore) -> None:
    """Seal the slots that are full, and some of those whose rows span too long."""
    used = slice(head.count)
    full = np.flatnonzero(head.fill[used] >= _targets(head, np.arange(head.count)))
    if len(full):
        _seal(head, chunks, ((slot, head.rows(slot)) for slot in full.tolist()), whole=False)
    old = np.flatnonzero(head.oldest[used] < head.latest.time_ns[used] - SEAL_NS)[:_OLD_AT_ONCE]
    if len(old):
        _seal(head, chunks, ((slot, head.rows(slot)) for slot in old.tolist()), whole=True)


def _targets(head: Head, slots: Slots) -> Slots:
    half = SEAL_ROWS // 2
    # 97 has no factor in common with 256: neighbours lie far apart.
    first = half + head.channel[slots].astype(np.intp) * 97 % half
    return np.where(head.sealed_until[slots] == NEVER, first, SEAL_ROWS)


def _seal(head: Head, chunks: ChunkStore, work: Iterable[tuple[int, Columns]], *, whole: bool) -> None:
    parts = []
    for slot, arrived in work:
        rows = settled(arrived)
        until = int(head.sealed_until[slot])
        late = int(np.searchsorted(rows.time_ns, until, side="right"))
        target = int(_targets(head, np.array([slot]))[0])
        ready = len(rows) - late
        if not whole:
            ready = 0 if ready < target else target + (ready - target) // SEAL_ROWS * SEAL_ROWS
        stays = rows.take(slice(late + ready, None))
        sealed = Sealed(int(head.channel[slot]), rows.take(slice(late)), rows.take(slice(late, late + ready)))
        parts.append((slot, sealed, stays, int(sealed.rows.time_ns[-1]) if ready else until))
    chunks.seal(sealed for _, sealed, _, _ in parts)
    for slot, _, stays, until in parts:
        head.replace(slot, stays, until)
