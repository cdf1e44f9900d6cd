"""Raw blocks of samples, from a model's wave to what a device sends and a recording keeps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gateway.inventory import Inventory
from gateway.model import SECOND
from gateway.settings import load_site
from simulators.courses import courses_of
from simulators.instruments import Fault, Instruments
from simulators.models.contract import Event
from simulators.models.transient import Pipeline
from simulators.models.trunk import Trunk, TrunkMain
from simulators.reports import Report, Reports
from simulators.weather import Climate
from simulators.world import World

START = 1_750_000_000 * SECOND
SITE = """
site: {id: town}
collectors:
  broker: {kind: mqtt, host: 127.0.0.1, topics: ["t/{device}"]}
assets:
  TL-1: {kind: node, lifeline: water}
devices:
  logger-1: {profile: water/transient_logger, collector: broker, asset: TL-1}
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return load_site(path).inventory


def _reports(inventory: Inventory, *faults: Fault) -> Reports:
    trunk = Trunk("TM-1", {"S-1": 800.0}, {"TL-1": 100.0}, Pipeline(wave_m_s=1_000.0), noise_mpa=1e-5)
    world = World([TrunkMain(trunk, end_ns=START + 3600 * SECOND)], Climate(seed=1), START)
    world.stage(Event(START + 20 * SECOND, "burst", "S-1", 100.0))
    instruments = Instruments(faults)
    return Reports(inventory, courses_of(inventory, world, instruments), instruments, start_ns=START + 5 * SECOND)


def _samples(reports: list[Report]) -> tuple[np.ndarray, np.ndarray]:
    bodies = [json.loads(report.payload or b"") for report in reports]
    times = [body["t0"] / 1000 - START / SECOND + np.arange(len(body["p"])) / 100 for body in bodies]
    return np.concatenate(times), np.concatenate([np.array(body["p"], float) for body in bodies])


def test_a_logger_sends_the_second_before_its_report_a_hundred_samples_long(inventory: Inventory) -> None:
    reports = list(_reports(inventory).until(START + 10 * SECOND))

    bodies = [json.loads(report.payload or b"") for report in reports]

    assert {len(body["p"]) for body in bodies} == {100}
    assert [report.time_ns // 1_000_000 - body["t0"] for report, body in zip(reports, bodies, strict=True)] == [
        1000
    ] * 5


def test_the_wave_of_a_burst_is_in_what_is_sent_at_its_moment(inventory: Inventory) -> None:
    times, kpa = _samples(list(_reports(inventory).until(START + 25 * SECOND)))

    fell = times[np.argmax(kpa < kpa[0] - 10.0)]

    assert np.allclose(np.diff(times), 0.01, atol=1e-6)
    assert fell == pytest.approx(20.0 + 700.0 / 1_000.0, abs=0.03)


def test_a_stuck_logger_repeats_its_last_value_through_the_wave(inventory: Inventory) -> None:
    stuck = Fault(START + 10 * SECOND, "stuck", "logger-1", "pressure")

    _, kpa = _samples(list(_reports(inventory, stuck).until(START + 25 * SECOND)))

    assert len(set(kpa[-1000:].tolist())) == 1


def test_a_recording_keeps_every_sample_at_its_own_time(inventory: Inventory) -> None:
    measured = list(_reports(inventory).measured(START + 8 * SECOND))

    times = [one.time_ns for one in measured if "pressure" in one.values]

    assert len(times) == 300
    assert set(np.diff(times).tolist()) == {10_000_000}
    assert sum("battery" in one.values for one in measured) == 3
    assert {one.arrives_ns - one.time_ns for one in measured if "battery" in one.values} == {0}
