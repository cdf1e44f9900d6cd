"""A small site file that is right, and ways to make it wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.settings import Checked, check_site

RIGHT = """\
site: {id: box, name: 站点}
collectors:
  broker: {kind: mqtt, host: 10.0.0.1, topics: ["a/{device}/up"]}
  line: {kind: modbus_tcp, host: 10.0.0.2}
assets:
  MH-1: {kind: manhole, lifeline: gas, name: 一号井, location: [117.2, 31.8], relations: {near: [P-1]}}
  P-1: {kind: pipe, lifeline: water}
devices:
  gas-1: {profile: gas/manhole_methane, collector: broker, asset: MH-1, report_seconds: 300}
  flow-1: {profile: water/tuf2000m, collector: line, unit: 1, asset: P-1}
channels:
  P-1.flow-1.flow: {span: [0, 500], fresh_seconds: 90, reorder_seconds: 5, stuck_seconds: null, title: 进水}
ladders:
  gas: {quantity: combustible_gas, hazard: gas_leak, rungs: {red: 100, yellow: 20}, basis: B}
  high: {quantity: water_flow, hazard: pipe_burst, rungs: {orange: 300}, basis: B}
  low: {quantity: water_flow, hazard: pipe_burst, direction: below, rungs: {yellow: 2}, basis: B}
"""


@pytest.fixture
def right() -> str:
    """Return the text of a site file without faults."""
    return RIGHT


@pytest.fixture
def check(tmp_path: Path) -> Callable[[str], Checked]:
    """Return a function that checks the text of a site file named `site.yaml`."""

    def checked(text: str) -> Checked:
        file = tmp_path / "site.yaml"
        file.write_text(text)
        return check_site(file)

    return checked
