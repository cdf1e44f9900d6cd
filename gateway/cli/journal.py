"""`lifeline journal stats`: what the journal holds, who has read it, and what became no reading and why."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import Unreachable

if TYPE_CHECKING:
    from gateway.journal import JournalStats

HELP = "look at a journal: stats"
_SHOWN_REJECTS = 5
_MEGA = 1_000_000


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    stats = actions.add_parser("stats", help="what it holds, who has read it, what was rejected and why")
    stats.add_argument(
        "--state", metavar="DIR", type=Path, default=Path("state"), help="the gateway's state folder (default: state)"
    )
    stats.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Print the figures; the gateway may be running or not."""
    from gateway.journal import read_quarantine, read_stats  # noqa: PLC0415 - `lifeline --help` must not pay for numpy

    folder = options.state / "journal"
    try:
        stats = read_stats(folder)
    except FileNotFoundError as error:
        raise Unreachable(f"{error}; name the gateway's state folder with --state") from error
    newest = read_quarantine(folder, _SHOWN_REJECTS)
    if options.json:
        rejects = [
            dataclasses.asdict(reject) | {"payload": reject.payload.decode("utf-8", "backslashreplace")}
            for reject in newest
        ]
        figures = dataclasses.asdict(stats) | {"quarantine_bytes": stats.quarantine_bytes, "newest_rejects": rejects}
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
        f"conflicts   {stats.conflicts} readings with the time of another value, moved on as SUSPECT",
        f"damaged     {stats.damaged}",
    ]
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
