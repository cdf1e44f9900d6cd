"""What the public recordings give: their events are found, and what is healthy stays quiet.

The limits are those of the example site, for every zone alike; the floors below hold what was measured.
"""

from __future__ import annotations

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import main
from tests.conftest import DATA

pytestmark = pytest.mark.slow
SITES = Path(__file__).parent
CLEAN_UNTIL = "2018-03-02"
LEARNING_LATE = timedelta(days=2)


def replayed(recording: str, name: str, out: Path) -> list[dict[str, Any]]:
    assert DATA is not None
    site, columns = SITES / f"{name}.yaml", SITES / f"{name}.map.yaml"
    main(["replay", str(DATA / recording), "--site", str(site), "--map", str(columns), "--out", str(out), "--quiet"])
    return [json.loads(line) for line in out.read_text().splitlines()]


def of(warnings: list[dict[str, Any]], hazard: str) -> list[dict[str, Any]]:
    return [warning for warning in warnings if warning["hazard"] == hazard]


@pytest.fixture(scope="module")
def ltown(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return replayed("ltown_sim/scada.csv.xz", "ltown_sim", tmp_path_factory.mktemp("ltown") / "warnings.jsonl")


@pytest.fixture(scope="module")
def leaks() -> list[tuple[datetime, datetime]]:
    assert DATA is not None
    with (DATA / "ltown_sim" / "events.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["kind"].startswith("leak")]
    return [(datetime.fromisoformat(row["start"] + "Z"), datetime.fromisoformat(row["end"] + "Z")) for row in rows]


def standing(warning: dict[str, Any]) -> tuple[datetime, datetime]:
    """Return from when to when a warning stood."""
    times = [datetime.fromisoformat(step["time"]) for step in warning["steps"]]
    return times[0], times[-1]


def test_nothing_is_said_in_the_clean_months_of_ltown(ltown: list[dict[str, Any]]) -> None:
    assert [warning for warning in ltown if warning["learned"] < CLEAN_UNTIL] == []


def test_stuck_and_lost_sensors_of_ltown_are_named(ltown: list[dict[str, Any]]) -> None:
    assert {(one["asset"], one["learned"][:10]) for one in of(ltown, "sensor_fault")} == {
        ("n105", "2018-04-29"),
        ("n429", "2018-12-08"),
    }
    assert {(one["asset"], one["learned"][:10]) for one in of(ltown, "sensor_silent")} == {
        ("n469", "2018-09-14"),
        ("n516", "2018-09-18"),
    }


def test_most_leaks_of_ltown_are_found_and_little_else(
    ltown: list[dict[str, Any]], leaks: list[tuple[datetime, datetime]]
) -> None:
    stood = [standing(warning) for warning in of(ltown, "pipe_leak")]

    found = [leak for leak in leaks if any(start < leak[1] and end > leak[0] for start, end in stood)]
    false = [one for one in stood if not any(one[0] < end + LEARNING_LATE and one[1] > start for start, end in leaks)]
    assert len(found) >= 12
    assert len(false) <= 3


def test_real_districts_are_called_leaking_less_than_once_in_two_months(tmp_path: Path) -> None:
    recording = "bwdf_dma_inflow/dma_hourly_2021_to_2022q1.csv.xz"

    warnings = replayed(recording, "bwdf_dma_inflow", tmp_path / "warnings.jsonl")

    # Ten districts, fifteen months, flow alone and no list of leaks: 53 when this was written.
    assert len(of(warnings, "pipe_leak")) <= 10 * 15 / 2
    assert {warning["asset"] for warning in of(warnings, "sensor_silent")} >= {"DMA-4", "DMA-6", "DMA-8"}
