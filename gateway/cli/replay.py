"""`lifeline replay FILE --site SITE`: what early warnings a recording would have given, and when.

The same screen, detection and warnings as `lifeline run`, in memory, at the recording's own times.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from gateway.cli import EXIT_FINDINGS, recorded

if TYPE_CHECKING:
    # `lifeline --help` must not pay for numpy.
    from gateway.app.in_memory import InMemoryGateway
    from gateway.recordings import Notes
    from gateway.settings import Site

_SHOWN_LINES = 1_000


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", metavar="FILE", type=Path, help=recorded.FILE_HELP)
    recorded.declare(parser)
    parser.add_argument("--site", metavar="SITE", type=Path, required=True, help="the site file with the channels")
    parser.add_argument("--out", metavar="FILE", type=Path, help="write each early warning as one JSON line")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--steps", action="store_true", help="print each step of each warning: the duty log")


def run(options: argparse.Namespace) -> int:
    """Replay the recording; 1 when it gave early warnings, 0 when it gave none."""
    from gateway.recordings import Notes  # noqa: PLC0415 - `lifeline --help` must not pay for numpy

    site, notes = recorded.open_site(options.site), Notes()
    began = time.monotonic()
    recording = recorded.open_recording(options, site, notes)
    gateway, readings = recorded.through_a_gateway(recording, site)
    recorded.say_what_is_odd(options, notes, readings)
    figures = {
        "file": str(options.file),
        "rows": recording.rows,
        "readings": readings,
        "empty_cells": recording.empty_cells,
        "seconds": round(time.monotonic() - began, 3),
    }
    _tell(options, site, gateway, figures, notes)
    return EXIT_FINDINGS if gateway.warnings else 0


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
