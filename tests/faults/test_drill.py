"""`lifeline drill` against a gateway that runs: nothing is lost, the outcome stands in the ledger."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.health import Health
from gateway.ledger import Ledger
from tests.faults.score import Setting
from tests.faults.stage import Plan, Stage

pytestmark = [pytest.mark.fault, pytest.mark.slow]


def drill(stage: Stage, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway.cli", "drill", *words, "--url", stage.gateway.url, "--person", "Li"]
    return subprocess.run(
        [*command, "--json", str(stage.gateway.site)], capture_output=True, text=True, timeout=120, check=False
    )


def test_drills_prove_in_service_that_nothing_is_lost(tmp_path: Path, need: Callable[[str], str]) -> None:
    need("victoria-metrics")
    plan = Plan(broker="nats", has_database=True, units=2, poll_seconds=0.2)
    with Stage("drill", Setting(tmp_path), plan) as stage:
        stage.start()
        stage.publisher.start()

        uplink = drill(stage, "uplink", "--for", "4")
        unit = drill(stage, "unit", "--unit", "unit-1", "--for", "3")
        pushed = drill(stage, "unit", "--unit", "gas-1")
        score = stage.score(0.0)

    outcomes = [json.loads(done.stdout) for done in (uplink, unit)]
    assert [done.returncode for done in (uplink, unit)] == [0, 0], uplink.stderr + unit.stderr
    assert [(one["lost"], one["duplicated"], one["ok"]) for one in outcomes] == [(0, 0, True)] * 2
    assert outcomes[0]["journaled"] > 500
    assert max(one["recovery_seconds"] for one in outcomes) < 30
    assert pushed.returncode == 69
    assert "polled devices only" in pushed.stderr
    assert score.is_ok, score
    ledger = Ledger.open(tmp_path / "state" / "ledger", site="faults", clock=SystemClock(), health=Health())
    assert [(one.kind, one.unit, one.person) for one in ledger.drills()] == [
        ("unit", "unit-1", "Li"),
        ("uplink", "", "Li"),
    ]
    assert ledger.verify() is None
    ledger.close()
