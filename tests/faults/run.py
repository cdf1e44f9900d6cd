"""What other gateways fail, done to this one: `./lifeline faults [SCENARIO ...] [--long] [--json]`.

Short: every scenario in about five minutes. Long: full durations, hours, each gateway in a cgroup of 256 MB and one
core. Results on stdout, progress on stderr; exit code 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.faults import cgroup, running
from tests.faults.scenarios import ALONE, LONGEST, SCENARIOS
from tests.faults.score import Score

HEADINGS = (
    "scenario",
    "sent",
    "lost",
    "duplicated",
    "wrong value",
    "wrong time",
    "recovery s",
    "peak MB",
    "took s",
    "",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run scenarios and print what they found."""
    parser = argparse.ArgumentParser(prog="./lifeline faults", description=__doc__)
    parser.add_argument("scenarios", metavar="SCENARIO", nargs="*", help=f"of {', '.join(SCENARIOS)} (default: all)")
    parser.add_argument("--long", action="store_true", help="full durations; may take hours")
    parser.add_argument("--json", action="store_true", help="one object a scenario, a line each")
    parser.add_argument("--here", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--box", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    unknown = [name for name in options.scenarios if name not in SCENARIOS]
    if unknown:
        parser.error(f"there is no scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    if options.here:
        score = running.run_here(options.scenarios[0], options.here, is_long=options.long, in_box=options.box)
        print(running.to_json(score))
        return 0
    return _run(options.scenarios or list(SCENARIOS), is_long=options.long, is_json=options.json)


def _run(names: Sequence[str], *, is_long: bool, is_json: bool) -> int:
    began = time.monotonic()
    refusal = cgroup.refusal() if is_long else ""
    if is_long:
        box = f"not run ({refusal})" if refusal else "256 MB and one core for each gateway"
        print(f"cgroup: {box}", file=sys.stderr if is_json else sys.stdout, flush=True)
    futures, pool = running.start(
        names, alone=ALONE, first=LONGEST, is_long=is_long, in_box=is_long and not refusal, say=_say
    )
    scores = []
    with pool:
        for score in running.finished(futures):
            scores.append(score)
            if is_json:
                print(running.to_json(score), flush=True)
    if not is_json:
        print("\n".join(table(scores)))
        print(f"\n{len(scores)} scenarios in {time.monotonic() - began:.0f} s")
    return 0 if all(score.is_ok for score in scores) else 1


def table(scores: Sequence[Score]) -> list[str]:
    """Return the scores as lines of a Markdown table, what else there is to say below it."""
    rows = [
        (
            score.scenario,
            f"{score.sent:,}",
            *(f"{count:,}" for count in (score.lost, score.duplicated, score.wrong_value, score.wrong_time)),
            f"{score.recovery_s:.1f}",
            f"{score.peak_rss_mb:.0f}",
            f"{score.seconds:.0f}",
            "ok" if score.is_ok else "FAILED",
        )
        for score in scores
    ]
    widths = [max(len(row[place]) for row in [HEADINGS, *rows]) for place in range(len(HEADINGS))]
    lines = [_line(HEADINGS, widths), "|" + "|".join("-" * (width + 2) for width in widths) + "|"]
    lines += [_line(row, widths) for row in rows]
    for score in scores:
        said = [*score.notes, *(f"NOT MET: {failure}" for failure in score.failures)]
        lines += ["", *(f"{score.scenario}: {text}" for text in said)] if said else []
    return lines


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.ljust(width) if place in {0, len(cells) - 1} else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "| " + " | ".join(padded) + " |"


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
