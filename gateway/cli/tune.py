"""`lifeline tune SITE`: limits for each channel from its own history, with what they would have said.

The first half of the history teaches, the second half checks. `--apply` writes a piece of a site file for an engineer
to put in; the site file itself is never touched, and nothing is changed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.backtest.spans import written
from gateway.cli import recorded
from gateway.errors import ConfigError, Fault, Unreachable

if TYPE_CHECKING:
    # `lifeline --help` must not pay for numpy.
    from gateway.backtest.tuning import Proposal, Series
    from gateway.settings import Site

_FAR_NS = 2**62


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("site", metavar="SITE", type=Path, help="the site file")
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--state", metavar="DIR", type=Path, help="the gateway's state folder, only read (default: state beside SITE)"
    )
    source.add_argument("--history", dest="file", metavar="FILE", type=Path, help=recorded.FILE_HELP)
    parser.add_argument(
        "--channel", metavar="CHANNEL", nargs="+", default=[], help="these channels only (default: all with a week)"
    )
    parser.add_argument(
        "--false-per-month", metavar="N", type=_rate, default=1.0, help="false alarms a sensor-month aimed at (1)"
    )
    parser.add_argument("--hazard", metavar="HAZARD", help="of the proposed ladders (default: that of the channel)")
    parser.add_argument("--apply", metavar="OUT.yaml", type=Path, help="write the proposal as a piece of a site file")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    recorded.declare(parser)


def run(options: argparse.Namespace) -> int:
    """Show the proposals; 78 when no channel has a week of history."""
    from gateway.backtest.fragment import write_fragment  # noqa: PLC0415 - `lifeline --help` must not pay for numpy
    from gateway.backtest.tuning import LEAST_DAYS, propose  # noqa: PLC0415
    from gateway.settings.hazards import HAZARDS  # noqa: PLC0415

    site = recorded.open_site(options.site)
    if options.apply and options.apply.resolve() == options.site.resolve():
        raise ConfigError([Fault("--apply", 1, 1, "it names the site file itself", "write the piece beside it")])
    if options.hazard is not None and options.hazard not in HAZARDS:
        raise ConfigError([Fault("--hazard", 1, 1, f"unknown hazard {options.hazard!r:.60}", ", ".join(HAZARDS))])
    channels = site.inventory.channels
    if unknown := [name for name in options.channel if name not in channels]:
        raise ConfigError([Fault("--channel", 1, 1, f"there is no channel {unknown[0]!r:.120}")])
    found = dict(_recorded(options, site) if options.file else _kept(options, site))
    wanted = {name: one for name, one in found.items() if name in channels and name in (options.channel or channels)}
    short = {name: one.days for name, one in wanted.items() if one.days < LEAST_DAYS}
    names = [name for name in wanted if name not in short]
    if not names:
        longest = max(short.values(), default=0.0)
        hint = f"the longest history has {longest:.1f} days"
        raise ConfigError([Fault(str(options.file or options.site), 1, 1, "no channel has a week of readings", hint)])
    proposals = propose(
        [(channels[name], site.inventory.assets[channels[name].asset].lifeline) for name in names],
        [wanted[name] for name in names],
        false_per_month=options.false_per_month,
        hazard=options.hazard,
    )
    if options.apply:
        text = write_fragment(proposals, dict(channels), options.false_per_month)
        options.apply.write_text(text, encoding="utf-8")
    if options.json:
        found_all = [_document(one) for one in proposals]
        said = {"false_per_month": options.false_per_month, "channels": found_all, "too_short_days": short}
        print(json.dumps(said, ensure_ascii=False, allow_nan=False))
    else:
        print("\n".join(_lines(proposals, short, options.apply)))
    return 0


def _rate(text: str) -> float:
    rate = float(text)
    if not 0.001 <= rate <= 1_000.0:  # noqa: PLR2004 - said in the sentence
        raise argparse.ArgumentTypeError("must be 0.001 to 1000")
    return rate


def _kept(options: argparse.Namespace, site: Site) -> Iterator[tuple[str, Series]]:
    """Yield what the history on this box has of each channel."""
    from gateway.history.offline import OfflineHistory  # noqa: PLC0415

    state = options.state or options.site.resolve().parent / "state"
    try:
        history = OfflineHistory(state / "history")
    except FileNotFoundError as error:
        hint = "name the gateway's state folder with --state, or a recording with --history"
        raise Unreachable(f"{error}; {hint}") from error
    bar = recorded.Bar()
    numbers = {name: number for name, number in history.channels().items() if name in site.inventory.channels}
    for place, (name, number) in enumerate(numbers.items()):
        rows = history.read(number, 0, _FAR_NS)
        is_good = rows.quality <= 2  # noqa: PLR2004 - GOOD and UNKNOWN of QARTOD
        if series := _series(rows.time_ns[is_good], rows.value[is_good]):
            yield name, series
        bar.show(place / len(numbers), int(rows.time_ns[-1]) if len(rows.time_ns) else 0, f"{name} read")
    bar.end()


def _recorded(options: argparse.Namespace, site: Site) -> Iterator[tuple[str, Series]]:
    """Yield what a recording has of each channel."""
    import numpy as np  # noqa: PLC0415

    from gateway.recordings import Notes  # noqa: PLC0415

    notes, bar = Notes(), recorded.Bar()
    recording = recorded.open_recording(options, site, notes)
    parts: dict[int, list[tuple[Any, Any]]] = defaultdict(list)
    readings = 0
    for piece in recording.pieces():
        readings += len(piece.value)
        order = np.argsort(piece.channel, kind="stable")
        numbers, starts = np.unique(piece.channel[order], return_index=True)
        for number, rows in zip(numbers.tolist(), np.split(order, starts[1:]), strict=True):
            parts[number].append((piece.time_ns[rows], piece.value[rows]))
        bar.show(recording.share, int(piece.time_ns[-1]) if len(piece.time_ns) else 0, f"{readings:,} readings")
    bar.end()
    recorded.say_what_is_odd(options, notes, readings)
    for name, number in recording.numbers.items():
        times, values = zip(*parts[number], strict=True)
        if series := _series(np.concatenate(times), np.concatenate(values)):
            yield name, series


def _series(time_ns: Any, value: Any) -> Series | None:
    """Return the finite values in order of time, each time once; None when there is nothing."""
    import numpy as np  # noqa: PLC0415

    from gateway.backtest.tuning import Series  # noqa: PLC0415

    kept = np.isfinite(value)
    time_ns, value = time_ns[kept], value[kept]
    _, first = np.unique(time_ns, return_index=True)
    return Series(time_ns[first], value[first]) if first.size else None


def _document(proposal: Proposal) -> dict[str, Any]:
    from gateway.clock import to_iso  # noqa: PLC0415

    moments = {"start": to_iso(proposal.start_ns), "end": to_iso(proposal.end_ns)}
    told = dataclasses.asdict(proposal)
    return {name: told[name] for name in told if not name.endswith("_ns")} | moments


def _lines(proposals: Sequence[Proposal], short: dict[str, float], applied: Path | None) -> list[str]:
    lines = []
    for one in proposals:
        days = (one.end_ns - one.start_ns) / 86_400e9
        daily = ", a daily course" if one.course else ""
        lines.append(f"{one.channel}  [{one.unit}]  {one.readings:,} readings in {days:.0f} days")
        lines.append(
            f"  level {one.level:g}, scale {one.scale:g}{daily}; seen with room: {one.span[0]:g} to {one.span[1]:g}"
        )
        if one.stuck_seconds is None:
            lines.append("  stuck_seconds: none, it rests for more than a day by itself")
        else:
            lines.append(f"  stuck_seconds: {one.stuck_seconds:g} ({one.stuck_checked} false in the second half)")
        for ladder in one.ladders:
            rungs = ", ".join(f"{level} {limit:g}" for level, limit in ladder.rungs.items())
            sort = "sigmas of shift" if ladder.of == "shift" else ladder.direction
            lines.append(f"  {ladder.name}: {ladder.hazard}, {sort}: {rungs}, held {written(ladder.on_seconds)}")
            lines.append(
                f"    alarms: {ladder.learned_alarms} in the half that taught, {ladder.checked_alarms} in the half "
                f"that checked = {ladder.checked_per_month:g} a month (fitted on {ladder.peaks} peaks)"
            )
        lines += [f"  note: {said}" for said in one.said]
    if short:
        lines.append(f"{len(short)} channels have less than a week: {', '.join(list(short)[:5])}")
    if applied:
        lines.append(f"written to {applied}; put it into the site file and run `lifeline check`")
    elif sys.stdout.isatty():
        lines.append("nothing is changed; --apply OUT.yaml writes it as a piece of a site file")
    return lines
