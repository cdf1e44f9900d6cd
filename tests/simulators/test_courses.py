"""What a channel shows of a world that tells something near it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.model import SECOND
from gateway.settings import check_site
from simulators.scenarios.loading import load_scenario
from simulators.scenarios.scenario import Stage

STORM = """scenario: storm
start: "2025-06-16T08:00:00"
lasts: 1 h
district: {drainage: 1}
weather: {storms: [{at: 0 s, lasts: 30 min, mm: 40}]}
expect:
  - want: at most 0 false warnings a day
"""


@pytest.mark.slow
def test_a_radar_over_water_that_rises_sees_the_gap_shrink_by_as_much(tmp_path: Path) -> None:
    (tmp_path / "storm.yaml").write_text(STORM)
    scenario = load_scenario(tmp_path / "storm.yaml")
    (tmp_path / "site.yaml").write_text(scenario.site_text())
    site = check_site(tmp_path / "site.yaml").site
    assert site is not None

    with Stage(scenario, site.inventory) as stage:
        minutes = [scenario.start_ns + minute * 60 * SECOND for minute in (1, 20, 40)]
        shown = [stage.reports.values("radar-sw-1", moment) for moment in minutes]

    assert shown[1]["level"] > shown[0]["level"] + 0.1
    assert [one["level"] + one["distance"] for one in shown] == pytest.approx([5.0, 5.0, 5.0])
