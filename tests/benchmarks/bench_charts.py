"""Samples a second on one core through the banks that learn: level, charts, trend; and the grid aligner.

The peer is river in the same run: EWMean, EWVar, PageHinkley and GaussianScorer of each channel, one sample at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detectors import Charts, Level, Trends
from detectors.alignment import Aligner, Grid
from detectors.contract import Detector
from detectors.level import Learning
from detectors.trend import Heading
from detectors.walking import SECOND

CHANNELS = 1_000
START = 1_700_000_000 * SECOND
_LEARNING = Learning(tau_seconds=86_400, warm_up_seconds=600, look_seconds=60, least_scale=0.01)
Batch: TypeAlias = tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.float64]]


def _batches(rows: Callable[[np.random.Generator], NDArray[np.intp]], samples: int, noise: float) -> Iterator[Batch]:
    random = np.random.default_rng(1)
    per_batch = len(rows(random))
    for number in range(samples // per_batch):
        index = rows(random)
        order = np.argsort(index, kind="stable")
        time_ns = START + number * 60 * SECOND + np.arange(per_batch, dtype=np.int64)
        yield index[order], time_ns, random.normal(5.0, noise, per_batch)


_KINDS: dict[str, tuple[Callable[[np.random.Generator], NDArray[np.intp]], int]] = {
    "each channel once": (lambda _: np.arange(CHANNELS), 2_000_000),
    "mixed batches of 1,000": (lambda random: random.integers(0, CHANNELS, 1_000), 1_000_000),
    "mixed batches of 10,000": (lambda random: random.integers(0, CHANNELS, 10_000), 3_000_000),
    "waveforms, 16 channels x 100": (lambda _: np.repeat(np.arange(16), 100), 160_000),
}


def _rate(bank: Detector, kind: str, shifted: float = 1.0) -> float:
    rows, samples = _KINDS[kind]
    batches = list(_batches(rows, samples, 1.0))
    warm = START - 3_600 * SECOND
    for minute in range(30):
        moment = np.full(CHANNELS, warm + minute * 60 * SECOND)
        bank.update(np.arange(CHANNELS), moment, 5.0 + np.random.default_rng(minute).normal(0, 1, CHANNELS))
    began = time.process_time()
    for index, time_ns, value in batches:
        bank.update(index, time_ns, value * shifted)
    return sum(len(batch[0]) for batch in batches) / (time.process_time() - began)


def _aligner_rate() -> float:
    aligner = Aligner([Grid(5, 60, 180)] * 200)
    batches = list(_batches(lambda _: np.arange(CHANNELS), 1_000_000, 1.0))
    began = time.process_time()
    for index, time_ns, value in batches:
        aligner.update(index, time_ns, value)
    return len(batches) * CHANNELS / (time.process_time() - began)


def _river_rate() -> float:
    from river import anomaly, drift, stats  # noqa: PLC0415 - an optional peer

    fade = 60 / 86_400
    channels = 100
    peers = [
        (stats.EWMean(fade), stats.EWVar(fade), drift.PageHinkley(), anomaly.GaussianScorer()) for _ in range(channels)
    ]

    def feed(values: list[float]) -> None:
        for number, value in enumerate(values):
            mean, variance, chart, scorer = peers[number % channels]
            scorer.score_one(None, value)
            scorer.learn_one(None, value)
            mean.update(value)
            variance.update(value)
            chart.update(value)

    random = np.random.default_rng(1)
    # Its scorer says nothing of a channel's first hundred samples, and costs nothing then.
    feed(random.normal(5.0, 1.0, 200 * channels).tolist())
    values = random.normal(5.0, 1.0, 100_000).tolist()
    began = time.process_time()
    feed(values)
    return len(values) / (time.process_time() - began)


def _trees_rate() -> float:
    from river import anomaly  # noqa: PLC0415 - an optional peer

    trees = [anomaly.HalfSpaceTrees(seed=1) for _ in range(20)]
    values = np.random.default_rng(1).random(4_000).tolist()
    began = time.process_time()
    for number, value in enumerate(values):
        tree = trees[number % len(trees)]
        tree.score_one({"value": value})
        tree.learn_one({"value": value})
    return len(values) / (time.process_time() - began)


def run() -> dict[str, str]:
    """Return the rates by how the samples come, and how many times slower the peer is."""
    figures: dict[str, str] = {}
    rates = {kind: _rate(Charts([_LEARNING] * CHANNELS), kind) for kind in _KINDS}
    for kind, rate in rates.items():
        figures[f"M samples/s/core: charts: {kind}"] = f"{rate / 1e6:.1f}"
    shifted = _rate(Charts([_LEARNING] * CHANNELS), "mixed batches of 1,000", shifted=10.0)
    figures["M samples/s/core: charts: mixed 1,000, every channel shifted"] = f"{shifted / 1e6:.1f}"
    for kind in ("each channel once", "mixed batches of 1,000"):
        level, trend = Level([_LEARNING] * CHANNELS), Trends([Heading(limit=20.0)] * CHANNELS)
        figures[f"M samples/s/core: level: {kind}"] = f"{_rate(level, kind) / 1e6:.1f}"
        figures[f"M samples/s/core: trend: {kind}"] = f"{_rate(trend, kind) / 1e6:.1f}"
    figures["M samples/s/core: aligner: 200 groups of five"] = f"{_aligner_rate() / 1e6:.1f}"
    try:
        river, trees = _river_rate(), _trees_rate()
    except ImportError:
        figures["peer: river"] = "not installed: pip install 'lifeline-gateway[bench]'"
        return figures
    figures["M samples/s/core: peer: river, the same four a channel"] = f"{river / 1e6:.2f}"
    figures["M samples/s/core: peer: river's HalfSpaceTrees a channel"] = f"{trees / 1e6:.3f}"
    for kind in ("each channel once", "mixed batches of 1,000"):
        figures[f"times river's rate: {kind}"] = f"{rates[kind] / river:.0f}"
    return figures
