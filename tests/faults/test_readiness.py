"""/readyz is honest about a journal at its cap; the scenarios ask it about brokers, InfluxDB and full disks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.score import Setting
from tests.faults.stage import Plan, Stage
from tests.processes import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.slow]


def test_a_journal_at_its_cap_that_holds_acknowledgements_back_is_not_ready(
    tmp_path: Path, need: Callable[[str], str]
) -> None:
    need("victoria-metrics")
    journal = {
        "cap_bytes": 16_000_000,
        "segment_bytes": 1_000_000,
        "at_cap": "hold",
        "readers": ["history", "detection", "influxdb"],
    }
    plan = Plan(broker="nats", devices=10, rounds_per_second=0, has_database=True, stores={"journal": journal})
    with Stage("cap", Setting(tmp_path), plan) as stage:
        stage.start()
        stage.database.kill()
        publisher = stage.add_publisher(devices=10)
        publisher.rounds(100)

        # Nothing fills a journal as quickly as what nobody understands: it is kept for inspection.
        for number in range(1_500):
            publisher.garbage(number % 10, b"x" * 16_000)
        wait_until(lambda: not stage.gateway.readiness()["ready"], 120, "the journal to be at its cap", every=0.5)
        reason = stage.says("journal")
        publisher.pause()
        stage.database.start()
        recovery = stage.recovered()
        wait_until(lambda: stage.gateway.readiness()["ready"], 30, "/readyz to answer ready", every=0.5)
        score = stage.score(recovery)

    assert "cap" in reason
    assert "influxdb" in reason
    assert score.is_ok, score
