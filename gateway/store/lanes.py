"""Two lanes over one journal: how far the live one is, and which gaps it left for the other. Positions only; no I/O.

    journal  1 ───────── 40 │ 41 ··········· 900 │ 901 ─────── 950 │ 951 …
             written        │ gap: oldest first  │ written live    │ to come

Rule 1: every position up to `live` is written, or lies in a gap; so nothing is passed over, whatever is killed when.
Rule 2: of two readings with one channel and time the one journaled last stays. The live lane notes the oldest time
        that it wrote on each channel; should the gap turn out to hold one as new, all that was written live since is
        written again behind it (`begin_again`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from gateway.model import Batch

MOST_GAPS = 64
"""More than so many and the two that are closest become one, with what lies between."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Positions after `after` up to `until` that are still to be written, the important channels' perhaps not."""

    after: int
    until: int
    is_rest: bool = False
    """The live lane wrote the important channels; only the others' readings are left."""


@dataclass(slots=True)
class Lanes:
    """The places of both lanes."""

    live: int = 0
    gaps: tuple[Gap, ...] = ()
    oldest: dict[int, int] = field(default_factory=dict)
    """Channel number → the oldest source time that was written live since the first gap."""

    @property
    def passed(self) -> int:
        """The position up to which there is nothing left to do: what the journal may let go."""
        return self.gaps[0].after if self.gaps else self.live

    @property
    def behind(self) -> int:
        """Records in gaps."""
        return sum(gap.until - gap.after for gap in self.gaps)

    def copy(self) -> Lanes:
        """Return an independent copy."""
        return replace(self, oldest=dict(self.oldest))

    def leave(self, until: int, *, is_rest: bool = False) -> None:
        """Leave everything after the live lane's place up to a position to the other lane."""
        if until <= self.live:
            return
        last = self.gaps[-1] if self.gaps else None
        if last is not None and last.until == self.live and last.is_rest == is_rest:
            self.gaps = (*self.gaps[:-1], replace(last, until=until))
        else:
            self.gaps = (*self.gaps, Gap(self.live, until, is_rest))
        self.live = until
        if len(self.gaps) > MOST_GAPS:
            self._join_closest()

    def went_live(self, until: int) -> None:
        """Note that the live lane has written everything up to a position."""
        self.live = max(self.live, until)

    def wrote_live(self, batch: Batch) -> None:
        """Note what the live lane has written, while there are gaps."""
        if not self.gaps:
            return
        order = np.argsort(batch.channel, kind="stable")
        channels, begins = np.unique(batch.channel[order], return_index=True)
        oldest = np.minimum.reduceat(batch.time_ns[order], begins) if len(begins) else begins
        for channel, time_ns in zip(channels.tolist(), oldest.tolist(), strict=True):
            self.oldest[channel] = min(time_ns, self.oldest.get(channel, time_ns))

    def filled(self, until: int) -> None:
        """Note that the first gap is written up to a position."""
        first = self.gaps[0]
        rest = (replace(first, after=until),) if until < first.until else ()
        self.gaps = (*rest, *self.gaps[1:])
        if not self.gaps:
            self.oldest.clear()

    def overtakes(self, batch: Batch) -> bool:
        """Tell whether a batch of the gap may have been written over something newer that was written live."""
        if not self.oldest:
            return False
        bound = [self.oldest.get(channel, _NEVER) for channel in batch.channel.tolist()]
        return bool((batch.time_ns >= np.array(bound, np.int64)).any())

    def begin_again(self, after: int) -> None:
        """Make everything behind a position one gap, so that it is all written in the journal's order."""
        self.gaps = (Gap(after, self.live),) if after < self.live else ()
        self.oldest.clear()

    def _join_closest(self) -> None:
        between = [later.after - gap.until for gap, later in zip(self.gaps, self.gaps[1:], strict=False)]
        at = between.index(min(between))
        joined = Gap(self.gaps[at].after, self.gaps[at + 1].until)
        self.gaps = (*self.gaps[:at], joined, *self.gaps[at + 2 :])


_NEVER = int(np.iinfo(np.int64).max)


def as_document(lanes: Lanes) -> dict[str, object]:
    """Return the places as JSON takes them."""
    gaps = [[gap.after, gap.until, gap.is_rest] for gap in lanes.gaps]
    return {"live": lanes.live, "gaps": gaps, "oldest": {str(number): ns for number, ns in lanes.oldest.items()}}


def from_document(document: Mapping[str, object]) -> Lanes:
    """Read what `as_document` wrote; ValueError, KeyError or TypeError for anything else."""
    live, gaps, oldest = document["live"], document["gaps"], document["oldest"]
    if not (isinstance(live, int) and isinstance(gaps, list) and isinstance(oldest, dict)):
        raise TypeError("not the places of a store")
    read = tuple(Gap(int(after), int(until), bool(is_rest)) for after, until, is_rest in gaps)
    return Lanes(live, read, {int(number): int(ns) for number, ns in oldest.items()})
