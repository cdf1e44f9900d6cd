"""The history's process killed with -9 again and again: every reading stands once, and no place is ever taken back."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.health import Health
from gateway.history import History
from gateway.settings import HistorySettings
from tests.faults.history_child import entry_of, rows_of
from tests.gateway.history.story import Story

KILLS = 12
ROOT = Path(__file__).parents[2]


@pytest.mark.fault
def test_killed_a_dozen_times_it_holds_every_reading_exactly_once(tmp_path: Path) -> None:
    rng = random.Random(12)
    promised = 0
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-m", "tests.faults.history_child", str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        ) as child:
            assert child.stdout is not None
            restarted_at = int(child.stdout.readline())
            # Killed while it works, at a moment nobody chose.
            time.sleep(rng.uniform(0.02, 0.25))
            child.kill()
            said = [int(line) for line in child.stdout if line.endswith("\n")]
        assert restarted_at >= promised
        promised = max([restarted_at, *said])

    history = History.open(tmp_path, settings=HistorySettings(), health=Health())
    place = history.position()
    story = Story()
    for position in range(1, place + 20):
        story.tell(rows_of(position))
    history.apply([entry_of(position) for position in range(place + 1, place + 20)])

    assert place >= promised > KILLS
    story.assert_held_by(history)
    history.close()
