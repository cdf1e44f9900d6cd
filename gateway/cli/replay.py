"""`lifeline replay FILE --site SITE`: what early warnings a recording would have given, and when.

The same screen, detection and warnings as `lifeline run`, in memory, at the recording's own times.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.cli import EXIT_FINDINGS
from gateway.errors import ConfigError, Fault

if TYPE_CHECKING:
    # `lifeline --help` must not pay for numpy.
    from gateway.app.in_memory import InMemoryGateway
    from gateway.recordings import Notes, Piece, Place, Recording
    from gateway.settings import Site

_BAR = 30
_LOOK_SECONDS = 0.2
_SHOWN_LINES = 1_000


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a recording: .csv, .csv.xz or .csv.gz, wide or long")
    parser.add_argument("--site", metavar="SITE", type=Path, required=True, help="the site file with the channels")
    parser.add_argument(
        "--map",
        metavar="COLUMN=CHANNEL[@UNIT]",
        nargs="+",
        action="extend",
        default=[],
        help="which column (or name, in a long file) is which channel, or a YAML file of such lines; "
        "columns that are named like channels need none",
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="write each early warning as one JSON line")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--steps", action="store_true", help="print each step of each warning: the duty log")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--wide", dest="form", action="store_const", const="wide", help="one column a channel")
    form.add_argument("--long", dest="form", action="store_const", const="long", help="one row a reading")
    parser.add_argument("--time", metavar="COLUMN", help="the column of times")
    parser.add_argument("--channel-column", metavar="COLUMN", help="the column of names in a long file")
    parser.add_argument("--value-column", metavar="COLUMN", help="the column of values in a long file")
    parser.add_argument(
        "--time-format", metavar="FORMAT", help="strptime format of the times, e.g. '%%d.%%m.%%Y %%H:%%M'"
    )
    parser.add_argument("--timezone", metavar="ZONE", help="of times without one (default: the site's)")
    parser.add_argument("--quiet", action="store_true", help="say nothing of what is odd about the recording")


def run(options: argparse.Namespace) -> int:
    """Replay the recording; 1 when it gave early warnings, 0 when it gave none."""
    from gateway.app.in_memory import InMemoryGateway  # noqa: PLC0415 - `lifeline --help` must not pay for numpy
    from gateway.recordings import Layout, Notes, Recording, read_map  # noqa: PLC0415
    from gateway.settings import check_site  # noqa: PLC0415

    # Secrets are not needed, for nothing is collected.
    checked = check_site(options.site)
    if checked.site is None:
        raise ConfigError(list(checked.faults))
    site, notes = checked.site, Notes()
    places = read_map(options.map, site.inventory.channels) or _own_names(site)
    layout = Layout(
        _zone(options.timezone or site.timezone),
        form=options.form,
        time=options.time,
        channel=options.channel_column,
        value=options.value_column,
        time_format=options.time_format,
    )
    began = time.monotonic()
    recording = Recording(options.file, places, layout, notes)
    pieces = recording.pieces()
    first = next(pieces, None)
    with InMemoryGateway(site, recording.numbers) as gateway:
        readings = _feed(recording, itertools.chain([first] if first else [], pieces), gateway)
    if not options.quiet and (said := notes.as_text(str(options.file))):
        print("\n".join(said), file=sys.stderr)
    if not readings:
        hint = "leave --quiet out to see why" if options.quiet else "the lines above say why"
        raise ConfigError([Fault(str(options.file), 1, 1, "not one reading could be taken from it", hint)])
    figures = {
        "file": str(options.file),
        "rows": recording.rows,
        "readings": readings,
        "empty_cells": recording.empty_cells,
        "seconds": round(time.monotonic() - began, 3),
    }
    _tell(options, site, gateway, figures, notes)
    return EXIT_FINDINGS if gateway.warnings else 0


def _own_names(site: Site) -> dict[str, Place]:
    """Return every channel as a column of its own name."""
    from gateway.recordings import Place  # noqa: PLC0415

    return {name: Place(name) for name in site.inventory.channels}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            [Fault("--timezone", 1, 1, f"{name!r:.60} is not a time zone", "e.g. Asia/Shanghai")]
        ) from error


def _feed(recording: Recording, pieces: Iterable[Piece], gateway: InMemoryGateway) -> int:
    """Give the gateway the whole recording; return how many readings it has."""
    from gateway.cli.duty_log import clock_time  # noqa: PLC0415

    readings, looked = 0, time.monotonic()
    is_watched = sys.stderr.isatty()
    for piece in pieces:
        gateway.feed(piece.arrival_ns, piece.channel, piece.time_ns, piece.value)
        readings += len(piece.value)
        if is_watched and time.monotonic() - looked > _LOOK_SECONDS:
            looked = time.monotonic()
            done = round(_BAR * recording.share)
            bar = "█" * done + "░" * (_BAR - done)
            now = clock_time(gateway.now_ns, ZoneInfo("UTC"))
            text = f"{bar} {recording.share:4.0%}  {now} UTC  {readings:,} readings, {len(gateway.warnings)} warnings"
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
    if is_watched:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    return readings


def _tell(
    options: argparse.Namespace, site: Site, gateway: InMemoryGateway, figures: Mapping[str, Any], notes: Notes
) -> None:
    from gateway.cli import duty_log  # noqa: PLC0415

    warnings = list(gateway.warnings.values())
    if options.out:
        documents = (json.dumps(each, ensure_ascii=False, allow_nan=False) for each in _documents(gateway))
        options.out.write_text("".join(f"{line}\n" for line in documents), encoding="utf-8")
    if options.json:
        odd = [{"kind": note.kind, "count": note.count, "lines": note.lines} for note in notes.all()]
        found = {**figures, "odd": odd, "hazards": duty_log.totals(warnings), "late": len(gateway.late)}
        print(json.dumps({**found, "warnings": _documents(gateway)}, ensure_ascii=False, allow_nan=False))
        return
    zone = ZoneInfo(site.timezone)
    lines = []
    if warnings:
        show = duty_log.duty_log if options.steps else duty_log.warning_table
        lines = show(warnings, gateway.said, gateway.inventory, zone)
        if len(lines) > _SHOWN_LINES:
            lines = [*lines[:_SHOWN_LINES], f"... {len(lines) - _SHOWN_LINES} more; --out writes all of them to a file"]
        lines.append("")
    counted = ", ".join(f"{count} {hazard}" for hazard, count in duty_log.totals(warnings).items())
    rate = figures["readings"] / max(figures["seconds"], 0.001)
    lines.append(
        f"{len(warnings)} early warnings{f' ({counted})' if counted else ''} from {figures['readings']:,} readings "
        f"in {figures['seconds']:.1f} s ({rate:,.0f} a second)"
    )
    if gateway.late:
        lines += duty_log.late_log(gateway.late.values(), gateway.inventory, zone) if options.steps else []
        lines.append(f"{len(gateway.late)} findings were learned too late to be a warning")
    print("\n".join(lines))


def _documents(gateway: InMemoryGateway) -> list[dict[str, Any]]:
    """Return each warning as the API shows it, with every state of its findings."""
    from gateway.duty_room.shapes import document_of, finding_of  # noqa: PLC0415

    inventory = gateway.inventory
    return [
        document_of(warning, inventory).model_dump(mode="json")
        | {"said": [finding_of(finding, inventory).model_dump(mode="json") for finding in gateway.said[warning.id]]}
        for warning in gateway.warnings.values()
    ]
