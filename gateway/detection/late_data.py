"""What becomes of late rows: once a device's backfill has ended, its gap is looked back on, and the ledger is told.

Rule 1: what is still to be looked back on is part of detection's snapshot; a kill begins the look back again, and its
findings have the same ids, times and text.
Rule 2: it begins when the history has what the journal had at that moment, and is asked for on ticks only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from detectors.contract import Rows, Times
from gateway.detection.banks import Bank
from gateway.detection.hindsight import LookBack, MakeWatcher, Past, Reach, RuleKey, look_back, reach_of
from gateway.detection.lateness import Lateness
from gateway.detection.looking_back import LookingBack
from gateway.early_warning import Finding
from gateway.health import Health
from gateway.inventory import Inventory
from gateway.model import SECOND

_LONGEST_NS = 31 * 86_400 * SECOND
"""Of a gap that is longer the last month is looked back on: a device whose clock was wrong says what it likes."""


class LateData:
    """Asked on every tick of the journal, on detection's thread."""

    def __init__(
        self,
        lateness: Lateness,
        banks: Sequence[Bank],
        *,
        inventory: Inventory,
        numbers: Mapping[str, int],
        past: Past,
        make: MakeWatcher,
        health: Health,
    ) -> None:
        self._lateness = lateness
        self._banks = banks
        self._names = [name for name in inventory.channels if name in numbers]
        self._devices = [inventory.channels[name].device for name in self._names]
        self._inventory = inventory
        self._past = past
        self._health = health
        self._looking = LookingBack[LookBack](lambda job: look_back(job, numbers, past=past, make=make), health)
        self._asked: tuple[Rows, Times] | None = None
        self._due: tuple[int, Rows, Reach] | None = None

    def tick(self, now_ns: int, position: int) -> Sequence[Finding]:
        """Let journal time pass; return the late findings of a look back that has ended."""
        findings: Sequence[Finding] = ()
        outcome = self._looking.take()
        if outcome is not None and self._asked is not None:
            findings = outcome.findings or ()
            self._lateness.settle(*self._asked)
            self._asked = None
            self._health.count("hindsight", "sent", len(findings))
        if not self._looking.is_busy:
            self._begin(now_ns, position)
        return findings

    def wait(self) -> None:
        """Block until the look back at hand has ended; the next tick tells of it."""
        self._looking.wait()

    def close(self) -> None:
        """Give up the look back at hand; it is begun again after the next start."""
        self._looking.close()

    def _begin(self, now_ns: int, position: int) -> None:
        if self._due is None:
            due = self._lateness.due(now_ns)
            if not due.size:
                return
            channels = self._of_one_device(due)
            names = [self._names[channel] for channel in channels.tolist()]
            self._due = position, channels, reach_of(self._inventory, names)
        at, channels, reach = self._due
        # Hold times that begin in the gap must have had their chance; a clock that is ahead is not waited for.
        newest_ns = min(self._lateness.last_ns[channels].max(), self._lateness.seen_ns[channels].max())
        is_over = now_ns >= int(newest_ns) + round(reach.tail_seconds * SECOND)
        if not is_over or not self._past.has_passed(at):
            return
        self._due = None
        self._asked = channels, self._lateness.seen_ns[channels].copy()
        self._health.count("hindsight", "received", len(channels))
        self._looking.start(self._job(channels, reach))

    def _of_one_device(self, due: Rows) -> Rows:
        device = self._devices[int(due[0])]
        return np.array([channel for channel in due.tolist() if self._devices[channel] == device], np.intp)

    def _job(self, channels: Rows, reach: Reach) -> LookBack:
        end_ns = int(self._lateness.last_ns[channels].max())
        return LookBack(
            channels=tuple(self._names[channel] for channel in channels.tolist()),
            start_ns=max(int(self._lateness.first_ns[channels].min()), end_ns - _LONGEST_NS),
            end_ns=end_ns,
            learned_ns=int(self._lateness.seen_ns[channels].max()),
            said=dict(said_by(self._banks)),
            reach=reach,
        )


def said_by(banks: Iterable[Bank]) -> Iterator[tuple[RuleKey, tuple[int, int]]]:
    """Yield each rule's newest episode that was said, and until when; one that stands has no end."""
    for bank in banks:
        state = bank.voice.state()
        columns = (state[name].tolist() for name in ("start_ns", "said_ns", "live"))
        for rule, start_ns, said_ns, live in zip(bank.rules, *columns, strict=True):
            if rule is not None and said_ns:
                yield rule.key, (start_ns, said_ns if not live else np.iinfo(np.int64).max)
