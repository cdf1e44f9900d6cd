"""What the tests of several rooms share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.early_warning import Evidence, Finding, Level, finding_id
from gateway.model import SECOND

START = 1_700_000_000 * SECOND


def make_finding(
    level: Level = Level.YELLOW,
    seconds: float = 0,
    *,
    asset: str = "MH-1",
    hazard: str = "gas_leak",
    channel: str = "",
    start: float = 0,
    is_late: bool = False,
    score: float = 2.0,
) -> Finding:
    """Return a finding: a level, and seconds since the beginning of the story."""
    start_ns = START + round(start * SECOND)
    time_ns = START + round(max(seconds, start) * SECOND)
    channel = channel or f"{asset}.gas-1.ch4"
    evidence = Evidence(
        channel=channel,
        quantity="combustible_gas",
        unit="%LEL",
        rule="manhole_gas",
        version="limits 1 abc",
        basis="CJJ/T 146",
        value=23.5,
        value_time_ns=time_ns,
        limit=20.0,
        rungs={"yellow": 20.0, "red": 100.0},
        window_start_ns=start_ns - 600 * SECOND,
        window_end_ns=time_ns,
        data_trust={"good_share": 1.0, "age_seconds": 2.0},
    )
    identity = finding_id("demo", hazard, channel, "manhole_gas", start_ns)
    learned_ns = time_ns + 2 * SECOND
    return Finding(identity, hazard, asset, start_ns, time_ns, learned_ns, level, score, is_late, evidence)


@pytest.fixture
def finding() -> Callable[..., Finding]:
    """Return a maker of findings."""
    return make_finding
