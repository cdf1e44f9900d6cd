"""Journal entries cut and joined into requests of so many readings. Holds no more than it is given; sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from gateway.model import Batch


class Request(NamedTuple):
    """What goes next, and the position that is complete once it is there."""

    batch: Batch
    complete: int
    rest: tuple[tuple[int, Batch], ...]


class Requests:
    """What one lane still has to send, in the journal's order."""

    def __init__(self, batch_points: int) -> None:
        self.batch_points = batch_points
        self._waiting: tuple[tuple[int, Batch], ...] = ()
        self.read = 0
        """The position up to which everything was added."""
        self.complete = 0
        """The position up to which nothing is left to send."""
        self.rows = 0
        """Readings that wait."""

    def begin(self, position: int) -> None:
        """Forget what waits and go on behind a position."""
        self._waiting, self.rows = (), 0
        self.read = self.complete = position

    def add(self, batches: Sequence[tuple[int, Batch]], until: int) -> int:
        """Take over batches with their positions, of everything up to `until`; return how many readings they hold."""
        sound = [(position, batch) for position, batch in batches if len(batch)]
        rows = sum(len(batch) for _, batch in sound)
        self._waiting += tuple(sound)
        self.rows += rows
        self.read = until
        if not self._waiting:
            self.complete = until
        return rows

    def next(self) -> Request:
        """Return the next request without taking it away."""
        taken: list[Batch] = []
        room = self.batch_points
        complete = self.complete
        for place, (position, batch) in enumerate(self._waiting):
            if len(batch) > room:
                if room:
                    taken.append(batch.take(np.arange(room)))
                rest = batch.take(np.arange(room, len(batch)))
                return Request(_joined(taken), complete, ((position, rest), *self._waiting[place + 1 :]))
            taken.append(batch)
            room -= len(batch)
            complete = position
        return Request(_joined(taken), self.read, ())

    def sent(self, request: Request) -> None:
        """Take a request away: it is where it belongs."""
        self._waiting = request.rest
        self.rows -= len(request.batch)
        self.complete = request.complete


def _joined(batches: Sequence[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    return replace(
        batches[-1],
        channel=np.concatenate([batch.channel for batch in batches]),
        time_ns=np.concatenate([batch.time_ns for batch in batches]),
        value=np.concatenate([batch.value for batch in batches]),
        quality=np.concatenate([batch.quality for batch in batches]),
        flags=np.concatenate([batch.flags for batch in batches]),
    )
