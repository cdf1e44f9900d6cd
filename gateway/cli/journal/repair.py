"""`lifeline journal repair FOLDER`: damaged segments set aside, and what can be read of them saved."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

from gateway.cli import EXIT_FINDINGS
from gateway.cli.journal.progress import bar


def configure(_parser: argparse.ArgumentParser) -> None:
    """Declare no more options."""


def run(folder: Path, options: argparse.Namespace) -> int:
    """Repair and say what was lost; 1 when anything was or is left to do."""
    from gateway.journal.repairing import repair  # noqa: PLC0415 - `lifeline --help` must not pay for numpy

    with bar("repairing") as progress:
        repaired = repair(folder, progress)
    lost = sum(each.lost for each in repaired.mended)
    if options.json:
        print(json.dumps(dataclasses.asdict(repaired), ensure_ascii=False))
    else:
        for each in repaired.mended:
            more = ", and perhaps records behind them" if each.is_tail_unknown else ""
            print(f"{each.segment}: {each.saved} records saved, {each.lost} lost{more}; kept as {each.kept_as}")
        for what in repaired.left:
            print(what)
        if not repaired.mended and not repaired.left:
            print("nothing is damaged; nothing was changed")
    is_short = lost or repaired.left or any(each.is_tail_unknown for each in repaired.mended)
    return EXIT_FINDINGS if is_short else 0
