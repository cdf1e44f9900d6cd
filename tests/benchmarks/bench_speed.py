"""Detection's speed against its budgets, with river, stumpy and PySAD measured in the same run.

The peers watch one channel each, one sample at a time, as their interface asks for; ours are banks. Read the ratios.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from detectors import DETECTORS, Charts
from detectors.level import Learning
from gateway.journal import Entry
from gateway.model import SECOND, Batch
from tests.benchmarks import bench_bank, bench_charts, bench_replay

CHANNELS = 1_000
_ALL_DAY = 43.2
_LEARNING = Learning(tau_seconds=86_400, warm_up_seconds=600, look_seconds=60, least_scale=0.01)
_MEMORY = """
import sys
import numpy
def rss():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6
import gateway.model, gateway.inventory, gateway.journal
before = rss()
from tests.benchmarks.bench_bank import LADDER, SHIFT, WARM_UP, _entries, _rate
_rate(1_000, _entries("once", 100_000, 1_000, 1_000, 5.0, warm_up=WARM_UP), LADDER, SHIFT, warm_up=WARM_UP)
batches = (WARM_UP * 1_000 + 100_000) * 30 / 1e6
print(rss() - before - batches)
"""
_SCIPY = "import sys, gateway.cli, gateway.detection, gateway.app, detectors; print(int('scipy' in sys.modules))"


class _Peer(Protocol):
    def __call__(self, value: float) -> object:
        """Take one sample."""
        ...


def run() -> dict[str, str]:
    """Return figures, each with its budget."""
    return {**_chains(), **_charts(), **_banks(), **_peers(), **_replay(), **_memory()}


def _judged(value: float, budget: float, unit: str, *, at_most: bool = False, digits: int = 1) -> str:
    holds = value <= budget if at_most else value >= budget
    sense = "<=" if at_most else ">="
    verdict = "met" if holds else f"MISSED by {abs(value - budget):.{digits}f}"
    return f"{value:.{digits}f} {unit} (budget {sense} {budget:g}: {verdict})"


def _waveforms(samples: int) -> list[Entry]:
    """Return batches of 16 channels x 100 samples at 100 Hz, a second each, behind a warm-up half an hour a batch."""
    random = np.random.default_rng(1)
    entries = []
    channel = np.repeat(np.arange(1, 17, dtype=np.int32), 100)
    offset_ns = np.tile(np.arange(100, dtype=np.int64), 16) * (SECOND // 100)
    for position in range(1, bench_bank.WARM_UP + samples // len(channel) + 1):
        received_ns = bench_bank.START + (position + min(position, bench_bank.WARM_UP) * 1_800) * SECOND
        size = len(channel)
        quality, flags = np.ones(size, np.uint8), np.zeros(size, np.uint16)
        value = random.normal(5.0, 3.0, size)
        times = received_ns - 2 * SECOND + offset_ns
        batch = Batch(channel, times, value, quality, flags, received_ns, 0, "bench")
        entries.append(Entry(position, batch, received_ns))
    return entries


def _chains() -> dict[str, str]:
    ladders = (bench_bank.LADDER, bench_bank.SHIFT)
    figures = {}
    cases: list[tuple[str, bench_bank.Kind, int, int, float]] = [
        ("each of 1,000 channels once", "once", 1_500_000, 1_000, 10.0),
        ("mixed batches of 1,000", "mixed", 1_500_000, 1_000, 2.5),
        ("mixed batches of 10,000", "mixed", 6_000_000, 10_000, 5.0),
    ]
    for name, kind, samples, per_batch, budget in cases:
        warm_up = bench_bank.WARM_UP
        entries = bench_bank._entries(kind, samples, per_batch, CHANNELS, 5.0, warm_up=warm_up)
        thin = bench_bank._rate(CHANNELS, entries, bench_bank.LADDER, warm_up=warm_up) / 1e6
        full = bench_bank._rate(CHANNELS, entries, *ladders, warm_up=warm_up) / 1e6
        figures[f"chain without charts: {name}"] = _judged(thin, budget, "M samples/s")
        figures[f"full chain, charts and daily course: {name}"] = _judged(full, budget, "M samples/s")
    live = bench_bank._entries("mixed", 500_000, 1_000, CHANNELS, 20.0)
    figures["chain, mixed 1,000, every ladder live"] = _judged(
        bench_bank._rate(CHANNELS, live) / 1e6, 1.0, "M samples/s"
    )
    waves = bench_bank._rate(16, _waveforms(400_000), *ladders, warm_up=bench_bank.WARM_UP) / 1e6
    figures["full chain: waveforms, 16 channels x 100"] = _judged(waves, 0.5, "M samples/s", digits=2)
    return figures


def _charts() -> dict[str, str]:
    try:
        river, trees = bench_charts._river_rate(), bench_charts._trees_rate()
    except ImportError:
        return {"peer: river": "not installed: pip install 'lifeline-gateway[bench]'"}
    rates = {kind: bench_charts._rate(Charts([_LEARNING] * CHANNELS), kind) for kind in bench_charts._KINDS}
    figures = {f"charts: {kind}": f"{rate / 1e6:.1f} M samples/s" for kind, rate in rates.items()}
    once, mixed = rates["each channel once"], rates["mixed batches of 1,000"]
    figures["peer: river, the same four a channel"] = f"{1e6 / river:.2f} us a sample"
    figures["charts against river: once"] = _judged(once / river, 25, "times", digits=0)
    figures["charts against river: mixed 1,000"] = _judged(mixed / river, 5, "times", digits=0)
    figures["peer: river's HalfSpaceTrees"] = f"{1e6 / trees:.1f} us a sample"
    return figures


def _banks() -> dict[str, str]:
    """Return the rate of every registered bank over batches in which each channel occurs once."""
    figures = {}
    for name, kind in sorted(DETECTORS.items()):
        rate = bench_charts._rate(kind.example(CHANNELS), "each channel once")
        figures[f"bank {name}: each channel once"] = f"{rate / 1e6:.1f} M samples/s"
    return figures


def _peers() -> dict[str, str]:
    """Return microseconds a sample of what a user would take instead, and how many times the novelty bank is faster."""
    novelty = bench_charts._rate(DETECTORS["extremes"].example(CHANNELS), "each channel once")
    figures = {}
    for name, make, samples in (
        ("stumpy's stumpi, m = 64, 2,000 kept", _stumpi, 3_000),
        ("PySAD's StandardAbsoluteDeviation", lambda: _pysad("StandardAbsoluteDeviation"), 5_000),
        ("PySAD's LODA", lambda: _pysad("LODA"), 2_000),
        ("PySAD's KNNCAD", lambda: _pysad("KNNCAD", probationary_period=250), 3_000),
        ("PySAD's RelativeEntropy", lambda: _pysad("RelativeEntropy", min_val=0.0, max_val=10.0), 2_000),
    ):
        try:
            seconds = _seconds_a_sample(make(), samples)
        except ImportError:
            figures[f"peer: {name}"] = "not installed: pip install 'lifeline-gateway[bench]'"
            continue
        ratio = f"extremes is {seconds * novelty:,.0f} times as fast"
        figures[f"peer: {name}"] = f"{seconds * 1e6:.1f} us a sample; {ratio}"
    return figures


def _stumpi() -> _Peer:
    import stumpy  # noqa: PLC0415 - an optional peer

    history = np.random.default_rng(2).normal(5.0, 1.0, 2_000)
    update: _Peer = stumpy.stumpi(history, m=64, egress=True).update
    return update


def _pysad(name: str, **parameters: float) -> _Peer:
    from pysad import models  # noqa: PLC0415 - an optional peer

    model = getattr(models, name)(**parameters)

    def take(value: float) -> object:
        return model.fit_score_partial(np.array([value]))

    return take


def _seconds_a_sample(take: Callable[[float], object], samples: int) -> float:
    values = np.random.default_rng(3).normal(5.0, 1.0, samples + 400).clip(0.1, 9.9).tolist()
    for value in values[:400]:
        take(value)
    began = time.thread_time()
    for value in values[400:]:
        take(value)
    return (time.thread_time() - began) / samples


def _replay() -> dict[str, str]:
    """Replay a sixth of a day of 500 channels at 1 Hz; the whole day stands in `./lifeline bench replay`."""
    share = 6
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = bench_replay._write_site(folder)
        recording = bench_replay._write_recording(folder, bench_replay.SECONDS // share)
        began = time.perf_counter()
        told = bench_replay._replay(site, recording)
        seconds = (time.perf_counter() - began) * share
    figure = _judged(seconds, 60, "s", at_most=True)
    return {f"replay of {_ALL_DAY} M readings, from a sixth of them": f"{figure}; {told}"}


def _memory() -> dict[str, str]:
    added = float(_child(_MEMORY))
    return {
        "RSS added by detection, 1,000 channels, full chain": _judged(added, 30, "MB", at_most=True, digits=0),
        "scipy imported at start": "yes: MISSED" if int(_child(_SCIPY)) else "no (met)",
    }


def _child(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
