"""The models over recordings with known events: a year of sewers, four months of a town's pressures and inflows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gateway.hazards.burst import PipeBurst
from gateway.hazards.contract import GroupModel
from gateway.hazards.pumps import PumpFailure
from gateway.hazards.sewers import SewerBlockage
from gateway.model import SECOND
from tests.benchmarks.detection.recordings import columns, numbers, times_ns
from tests.conftest import DATA
from tests.gateway.hazards.places import measured

pytestmark = pytest.mark.slow

SLOT_NS = 300 * SECOND
HOUR_NS = 3_600 * SECOND
MPA_PER_METRE = 0.00980665


def folder(name: str) -> Path:
    assert DATA is not None
    if not (DATA / name).is_dir():
        pytest.skip(f"LIFELINE_DATA holds no {name}")
    return DATA / name


def onsets(model: GroupModel, start_ns: np.ndarray, rows: np.ndarray, limit: float) -> list[int]:
    """Return when the model's value rises to a limit, having been under half of it."""
    found, is_on = [], False
    for moment, row in zip(start_ns.tolist(), rows, strict=True):
        value = model.judge(moment, row).value
        if not is_on and value >= limit:
            is_on = True
            found.append(moment)
        elif value < limit / 2.0:
            is_on = False
    return found


def windows(path: Path, kind: str, element: str | None = None) -> list[tuple[int, int]]:
    """Return begin and end of the events of a kind."""
    table = columns(path)
    begins, ends = times_ns(table["start"]).tolist(), times_ns(table["end"]).tolist()
    named = table.get("element", table["kind"])
    picked = zip(table["kind"], named, begins, ends, strict=True)
    return [(begin, end) for each, place, begin, end in picked if each.startswith(kind) and element in {None, place}]


def test_every_pump_failure_of_a_year_is_told_and_little_else() -> None:
    place = folder("drainage_sim")
    table = columns(place / "levels.csv.xz")
    level = measured("U.radar.level", "water_level", report_seconds=300.0)
    model = PumpFailure("P1", level, measured("P1.meter.flow", "sewage_flow", report_seconds=300.0), fills=False)
    rows = np.stack([numbers(table["lvl_U_underpass_m"]), 3_600.0 * numbers(table["pump_cms"])], axis=1)

    told = onsets(model, times_ns(table["time"]) - SLOT_NS, rows, 0.05)

    failures = windows(place / "events.csv", "pump_failure")
    assert all(any(begin <= moment <= end for moment in told) for begin, end in failures)
    assert sum(not any(begin <= moment <= end for begin, end in failures) for moment in told) <= 2


def test_a_branch_that_is_blocked_three_times_is_told_each_time_and_never_else() -> None:
    place = folder("drainage_sim")
    table = columns(place / "levels.csv.xz")
    names = {"B2": "lvl_B2_m", "J5": "lvl_J5_m", "J7": "lvl_J7_m", "J2": "lvl_J2_m", "J3": "lvl_J3_m"}
    above, *others = (measured(f"{name}.radar.level", "water_level", report_seconds=300.0) for name in names)
    rain = measured("RG.bucket.rain", "rainfall", report_seconds=300.0)
    model = SewerBlockage("OR3", above, others[:2], others[2:], rain)
    rows = np.stack([*(numbers(table[name]) for name in names.values()), numbers(table["rain_mm_5min"])], axis=1)
    first = slice(0, 100 * 288)

    told = onsets(model, (times_ns(table["time"]) - SLOT_NS)[first], rows[first], 0.1)

    end_ns = int(times_ns(table["time"])[first][-1])
    blockages = [each for each in windows(place / "events.csv", "blockage", "OR3") if each[0] < end_ns]
    assert len(blockages) >= 3
    assert all(any(begin <= moment <= end for moment in told) for begin, end in blockages)
    assert all(any(begin <= moment <= end + 12 * HOUR_NS for begin, end in blockages) for moment in told)


def test_four_months_of_a_town_have_no_burst_but_the_hydrants_that_are_opened() -> None:
    place = folder("ltown_sim")
    table = columns(place / "scada.csv.xz")
    gauges = [name for name in table if name.startswith("n")]
    flows = [measured(f"{name}.meter.flow", "water_flow", report_seconds=300.0) for name in ("p227", "p235", "PUMP_1")]
    pressures = [measured(f"{name}.gauge.pressure", "water_pressure", report_seconds=300.0) for name in gauges]
    model = PipeBurst("L-TOWN", flows[:2], flows[2:], pressures)
    rows = [*(numbers(table[name]) for name in ("p227", "p235", "PUMP_1"))]
    rows += [MPA_PER_METRE * numbers(table[name]) for name in gauges]
    first = slice(0, 120 * 288)

    told = onsets(model, times_ns(table["timestamp"])[first], np.stack(rows, axis=1)[first], 20.0)

    hydrants = windows(place / "events.csv", "benign_hydrant_flush")
    assert all(any(begin <= moment <= end + HOUR_NS for begin, end in hydrants) for moment in told)
