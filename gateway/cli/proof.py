"""`lifeline proof SITE|STATE`: was anything lost, is anything there twice; also while the gateway runs."""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.cli import EXIT_FINDINGS
from gateway.errors import ConfigError, Fault, Unreachable

if TYPE_CHECKING:
    # `lifeline --help` must not pay for numpy.
    from gateway.proof import Report

_SECOND = 1_000_000_000
_UNITS = {"m": 60, "h": 3_600, "d": 86_400}
_SHOWN = 40
_BAR, _LOOK_SECONDS = 28, 0.2


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "place",
        metavar="SITE|STATE",
        type=Path,
        help="the site file (then polls that were missed are named, too), or the state folder",
    )
    parser.add_argument("--state", metavar="DIR", type=Path, help="the state folder (default: state beside SITE)")
    parser.add_argument(
        "--since", metavar="24h|ISO", default="24h", help="from when on, by the readings' own time: 90m, 24h, 7d or ISO"
    )
    parser.add_argument("--hours", action="store_true", help="print the counts of every channel and hour")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Print the proof; 0 when nothing was lost and nothing is there twice, 1 otherwise."""
    from gateway.proof import prove  # noqa: PLC0415 - see TYPE_CHECKING above

    now_ns = time.time_ns()
    state, periods = _state_and_periods(options)
    try:
        report = prove(
            state,
            since_ns=_since(options.since, now_ns),
            until_ns=now_ns,
            periods=periods,
            progress=_bar if sys.stderr.isatty() else lambda _: None,
        )
    except FileNotFoundError as error:
        raise Unreachable(f"{state} has no proof ({error}); name the gateway's state folder") from error
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    print(json.dumps(_document(report), ensure_ascii=False) if options.json else "\n".join(_lines(report, options)))
    return 0 if report.is_clean else EXIT_FINDINGS


def _state_and_periods(options: argparse.Namespace) -> tuple[Path, dict[str, float] | None]:
    """Return the state folder, and how often each channel reports when a site file says so."""
    from gateway.settings import check_site  # noqa: PLC0415

    if options.place.is_dir():
        return options.place, None
    checked = check_site(options.place)
    if checked.site is None:
        raise ConfigError(list(checked.faults))
    channels = checked.site.inventory.channels.values()
    state = options.state or options.place.resolve().parent / "state"
    return state, {channel.id: channel.report_seconds for channel in channels}


def _since(text: str, now_ns: int) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([mhd])", text)
    if found:
        return now_ns - round(float(found[1]) * _UNITS[found[2]]) * _SECOND
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        hint = "90m, 24h, 7d or a time like 2026-02-01T06:00:00Z"
        raise ConfigError([Fault("--since", 1, 1, f"{text!r:.60} is no time", hint)]) from None
    # A time without an offset is this machine's local time, as people write it.
    return round(moment.timestamp()) * _SECOND


_last_look = 0.0


def _bar(share: float) -> None:
    global _last_look  # noqa: PLW0603 - one bar a process
    if time.monotonic() - _last_look > _LOOK_SECONDS:
        _last_look = time.monotonic()
        done = round(_BAR * share)
        print(f"\r\x1b[K{'█' * done}{'░' * (_BAR - done)} {share:4.0%}", end="", file=sys.stderr, flush=True)


def _lines(report: Report, options: argparse.Namespace) -> list[str]:
    from gateway.clock import to_iso  # noqa: PLC0415

    channels = len({line.channel for line in report.lines if line.journaled})
    lines = [
        f"from {to_iso(report.since_ns)} to {to_iso(report.until_ns)}, whole hours of the readings' own time",
        f"journaled    {report.total('journaled'):>12,} readings of {channels} channels",
        f"redelivered  {report.total('redelivered'):>12,} came again and were not stored again",
        f"stored       {report.total('stored'):>12,}{_also(report.total('waiting'), 'on their way to the disk')}",
    ]
    if report.total("corrected"):
        lines.insert(3, f"corrected    {report.total('corrected'):>12,}")
    if any(line.upstream is not None for line in report.lines):
        waiting = _also(report.total("upstream_waiting"), "waiting")
        lines.append(f"upstream     {report.total('upstream'):>12,}{waiting}")
    if report.held:
        lines.append(f"held         {report.held:>12,} until the time is known")
    if report.total("missed"):
        lines.append(f"missed       {report.total('missed'):>12,} polls or reports that never came")
    lines += [f"rejected     {count:>12,} {subject}" for subject, count in report.rejected.items()]
    lines += [
        f"given up     {count:>12,} {reason}, since the journal was made" for reason, count in report.given_up.items()
    ]
    if report.uncounted_records:
        lines.append(f"not counted  {report.uncounted_records:>12,} records of the journal")
    lines += [_drilled(drill) for drill in report.drills]
    if options.hours:
        lines += ["", *_hours(report)]
    lines += [f"  {_said(one)}" for one in report.discrepancies[:_SHOWN]]
    if len(report.discrepancies) > _SHOWN:
        lines.append(f"  ... {len(report.discrepancies) - _SHOWN} more; --json has all of them")
    return [*lines, report.verdict]


def _also(count: int, words: str) -> str:
    return f", {count:,} {words}" if count else ""


def _said(one: Any) -> str:
    from gateway.clock import to_iso  # noqa: PLC0415

    return f"{one.kind} {one.count:,}  {one.channel}  {to_iso(one.start_ns)} to {to_iso(one.end_ns)}: {one.reason}"


def _drilled(drill: Any) -> str:
    from gateway.clock import to_iso  # noqa: PLC0415

    seconds = drill.recovery_seconds
    recovery = "did not recover in time" if seconds is None else f"recovered after {seconds:.1f} s"
    what = f"{drill.kind} {drill.unit}".rstrip()
    return (
        f"drill        {to_iso(drill.start_ns)} {what} by {drill.person}: {recovery}, "
        f"{drill.lost} lost, {drill.duplicated} duplicated"
    )


def _hours(report: Report) -> list[str]:
    from gateway.clock import to_iso  # noqa: PLC0415

    names = ("journaled", "redelivered", "stored", "waiting", "upstream", "missed", "lost", "duplicated")
    width = max((len(line.channel) for line in report.lines), default=7)
    lines = [f"{'channel':<{width}}  {'hour':<17}" + "".join(f"{name:>12}" for name in names)]
    for line in report.lines:
        values = [getattr(line, name) for name in names]
        cells = "".join(f"{'-' if value is None else value:>12}" for value in values)
        lines.append(f"{line.channel:<{width}}  {to_iso(line.hour_ns)[:16]}Z{cells}")
    return lines


def _document(report: Report) -> dict[str, Any]:
    from gateway.clock import to_iso  # noqa: PLC0415

    names = ("journaled", "redelivered", "corrected", "stored", "waiting", "upstream", "upstream_waiting", "missed")
    has_upstream = any(line.upstream is not None for line in report.lines)
    totals = {name: report.total(name) for name in names if has_upstream or not name.startswith("upstream")}
    return {
        "since": to_iso(report.since_ns),
        "until": to_iso(report.until_ns),
        "lost": report.total("lost"),
        "duplicated": report.total("duplicated"),
        **totals,
        "held": report.held,
        "rejected": report.rejected,
        "given_up": report.given_up,
        "uncounted_records": report.uncounted_records,
        "drills": [dataclasses.asdict(drill) | {"start": to_iso(drill.start_ns)} for drill in report.drills],
        "verdict": report.verdict,
        "discrepancies": [
            dataclasses.asdict(one) | {"start": to_iso(one.start_ns), "end": to_iso(one.end_ns)}
            for one in report.discrepancies
        ],
        "hours": [dataclasses.asdict(line) | {"hour": to_iso(line.hour_ns)} for line in report.lines],
    }
