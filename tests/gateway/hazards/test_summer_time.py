"""Nights of a zone on the two days on which the local clock is set: one night each, and neither looks like a leak."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gateway.hazards.water import PipeLeak
from gateway.model import SECOND
from tests.gateway.hazards.places import INLET, measured

BERLIN = ZoneInfo("Europe/Berlin")
SLOT_SECONDS = 900


def flow_at(local: datetime) -> float:
    """Return a zone's inflow: 20 at three in the morning, 60 by day, a little different each day."""
    base = 20.0 if local.hour < 5 else 60.0
    return base + 0.4 * (local.toordinal() % 5)


@pytest.mark.parametrize(
    "switch",
    [datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 10, 25, tzinfo=BERLIN)],
    ids=["into summer time", "out of it"],
)
def test_the_night_of_the_switch_is_one_night_and_no_leak(switch: datetime) -> None:
    inflows = [measured(INLET, "water_flow", report_seconds=SLOT_SECONDS)]
    model = PipeLeak("DMA-1", "Europe/Berlin", inflows)
    start = (switch - timedelta(days=30)).timestamp()
    end = (switch + timedelta(days=10)).timestamp()

    worst = 0.0
    for second in range(int(start), int(end), SLOT_SECONDS):
        local = datetime.fromtimestamp(second, BERLIN)
        judgement = model.judge(second * SECOND, np.array([flow_at(local)] * len(inflows)))
        worst = max(worst, np.nan_to_num(judgement.value))

    nights = float(model.state()["nights_nights"][0])
    assert worst == 0.0
    assert nights == pytest.approx(40, abs=1)
