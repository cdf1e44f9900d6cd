"""Blocks of a 100 Hz accelerometer, from payload through codec, screen and journal to a finding of a moved line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.app import Gateway
from gateway.clock import FakeClock
from gateway.codecs.json_fields import JsonFieldsDecoder
from gateway.early_warning import EarlyWarning
from gateway.model import SECOND, Batch, Quality
from gateway.settings import Site, load_site

pytestmark = pytest.mark.slow

START = 1_767_225_600
RATE = 100
MODE_HZ = 2.0
SECONDS = 600
DAMAGE = 460
CHANNEL = "BR-1.acc.acceleration"
PROFILE = """
id: bridge/ours
title: accelerometer, blocks of a second
lifeline: bridge
protocol: json
source: made up
time: {path: t0, format: ms}
points:
  acceleration:
    quantity: acceleration
    unit: mm/s2
    path: a
    samples: {step_seconds: 0.01}
    span: [-500, 500]
    report_seconds: 0.01
frames:
  - {source: computed, reply: '{"t0":1767225600000,"a":[2.5]}', values: {acceleration: 0.0025}}
"""
SITE = """
site: {id: bridge}
collectors: {broker: {kind: mqtt, host: 10.0.0.1, topics: ["b/{device}/up"]}}
assets: {BR-1: {kind: bridge, lifeline: bridge}}
devices: {acc: {profile: ./accelerometer.yaml, collector: broker, asset: BR-1}}
ladders:
  first_mode:
    quantity: acceleration
    hazard: structural_change
    of: line
    band_hz: [1.8, 2.2]
    rungs: {yellow: 2}
    basis: made up
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "accelerometer.yaml").write_text(PROFILE)
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return load_site(path)


def shaken(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a deck with that first mode does under traffic, mm/s2."""
    noise = np.random.default_rng(3).normal(0.0, 5.0, len(hz))
    return np.asarray(20.0 * np.sin(2.0 * np.pi * np.cumsum(hz) / RATE) + noise)


def warmed(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mode as a warming deck has it: one percent lower at the end."""
    return np.asarray(MODE_HZ * (1.0 - 0.01 * seconds / SECONDS))


def damaged(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(warmed(seconds) * np.where(seconds < DAMAGE, 1.0, 0.97))


async def warnings_of(
    site: Site, folder: Path, mode: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> list[EarlyWarning]:
    values = shaken(mode(np.arange(SECONDS * RATE) / RATE)).round(3)
    decoder = JsonFieldsDecoder(site.inventory.devices["acc"].profile)
    async with Gateway(site, folder, clock=FakeClock(START * SECOND), live=False) as gateway:
        number = gateway.numbers[CHANNEL]
        for first in range(0, SECONDS, 10):
            readings = []
            for second in range(first, first + 10):
                block = values[second * RATE : (second + 1) * RATE].tolist()
                readings += decoder.decode(json.dumps({"t0": (START + second) * 1_000, "a": block}).encode()).readings
            size, received_ns = len(readings), (START + first + 10) * SECOND
            batch = Batch(
                np.full(size, number, np.int32),
                np.array([one.time_ns for one in readings]),
                np.array([one.value for one in readings]),
                np.full(size, Quality.GOOD, np.uint8),
                np.zeros(size, np.uint16),
                received_ns,
                received_ns,
                "boot",
            )
            await gateway.put([batch], urgent=True)
        await gateway.drained()
        return [one for one in gateway.ledger.warnings(include_closed=True) if one.hazard == "structural_change"]


async def test_damage_that_lowers_the_first_mode_by_three_percent_is_a_warning(site: Site, tmp_path: Path) -> None:
    [warning] = await warnings_of(site, tmp_path / "state", damaged)

    [finding] = warning.findings.values()
    began = finding.start_ns / SECOND - START
    assert DAMAGE < began < DAMAGE + 120
    assert finding.evidence.rule == "lines:first_mode"
    assert finding.evidence.terms["line_percent"] >= 2.0


async def test_a_warming_deck_alone_is_none(site: Site, tmp_path: Path) -> None:
    assert await warnings_of(site, tmp_path / "state", warmed) == []
