"""`lifeline journal verify FOLDER`: every record of every segment, its checksum, its order and what is missing."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

from gateway.cli import EXIT_FINDINGS
from gateway.cli.journal.progress import bar

_SHOWN = 50


def configure(_parser: argparse.ArgumentParser) -> None:
    """Declare no more options."""


def run(folder: Path, options: argparse.Namespace) -> int:
    """Print what is wrong; 1 when anything is."""
    from gateway.journal.verifying import verify  # noqa: PLC0415 - `lifeline --help` must not pay for numpy

    with bar("checking") as progress:
        verified = verify(folder, progress)
    if options.json:
        print(json.dumps(dataclasses.asdict(verified), ensure_ascii=False))
    else:
        for finding in verified.findings[:_SHOWN]:
            at = f" record {finding.position}" if finding.position is not None else ""
            print(f"{finding.file}{at}: {finding.what}")
        if len(verified.findings) > _SHOWN:
            print(f"and {len(verified.findings) - _SHOWN} more; --json prints all")
        print(
            f"{verified.segments} segments, {verified.records} records, {verified.readings} readings:"
            f" {len(verified.findings)} findings"
        )
        if verified.lacking:
            print(f"{verified.lacking} segments lack records and say so: thinned, saved from damage, or of version 1")
        for name in verified.set_aside:
            print(f"set aside earlier and kept: {name}")
    return EXIT_FINDINGS if verified.findings else 0
