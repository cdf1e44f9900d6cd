"""`lifeline backtest FILE --site SITE --events EVENTS`: how well a site's rules would have found what really happened.

The same way as `lifeline replay`, judged against labelled events (start, end, asset or channel, hazard, kind, benign,
danger, ahead, …): recall, delay, lead time, false alarms per sensor-month, and what was said of harmless events.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from gateway.backtest.spans import seconds_of, written
from gateway.cli import EXIT_FINDINGS, recorded
from gateway.errors import ConfigError, Fault

if TYPE_CHECKING:
    # `lifeline --help` must not pay for numpy.
    from gateway.app.in_memory import InMemoryGateway
    from gateway.backtest.drawing import Drawer
    from gateway.backtest.events import LabelledEvent
    from gateway.backtest.reduced import Reduced
    from gateway.backtest.scoring import Alarm, Judged, Outcome, Score

_LEVELS = ("blue", "yellow", "orange", "red")
_SHOWN = 20
_SECOND = 1_000_000_000


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", metavar="FILE", type=Path, help=recorded.FILE_HELP)
    parser.add_argument("--site", metavar="SITE", type=Path, required=True, help="the site file with the channels")
    parser.add_argument(
        "--events",
        metavar="EVENTS",
        type=Path,
        required=True,
        help="CSV of what happened: start, end, asset (or channel), hazard, kind, benign, danger, ahead, … "
        "(docs/back-test.md); only start is needed",
    )
    parser.add_argument(
        "--kind",
        metavar="KIND=HAZARD[,HAZARD]",
        nargs="+",
        action="extend",
        default=[],
        help="which hazards are right for a kind of event, where the events do not say it",
    )
    parser.add_argument("--level", choices=_LEVELS, default="blue", help="the lowest level that is an alarm")
    parser.add_argument(
        "--hazards", metavar="HAZARD", nargs="+", default=[], help="judge these only, or all (default: those labelled)"
    )
    span = "e.g. 90s, 5min, 6h, 2d"
    parser.add_argument(
        "--merge", metavar="TIME", type=seconds_of, help="repeats within this are one (default: gas 5min, else 1d)"
    )
    parser.add_argument(
        "--grace", metavar="TIME", type=seconds_of, default=86_400.0, help=f"an event lasts on this long ({span}; 1d)"
    )
    parser.add_argument(
        "--before", metavar="TIME", type=seconds_of, default=0.0, help="an alarm is right so long before the start (0s)"
    )
    parser.add_argument("--within", metavar="TIME", type=seconds_of, help="later than this an event is missed")
    parser.add_argument(
        "--warm-up", metavar="TIME", type=seconds_of, default=0.0, help="so long nothing is judged (0s)"
    )
    parser.add_argument("--least-recall", metavar="SHARE", type=float, help="exit with 1 below it, e.g. 0.9")
    parser.add_argument("--most-false", metavar="N", type=float, help="exit with 1 above it, per sensor-month")
    parser.add_argument("--out", metavar="FILE", type=Path, help="write an HTML report with plots (extra `reports`)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    recorded.declare(parser)


def run(options: argparse.Namespace) -> int:
    """Back-test; 1 when a mark of the options is missed."""
    from gateway.backtest.drawing import Drawer  # noqa: PLC0415 - `lifeline --help` must not pay for numpy
    from gateway.backtest.events import read_events  # noqa: PLC0415
    from gateway.backtest.page import plotly_js  # noqa: PLC0415
    from gateway.backtest.reduced import Reduced  # noqa: PLC0415
    from gateway.backtest.scoring import Terms, judge  # noqa: PLC0415
    from gateway.recordings import Notes, Piece  # noqa: PLC0415
    from gateway.settings.hazards import HAZARDS  # noqa: PLC0415

    # What would fail at the end fails at the beginning.
    code = plotly_js() if options.out else ""
    if options.out and not options.out.absolute().parent.is_dir():
        raise ConfigError([Fault("--out", 1, 1, f"there is no folder {str(options.out.parent)!r:.120}")])
    everything = list(HAZARDS) if options.hazards == ["all"] else options.hazards
    kinds, hazards = _kinds(options.kind), frozenset(_known(everything, "--hazards", 1))
    site, notes, event_notes = recorded.open_site(options.site), Notes(), Notes()
    zone = ZoneInfo(site.timezone)
    events = read_events(options.events, site.inventory, recorded.zone_of(options, site), kinds, event_notes)
    began = time.monotonic()
    recording = recorded.open_recording(options, site, notes)
    reduced = Reduced(len(site.inventory.channels))
    warm_up_until: list[int] = []

    def look(piece: Piece) -> None:
        if not warm_up_until and len(piece.time_ns):
            warm_up_until.append(int(piece.time_ns[0]) + round(options.warm_up * _SECOND))
        reduced.add(piece.channel, piece.time_ns, piece.value, warm_up_until[0] if warm_up_until else 0)

    gateway, readings = recorded.through_a_gateway(recording, site, look)
    recorded.say_what_is_odd(options, notes, readings)
    recorded.say(options, options.events, event_notes)
    terms = Terms(
        options.merge,
        options.grace,
        options.before,
        options.within,
        max([reduced.first_ns, *(warm_up_until if options.warm_up else [])]),
    )
    covered = [one for one in events if one.start_ns <= reduced.last_ns and one.end_ns >= reduced.first_ns]
    outside = [one for one in events if one not in covered]
    hours = {name: reduced.hours(number) for name, number in recording.numbers.items()}
    judged = judge(covered, _alarms(gateway, options.level), hours, terms, hazards=hazards, outside=outside)
    figures = {
        "file": str(options.file),
        "events_file": str(options.events),
        "readings": readings,
        "seconds": round(time.monotonic() - began, 3),
        "outside": len(outside),
    }
    if options.out:
        drawer = Drawer(reduced, recording.numbers, dict(site.inventory.channels), zone, covered)
        facts = _facts(options, figures, judged, site.id)
        about = _about(figures, reduced, len(recording.numbers), zone)
        _write_report(options.out, facts, about, judged, drawer, zone=zone, code=code)
    if options.json:
        print(json.dumps(figures | document(judged), ensure_ascii=False, allow_nan=False))
    else:
        print("\n".join(_lines(figures, judged, zone)))
    return EXIT_FINDINGS if _misses_a_mark(options, judged.total) else 0


def document(judged: Judged) -> dict[str, Any]:
    """Return everything that came of a back-test as JSON."""
    return {
        "total": _score(judged.total),
        "by_kind": {kind: _score(score) for kind, score in judged.by_kind.items()},
        "confusion": judged.confusion,
        "sensor_months": round(judged.sensor_months, 4),
        "counted": judged.counted,
        "not_judged": judged.not_judged,
        "set_aside": judged.set_aside,
        "events": [_outcome(one) for one in judged.outcomes],
        "benign": [_outcome(one) for one in judged.benign],
        "false_alarms": [_alarm(one) for one in judged.false_alarms],
    }


def _kinds(written_kinds: Sequence[str]) -> dict[str, list[str]]:
    found = {}
    for number, item in enumerate(written_kinds, 1):
        kind, equals, hazards = item.partition("=")
        if not equals or not hazards:
            hint = "e.g. leak_abrupt=pipe_leak,pipe_burst"
            raise ConfigError([Fault("--kind", number, 1, f"{item!r:.60} is not KIND=HAZARD", hint)])
        found[kind.strip()] = _known(hazards.split(","), "--kind", number)
    return found


def _known(words: Sequence[str], option: str, number: int) -> list[str]:
    """Return the hazards that an option names; ConfigError when there is no such hazard."""
    from gateway.backtest.events import hazards_in  # noqa: PLC0415
    from gateway.documents import did_you_mean  # noqa: PLC0415
    from gateway.settings.hazards import HAZARDS  # noqa: PLC0415

    named = [hazards_in(word) for word in words]
    if unknown := [word for each in named for word in each.unknown]:
        hint = did_you_mean(unknown[0], HAZARDS) or f"there are {', '.join(HAZARDS)}"
        raise ConfigError([Fault(option, number, 1, f"no hazard is called {unknown[0]!r:.60}", hint)])
    return sorted({hazard for each in named for hazard in each.known})


def _alarms(gateway: InMemoryGateway, level: str) -> list[Alarm]:
    """Return each warning as it first reached the level."""
    from gateway.backtest.scoring import Alarm  # noqa: PLC0415
    from gateway.early_warning import Level, State  # noqa: PLC0415

    least = Level[level.upper()]
    alarms = []
    for warning in gateway.warnings.values():
        first = next((one for one in gateway.said[warning.id] if one.level >= least and not one.is_late), None)
        if first is None:
            continue
        evidence = first.evidence
        end_ns = warning.changed_ns if warning.state is State.CLOSED else None
        alarms.append(
            Alarm(
                id=warning.id,
                hazard=warning.hazard,
                asset=warning.asset,
                channel=evidence.channel,
                level=first.level.name.lower(),
                start_ns=first.start_ns,
                learned_ns=first.learned_ns,
                end_ns=end_ns,
                rule=evidence.rule,
                value=evidence.value,
                limit=evidence.limit,
                quantity=evidence.quantity,
                unit=evidence.unit,
                rungs=dict(evidence.rungs)
                if evidence.unit == gateway.inventory.channels[evidence.channel].unit
                else {},
            )
        )
    return alarms


def _write_report(
    path: Path, facts: dict[str, str], about: str, judged: Judged, drawer: Drawer, *, zone: ZoneInfo, code: str
) -> None:
    from gateway.backtest.page import write_page  # noqa: PLC0415
    from gateway.backtest.report import sections  # noqa: PLC0415

    title = f"{facts['站点 site']} · {Path(facts['数据 recording']).name}"
    path.write_text(
        write_page(title, about, facts, judged, sections(judged, drawer, zone), code=code), encoding="utf-8"
    )


def _about(figures: Mapping[str, Any], reduced: Reduced, channels: int, zone: ZoneInfo) -> str:
    """Return what was replayed in one line."""
    first, last = _clock(reduced.first_ns, zone), _clock(reduced.last_ns, zone)
    return f"{first} – {last}（{zone.key}） · {channels} 个测点 channels · {figures['readings']:,} 个读数 readings"


def _facts(options: argparse.Namespace, figures: Mapping[str, Any], judged: Judged, site: str) -> dict[str, str]:
    """Return how it was judged, so that it can be done again."""
    merge = "燃气、空气、火灾 5 min，其余 1 d gas, air and fire 5 min, else 1 d"
    return {
        "站点 site": site,
        "数据 recording": str(figures["file"]),
        "标注 events": str(figures["events_file"]),
        "算作报警的级别 level from which it is an alarm": options.level,
        "合并重复 repeats merged within": merge if options.merge is None else written(options.merge),
        "事件结束后仍算 still right after the end": written(options.grace),
        "事件开始前即算 right before the start": written(options.before),
        "须在多久内 must be within": written(options.within),
        "不评判的预热期 warm-up not judged": written(options.warm_up),
        "评判开始前已发生的事件 events begun before anything was judged": str(judged.set_aside),
        "数据以外的事件 events outside the recording": str(figures["outside"]),
        "无标注而未评判 not judged, for no label speaks of them": ", ".join(
            f"{count} {hazard}" for hazard, count in judged.not_judged.items()
        )
        or "—",
        "用时 took": f"{figures['seconds']:.0f} s",
    }


def _because(alarm: Alarm) -> str:
    value = "" if alarm.value is None else f" {alarm.value:.4g}"
    limit = "" if alarm.limit is None else f", limit {alarm.limit:g}"
    return f"{alarm.hazard} {alarm.level}: {alarm.quantity or alarm.channel}{value} {alarm.unit}".rstrip() + (
        f"{limit} ({alarm.rule} on {alarm.channel})"
    )


def _lines(figures: Mapping[str, Any], judged: Judged, zone: ZoneInfo) -> list[str]:
    heads = ("kind", "events", "found", "recall", "median delay", "90 % delay", "lead time", "harmless raised")
    rows = [heads, *((kind, *_cells(score)) for kind, score in judged.by_kind.items()), ("all", *_cells(judged.total))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    total = judged.total
    rate = "" if total.false_per_sensor_month is None else f" = {total.false_per_sensor_month:.3g} per sensor-month"
    worst = "" if total.false_worst_sensor is None else f", worst sensor {total.false_worst_sensor:.3g}"
    lines += ["", f"{total.false_alarms} false alarms in {judged.sensor_months:.3g} sensor-months{rate}{worst}"]
    for alarm in judged.false_alarms[:_SHOWN]:
        lines.append(f"  {_clock(alarm.learned_ns, zone)}  {alarm.asset}  {_because(alarm)}")
    if len(judged.false_alarms) > _SHOWN:
        lines.append(f"  ... {len(judged.false_alarms) - _SHOWN} more; --json has all of them")
    missed = [one for one in judged.outcomes if one.alarm is None]
    for one in missed[:_SHOWN]:
        stood = f"; a warning stood since {_clock(one.standing.learned_ns, zone)}" if one.standing else ""
        lines.append(f"missed: {one.event.kind} {one.event.place} {_clock(one.event.start_ns, zone)}{stood}")
    if len(missed) > _SHOWN:
        lines.append(f"  ... {len(missed) - _SHOWN} more missed; --json has all of them")
    if judged.not_judged:
        others = ", ".join(f"{count} {hazard}" for hazard, count in judged.not_judged.items())
        lines.append(f"not judged, for no label speaks of them: {others}")
    for count, said in ((figures["outside"], "outside the recording"), (judged.set_aside, "before the warm-up ended")):
        if count:
            lines.append(f"not judged: {count} events that lie or begin {said}")
    rate_in = figures["readings"] / max(figures["seconds"], 0.001)
    lines.append(f"{figures['readings']:,} readings in {figures['seconds']:.1f} s ({rate_in:,.0f} a second)")
    return lines


def _cells(score: Score) -> tuple[str, ...]:
    recall = "—" if score.recall is None else f"{score.recall:.0%}"
    raised = f"{score.benign_raised} / {score.benign}" if score.benign else "—"
    times = (score.delay_median_seconds, score.delay_90_seconds, score.lead_median_seconds)
    return str(score.events), str(score.found), recall, *map(written, times), raised


def _score(score: Score) -> dict[str, Any]:
    return {"recall": score.recall, **dataclasses.asdict(score)}


def _outcome(outcome: Outcome) -> dict[str, Any]:
    from gateway.clock import to_iso  # noqa: PLC0415

    event = outcome.event
    return {
        **_event(event),
        "found": outcome.alarm is not None,
        "delay_seconds": outcome.delay_seconds,
        "lead_seconds": outcome.lead_seconds,
        "repeats": outcome.repeats,
        "standing_since": to_iso(outcome.standing.learned_ns) if outcome.standing else None,
        "alarm": _alarm(outcome.alarm) if outcome.alarm else None,
    }


def _event(event: LabelledEvent) -> dict[str, Any]:
    from gateway.clock import to_iso  # noqa: PLC0415

    return {
        "kind": event.kind,
        "place": event.place,
        "start": to_iso(event.start_ns),
        "end": to_iso(event.end_ns),
        "hazards": sorted(event.hazards),
        "danger": None if event.danger_ns is None else to_iso(event.danger_ns),
        "line": event.line,
    }


def _alarm(alarm: Alarm) -> dict[str, Any]:
    from gateway.clock import to_iso  # noqa: PLC0415

    moments = {"start": to_iso(alarm.start_ns), "learned": to_iso(alarm.learned_ns)}
    named = {name: getattr(alarm, name) for name in ("id", "hazard", "asset", "channel", "level", "rule")}
    return {**named, **moments, "value": alarm.value, "limit": alarm.limit}


def _misses_a_mark(options: argparse.Namespace, total: Score) -> bool:
    recall, rate = total.recall, total.false_per_sensor_month
    return (options.least_recall is not None and (recall is None or recall < options.least_recall)) or (
        options.most_false is not None and (rate is None or rate > options.most_false)
    )


def _clock(time_ns: int, zone: ZoneInfo) -> str:
    from gateway.cli.duty_log import clock_time  # noqa: PLC0415

    return clock_time(time_ns, zone)
