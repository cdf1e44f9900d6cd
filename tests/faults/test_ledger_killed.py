"""The ledger's process, killed at random moments."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.health import Health
from gateway.ledger import Ledger, verify_file

KILLED = """
import sys
from pathlib import Path
from gateway.clock import SystemClock
from gateway.early_warning import Evidence, Finding, Level, finding_id
from gateway.health import Health
from gateway.ledger import Ledger

ledger = Ledger.open(Path(sys.argv[1]), site="demo", clock=SystemClock(), health=Health())
for number in range(int(sys.argv[2]), 100_000):
    evidence = Evidence("c", "q", "u", "r", "v", "b", 1.0, 1, 1.0, {}, 0, 1, {})
    name = finding_id("demo", "gas_leak", "c", "r", number)
    level = Level.RED if number % 2 else Level.NONE
    if number % 2:
        finding = Finding(name, "gas_leak", f"A{number}", number, number, number, Level.RED, 4.0, False, evidence)
        ledger.record_findings([finding]).result()
    else:
        ledger.acknowledge(ledger.warnings()[0].id, person=f"p{number}").result()
    print(number, flush=True)
"""


@pytest.mark.fault
def test_killed_at_any_moment_it_holds_what_it_answered_and_no_half(tmp_path: Path) -> None:
    number = 1
    for kills in (1, 40, 7, 90):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path), str(number)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            for _ in range(kills):
                number = int(child.stdout.readline())
            os.kill(child.pid, signal.SIGKILL)
            number = max([number, *(int(line) for line in child.stdout if line.endswith("\n"))])

        ledger = Ledger.open(tmp_path, site="demo", clock=FakeClock(), health=Health())
        events = ledger._connection.execute("SELECT count(*) FROM events").fetchone()[0]
        ledger.close()

        assert events in {number, number + 1}
        assert verify_file(tmp_path) is None
        number = events + 1
