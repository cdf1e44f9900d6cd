"""`lifeline journal stats FOLDER`: what the journal holds, who has read it, and what became no reading and why."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.journal import JournalStats

_SHOWN_REJECTS = 5
_MEGA = 1_000_000


def configure(_parser: argparse.ArgumentParser) -> None:
    """Declare no more options."""


def run(folder: Path, options: argparse.Namespace) -> int:
    """Print the figures; the gateway may be running or not."""
    from gateway.journal import read_quarantine, read_stats  # noqa: PLC0415 - `lifeline --help` must not pay for numpy

    stats = read_stats(folder)
    newest = read_quarantine(folder, _SHOWN_REJECTS)
    if options.json:
        rejects = [
            dataclasses.asdict(reject) | {"payload": reject.payload.decode("utf-8", "backslashreplace")}
            for reject in newest
        ]
        figures = dataclasses.asdict(stats) | {
            "endurance": stats.endurance,
            "quarantine_bytes": stats.quarantine_bytes,
            "newest_rejects": rejects,
        }
        print(json.dumps(figures, ensure_ascii=False))
        return 0
    print("\n".join(_lines(stats)))
    for reject in newest:
        print(
            f"  {_time(reject.received_ns)}  {reject.source}: {reject.reason} {reject.detail} {reject.payload[:80]!r}"
        )
    return 0


def _lines(stats: JournalStats) -> list[str]:
    cap = f" of {_size(stats.cap_bytes)} ({stats.bytes / stats.cap_bytes:.1%})" if stats.cap_bytes else ""
    lines = [
        f"on disk     {_size(stats.bytes)}{cap} in {stats.segments} segments",
        f"holds       {stats.records} records, {stats.readings} readings",
        f"positions   {stats.oldest_position} to {stats.newest_position}",
    ]
    if stats.records:
        lines.append(f"received    {_time(stats.oldest_received_ns)} to {_time(stats.newest_received_ns)}")
    lines += [
        f"endurance   {stats.endurance}",
        f"conflicts   {stats.conflicts} readings with the time of another value, moved on as SUSPECT",
        f"damaged     {stats.damaged}",
        f"given up    {sum(each.readings for each in stats.given_up)} readings to stay under the cap",
    ]
    lines += [f"  {each.readings:>9}  {each.reason}, importance {each.importance}" for each in stats.given_up]
    lines += [f"set aside   {name}" for name in stats.corrupt]
    lines += [f"reader      {place.name}: {place.behind} records behind" for place in stats.readers]
    lines.append(f"quarantine  {_size(stats.quarantine_bytes)} kept")
    lines += [
        f"  {reject.seen:>9}  {reject.reason} ({reject.kept} kept, {_size(reject.bytes)})"
        for reject in stats.quarantine
    ]
    return lines


def _size(count: int) -> str:
    return f"{count / _MEGA:.1f} MB" if count >= _MEGA else f"{count / 1_000:.1f} kB"


def _time(time_ns: int) -> str:
    from gateway.clock import to_iso  # noqa: PLC0415

    return to_iso(time_ns)
