"""`lifeline rehearse SCENARIO…`: the whole gateway against a simulated fleet, and whether it warned in time.

Runs on the simulated clock: the fleet's bytes go through the collectors' own decoding, the journal, history, detection
and the ledger, and the warnings are judged against the known truth. Exit code 0 when every expectation holds, 1 when
not; a pending expectation that is met fails too, so that it gets switched on.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.live_fleet import speech_of
from gateway.cli.rehearsal_site import scenario_of, site_of
from gateway.cli.rehearse_real import rehearse_real
from gateway.cli.rehearsed import Rehearsed, as_document, as_junit, print_table
from gateway.cli.terminable import terminable
from gateway.errors import Unreachable

if TYPE_CHECKING:
    from simulators.scenarios.scenario import Scenario

HELP = "the whole gateway against a simulated fleet, with expected warnings"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("scenarios", metavar="SCENARIO", nargs="*", help="a file, or the name of one that is shipped")
    parser.add_argument("--all", action="store_true", help="every shipped scenario but the long ones")
    parser.add_argument("--long", action="store_true", help="the long ones, too")
    parser.add_argument("--site", type=Path, metavar="FILE", help="rehearse this site file's ladders instead")
    parser.add_argument("--real", action="store_true", help="in real time, through real sockets (extra: demo)")
    parser.add_argument("--json", action="store_true", help="one JSON object a scenario, one a line")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the verdicts as JUnit XML")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a report with plots (extra: reports)")
    parser.add_argument("--list", action="store_true", help="name the shipped scenarios and leave")


def run(options: argparse.Namespace) -> int:
    """Rehearse and report; 0 when everything holds, 1 when not, 2 when nothing was named."""
    if options.list:
        return _list()
    chosen = list(_chosen(options))
    if not chosen:
        print("name a scenario, or use --all; --list names those that are shipped", file=sys.stderr)
        return 2
    _check_reports(options)
    results: list[Rehearsed] = []
    try:
        for number, scenario in enumerate(chosen, 1):
            with terminable(), closing(_Progress(scenario, number, len(chosen))) as progress:
                if options.real:
                    results.append(asyncio.run(rehearse_real(scenario, options.site, progress.watch)))
                else:
                    results.append(asyncio.run(_rehearse(scenario, options.site, progress)))
            if options.json:
                print(json.dumps(as_document(results[-1]), ensure_ascii=False), flush=True)
    finally:
        # What was judged before a scenario that cannot be played, or Ctrl-C, is still worth having.
        if results:
            _report(options, results)
    return 0 if all(result.judgement.is_passed for result in results) else 1


def _check_reports(options: argparse.Namespace) -> None:
    """Raise Unreachable for a report that could not be written, before a minute is spent on what stands in it."""
    for path in (path for path in (options.junit, options.html) if path):
        if path.is_dir() or not path.parent.is_dir():
            reason = "it is a folder" if path.is_dir() else "its folder is not there"
            raise Unreachable(f"{path}: the report cannot be written: {reason}")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise Unreachable(f"{path}: the report cannot be written: it is not allowed")
    if options.html and importlib.util.find_spec("plotly") is None:
        raise Unreachable('--html needs plotly: pip install "lifeline-gateway[reports]"')


def _report(options: argparse.Namespace, results: Sequence[Rehearsed]) -> None:
    if not options.json:
        print_table(results)
    if options.junit:
        options.junit.write_text(as_junit(results), encoding="utf-8")
    if options.html:
        from gateway.cli.rehearsal_report import as_html  # noqa: PLC0415 - plotly takes a second

        options.html.write_text(as_html(results), encoding="utf-8")


def _list() -> int:
    from simulators.scenarios.loading import load_scenario, shipped  # noqa: PLC0415 - an extra

    for path in shipped():
        scenario = load_scenario(path)
        print(f"{scenario.name:<28} {'long ' if scenario.is_long else '     '} {scenario.title}")
    return 0


def _chosen(options: argparse.Namespace) -> Iterator[Scenario]:
    from simulators.scenarios.loading import shipped  # noqa: PLC0415 - an extra

    for name in options.scenarios:
        yield scenario_of(name)
    if options.all or (options.long and not options.scenarios):
        for path in shipped():
            scenario = scenario_of(path.stem)
            if options.long or not scenario.is_long:
                yield scenario


async def _rehearse(scenario: Scenario, site_file: Path | None, progress: _Progress) -> Rehearsed:
    import tempfile  # noqa: PLC0415

    from gateway.app.rehearsal import Counted, Rehearsal, climbs_of  # noqa: PLC0415 - see `_chosen`
    from simulators.models.refusal import BrokenOff  # noqa: PLC0415
    from simulators.scenarios.judging import Raised, broken_off, judge  # noqa: PLC0415
    from simulators.scenarios.scenario import Stage  # noqa: PLC0415

    started = time.perf_counter()
    raised: list[Raised] = []
    counted, reason = Counted(0, 0, 0, 0), ""
    with tempfile.TemporaryDirectory(prefix="lifeline-rehearsal-") as folder:
        site = site_of(scenario, Path(folder), site_file)
        with Stage(scenario, site.inventory) as stage:
            stage.reports.wrap(speech_of(site).chirpstack)
            state, replied = Path(folder) / "state", stage.reports.replied
            bear_again = stage.reports.bear_again
            async with Rehearsal(
                site, state, start_ns=scenario.learn_ns, answer=replied, bear_again=bear_again
            ) as rehearsal:
                arrivals = progress.watch(stage.arrivals(scenario.end_ns))
                try:
                    await rehearsal.play(arrivals, scenario.end_ns)
                except BrokenOff as error:
                    reason = str(error)
                raised += [Raised(one.hazard, one.asset, climbs_of(one)) for one in rehearsal.warnings()]
                counted = rehearsal.counted()
            windows = stage.windows
    if reason:
        print(f"lifeline: {scenario.name}: {reason}", file=sys.stderr)
        judgement = broken_off(scenario.expectations, reason)
    else:
        judgement = judge(
            scenario.expectations,
            windows,
            raised,
            start_ns=scenario.start_ns,
            end_ns=scenario.end_ns,
            kin=stage.kin,
        )
    return Rehearsed(scenario, judgement, windows, raised, counted, time.perf_counter() - started)


class _Progress:
    """A line on stderr, where somebody looks at it."""

    def __init__(self, scenario: Scenario, number: int, count: int) -> None:
        self._begin_ns, self._end_ns = scenario.learn_ns, scenario.end_ns
        self._label = f"{number}/{count} {scenario.name}"
        self._is_shown = sys.stderr.isatty()
        self._shown = -1

    def watch(self, arrivals: Iterable[_Arrival]) -> Iterator[_Arrival]:
        """Pass the arrivals on, showing how far they are."""
        for arrival in arrivals:
            if self._is_shown:
                percent = 100 * (arrival.arrives_ns - self._begin_ns) // (self._end_ns - self._begin_ns)
                if percent != self._shown:
                    self._shown = percent
                    print(f"\r{self._label}: {percent:3} %", end="", file=sys.stderr, flush=True)
            yield arrival

    def close(self) -> None:
        """Leave the line empty."""
        if self._is_shown:
            print("\r" + " " * (len(self._label) + 8) + "\r", end="", file=sys.stderr, flush=True)


if TYPE_CHECKING:
    from simulators.reports import Report as _Arrival
