"""Runs scenarios, each in a process of its own: those that wait side by side, those that measure alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

from tests.faults import cgroup
from tests.faults.score import Score, Setting

ROOT = Path(__file__).parents[2]
SIDE_BY_SIDE = 3
"""Scenarios that run at the same time: they wait most of the time."""
_SHORT_SECONDS, _LONG_SECONDS = 400.0, 6 * 3600.0

Say = Callable[[str], None]


def run_here(name: str, folder: Path, *, is_long: bool, in_box: bool) -> Score:
    """Run one scenario in this process."""
    from tests.faults.scenarios import SCENARIOS  # noqa: PLC0415 - the parent only needs the names

    folder.mkdir(parents=True, exist_ok=True)
    with cgroup.small_box(name) if in_box else nullcontext(()) as groups:
        return SCENARIOS[name](Setting(folder, is_long, groups))


def start(
    names: Sequence[str], *, alone: Sequence[str], first: Sequence[str], is_long: bool, in_box: bool, say: Say
) -> tuple[dict[str, Future[Score]], ThreadPoolExecutor]:
    """Begin with all scenarios; those of `first` at once, those of `alone` when the others are done."""
    pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="scenario")
    together = sorted((name for name in names if name not in alone), key=lambda name: name not in first)

    def run(name: str) -> Score:
        say(f"{name} ...")
        score = _in_process(name, is_long=is_long, in_box=in_box)
        say(f"{name}: {'ok' if score.is_ok else f'FAILED: {to_json(score)}'} in {score.seconds:.0f} s")
        return score

    futures = {name: pool.submit(run, name) for name in together}
    measured: dict[str, Future[Score]] = {name: Future() for name in names if name in alone}

    def run_alone() -> None:
        for _ in as_completed(list(futures.values())):
            pass
        for name, future in measured.items():
            try:
                future.set_result(run(name))
            except BaseException as error:  # noqa: BLE001 - told to whoever waits for it
                future.set_exception(error)

    last = ThreadPoolExecutor(1, thread_name_prefix="alone")
    last.submit(run_alone)
    last.shutdown(wait=False)
    return {name: (futures | measured)[name] for name in names}, pool


def finished(futures: dict[str, Future[Score]]) -> Iterator[Score]:
    """Yield the scores in the order of the names as they come."""
    for name, future in futures.items():
        try:
            yield future.result()
        except Exception as error:  # noqa: BLE001 - a scenario that fell over is a line of the table, too
            yield Score(name, 0, failures=(f"{type(error).__name__}: {error}",))


def _in_process(name: str, *, is_long: bool, in_box: bool) -> Score:
    folder = Path(tempfile.mkdtemp(prefix=f"lifeline-{name}-"))
    command = [sys.executable, "-m", "tests.faults.run", name, "--here", str(folder)]
    command += ["--long"] * is_long + ["--box"] * in_box
    limit = _LONG_SECONDS if is_long else _SHORT_SECONDS
    with (folder / "scenario.log").open("w") as log:
        done = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True, timeout=limit, check=False
        )
    if done.returncode or not done.stdout.strip():
        last = (folder / "scenario.log").read_text().strip().splitlines()[-1:] or [f"exit {done.returncode}"]
        return Score(name, 0, failures=(f"{last[0]} (kept: {folder})",))
    score = from_json(done.stdout)
    if score.is_ok and not os.environ.get("LIFELINE_KEEP"):
        shutil.rmtree(folder, ignore_errors=True)
    return score


def to_json(score: Score) -> str:
    """Write a score as one line."""
    return json.dumps(asdict(score) | {"ok": score.is_ok})


def from_json(text: str) -> Score:
    """Read a score back."""
    fields = json.loads(text)
    fields.pop("ok")
    return Score(**fields | {"notes": tuple(fields["notes"]), "failures": tuple(fields["failures"])})
