"""One channel and hour judged: what is lost, twice, missed or waiting, and why. Sets of times in, words out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from gateway.model import SECOND, Int64s
from gateway.proof.proof_file import BEGAN, HOLE, REFUSED, REJECTED, TICK, Fact
from gateway.proof.report import Discrepancy, HourLine, Kind
from gateway.proof.tally import HOUR_NS, Counts

_TICKS_AN_HOUR = 360
"""The journal ticks every 10 s while it can write."""
_TICKS_MISSING = 6
_LATE_REPORTS = 1
"""So many fewer than the period promises are a matter of where the hour begins."""


@dataclass(frozen=True, slots=True, eq=False)
class Hour:
    """What is known of one channel in one hour."""

    channel: str
    hour: int
    counts: Counts
    times: Int64s | None
    """The distinct times journaled, sorted; None when they are not all kept."""
    stored: Int64s
    """The times in the history, sorted."""
    waiting: Int64s
    """The times journaled beyond the history's place, sorted."""
    upstream_waiting: int | None
    period_seconds: float | None


class Judge:
    """Judges hours by the facts of the gateway's life."""

    def __init__(
        self,
        facts: Mapping[Fact, int],
        *,
        began_ns: int,
        since_ns: int,
        until_ns: int,
        oldest_stored_ns: int | None,
        given_up: int,
    ) -> None:
        """`given_up` are readings that the journal let go at its cap; `began_ns` is when counting began."""
        self._facts = facts
        self._began_ns = began_ns
        self._since_ns = since_ns
        self._until_ns = until_ns
        self._oldest_stored_ns = oldest_stored_ns
        self._given_up = given_up
        self._reasons: dict[int, list[str]] = {}
        for (hour, kind, subject), count in sorted(facts.items()):
            if kind == REJECTED:
                self._reasons.setdefault(hour, []).append(f"{subject}, {count}")
        self._first_ns = {hour: int(subject) for hour, kind, subject in facts if kind == BEGAN and subject.isdigit()}
        self._holes = {hour for hour, kind, _ in facts if kind == HOLE}

    def expected_keys(self, periods: Mapping[int, float | None], first: int, last: int) -> Iterable[tuple[int, int]]:
        """Return the (channel, hour) in which something should have come, whether or not it did."""
        hours = [hour for hour in range(first, last + 1) if hour * HOUR_NS >= self._began_ns and self._ran(hour)]
        return [(number, hour) for number, period in periods.items() if period is not None for hour in hours]

    def _ran(self, hour: int) -> bool:
        return self._facts.get((hour, TICK, ""), 0) > 0

    def judge(self, hour: Hour) -> tuple[HourLine, list[Discrepancy]]:
        """Return the line of an hour and what does not agree in it."""
        found: list[Discrepancy] = []
        start_ns = hour.hour * HOUR_NS
        waiting = np.setdiff1d(hour.waiting, hour.stored)
        lost, duplicated = self._compare(hour, waiting, found)
        missed = self._missed(hour, found)
        refused = min(self._facts.get((hour.hour, REFUSED, hour.channel), 0), hour.counts.distinct)
        if refused:
            found.append(_all_of(hour, "refused", refused, "the database refuses these points; see the quarantine"))
        upstream = None
        if hour.upstream_waiting is not None:
            upstream = max(0, hour.counts.distinct - hour.upstream_waiting - refused)
        line = HourLine(
            channel=hour.channel,
            hour_ns=start_ns,
            journaled=hour.counts.distinct,
            redelivered=hour.counts.redelivered,
            corrected=hour.counts.corrected,
            stored=len(hour.stored),
            waiting=len(waiting),
            upstream=upstream,
            upstream_waiting=hour.upstream_waiting or 0,
            missed=missed,
            lost=lost,
            duplicated=duplicated,
        )
        return line, found

    def _compare(self, hour: Hour, waiting: Int64s, found: list[Discrepancy]) -> tuple[int, int]:
        """Return how many readings are lost and how many are too many, with what explains others."""
        if hour.times is not None and len(hour.times) == hour.counts.distinct:
            missing = np.setdiff1d(hour.times, np.union1d(hour.stored, waiting))
            extra = np.setdiff1d(hour.stored, hour.times)
        else:
            surplus = len(hour.stored) + len(waiting) - hour.counts.distinct
            start_ns = np.int64(hour.hour * HOUR_NS)
            missing = np.full(max(0, -surplus), start_ns)
            extra = np.full(max(0, surplus), start_ns)
        lost = duplicated = 0
        if len(missing):
            kind, reason = self._why_missing(hour)
            lost = len(missing) if kind == "lost" else 0
            found.append(_of(hour, kind, missing, reason))
        if len(extra):
            kind, reason = self._why_extra(hour)
            duplicated = len(extra) if kind == "duplicated" else 0
            found.append(_of(hour, kind, extra, reason))
        return lost, duplicated

    def _why_missing(self, hour: Hour) -> tuple[Kind, str]:
        end_ns = (hour.hour + 1) * HOUR_NS
        if hour.counts.unknown:
            return "unproven", f"{hour.counts.unknown} rows came too late to be compared with what was there"
        if self._oldest_stored_ns is not None and end_ns <= self._oldest_stored_ns:
            return "given up", "older than what the history keeps (stores.history.cap_bytes)"
        if self._given_up:
            return "given up", "given up at the journal's cap before the history had read it; see `journal stats`"
        return "lost", "journaled and passed by the history, but not in it"

    def _why_extra(self, hour: Hour) -> tuple[Kind, str]:
        if hour.hour * HOUR_NS < self._began_ns:
            return "unproven", "stored before counting began"
        if self._holes:
            return "unproven", "the journal let go of records before they were counted"
        return "duplicated", "in the history, but journaled fewer times"

    def _missed(self, hour: Hour, found: list[Discrepancy]) -> int:
        """Return how many reports are missing against the channel's period, naming why."""
        if hour.period_seconds is None:
            return 0
        # A box that was set up at ten to the hour has missed nothing before.
        start_ns = max(hour.hour * HOUR_NS, self._since_ns, self._began_ns, self._first_ns.get(hour.hour, 0))
        end_ns = min((hour.hour + 1) * HOUR_NS, self._until_ns)
        promised = int((end_ns - start_ns) / SECOND / hour.period_seconds)
        in_time = hour.counts.distinct
        if hour.times is not None:
            in_time = int(((hour.times >= start_ns) & (hour.times < end_ns)).sum())
        missed = max(0, promised - in_time)
        if missed <= _LATE_REPORTS:
            return 0
        gap = _widest_gap(hour.times, start_ns, end_ns) if hour.times is not None else (start_ns, end_ns)
        found.append(Discrepancy("missed", hour.channel, missed, *gap, self._why_missed(hour)))
        return missed

    def _why_missed(self, hour: Hour) -> str:
        device = hour.channel.split(".")[1] if hour.channel.count(".") > 1 else hour.channel
        ticks = self._facts.get((hour.hour, TICK, ""), 0)
        is_whole = (hour.hour + 1) * HOUR_NS <= self._until_ns and hour.hour * HOUR_NS >= self._began_ns
        told = [reason for reason in self._reasons.get(hour.hour, ()) if device in reason.split("(")[0].split()]
        if is_whole and ticks < _TICKS_AN_HOUR - _TICKS_MISSING:
            seconds = 10 * (_TICKS_AN_HOUR - ticks)
            told.append(f"nothing was journaled for about {seconds} s: the gateway was stopped, or its disk was full")
        return "; ".join(told) or "the device did not answer or report"


def _widest_gap(times: Int64s, start_ns: int, end_ns: int) -> tuple[int, int]:
    inside = times[(times >= start_ns) & (times < end_ns)]
    edges = np.concatenate(([start_ns], inside, [end_ns]))
    at = int(np.argmax(np.diff(edges)))
    return int(edges[at]), int(edges[at + 1])


def _of(hour: Hour, kind: Kind, times: Int64s, reason: str) -> Discrepancy:
    return Discrepancy(kind, hour.channel, len(times), int(times[0]), int(times[-1]), reason)


def _all_of(hour: Hour, kind: Kind, count: int, reason: str) -> Discrepancy:
    return Discrepancy(kind, hour.channel, count, hour.hour * HOUR_NS, (hour.hour + 1) * HOUR_NS, reason)
