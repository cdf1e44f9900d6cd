"""Pressure waves in a pipeline by the method of characteristics (Wylie and Streeter, Fluid Transients, ch. 3).

    reservoir |----o--------x-----------o----| valve      o gauge   x burst
              0    x1       xb          x2   L

On C+ and C- lines head and flow are tied by H +- B Q with B = a / (g A); friction is taken at the old time. A burst is
an orifice that opens within milliseconds: Q = C sqrt(H). One time step is one reach divided by the wave speed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gateway.model import Floats

_G = 9.80665
MPA_PER_METRE = 0.00980665
_OPENING_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A main between a reservoir and a valve; the wave speed is 900-1,300 m/s in metal, 250-500 in plastic."""

    metres: float = 1_500.0
    millimetres: float = 400.0
    wave_m_s: float = 1_100.0
    friction: float = 0.02
    """Darcy-Weisbach."""
    head_metres: float = 45.0
    flow_m3_s: float = 0.06

    def __post_init__(self) -> None:
        if min(self.metres, self.millimetres, self.wave_m_s, self.head_metres) <= 0 or self.flow_m3_s < 0:
            raise ValueError("a pipeline has length, diameter, wave speed and head above 0, and no negative flow")

    def reaches(self, hz: float) -> int:
        """Return into how many parts it is cut for steps at least as fine as samples at `hz`."""
        return max(20, math.ceil(self.metres * hz / self.wave_m_s))


@dataclass(frozen=True, slots=True)
class Burst:
    """A hole at a distance from the reservoir: what it loses at the pressure of before, from a moment on."""

    metres: float
    m3_s: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Closure:
    """The valve's flow changes by a share of itself, -1 closes it: a decoy that sends a wave, too."""

    share: float
    seconds: float
    within_seconds: float = 1.0


def record(
    pipeline: Pipeline,
    gauges: tuple[float, ...],
    *,
    hz: float,
    seconds: float,
    bursts: tuple[Burst, ...] = (),
    closures: tuple[Closure, ...] = (),
    noise_mpa: float = 0.0002,
    seed: int = 0,
) -> Floats:
    """Return pressures in MPa, one row a sample at `hz` and one column a gauge (metres from the reservoir).

    >>> still = record(Pipeline(), (300.0, 1200.0), hz=100, seconds=1.0, noise_mpa=0.0)
    >>> still.shape, bool(abs(still - still[0]).max() < 1e-9)
    ((100, 2), True)
    """
    for place in (*gauges, *(burst.metres for burst in bursts)):
        if not 0 < place < pipeline.metres:
            raise ValueError(f"{place:g} m is not on a pipeline of {pipeline.metres:g} m")
    samples = round(seconds * hz)
    line = Line(pipeline, pipeline.reaches(hz))
    holes = {line.node(burst.metres): burst for burst in bursts}
    rows = np.empty((samples, len(gauges)))
    heads, time = line.head_at(gauges), 0.0
    for sample in range(samples):
        while time < sample / hz:
            time += line.dt
            line.step(_outflows(line, holes, time), _valve(pipeline, closures, time))
            heads = line.head_at(gauges)
        rows[sample] = heads
    random = np.random.default_rng(seed)
    pressures: Floats = rows * MPA_PER_METRE + noise_mpa * random.normal(size=rows.shape)
    return pressures


class Line:
    """Heads and flows at the nodes, in steady state at first."""

    def __init__(self, pipeline: Pipeline, reaches: int) -> None:
        self._reach = pipeline.metres / reaches
        self.dt = self._reach / pipeline.wave_m_s
        diameter = pipeline.millimetres / 1000.0
        area = math.pi * diameter**2 / 4.0
        self._b = pipeline.wave_m_s / (_G * area)
        self._r = pipeline.friction * self._reach / (2.0 * _G * diameter * area**2)
        # What comes to a node and what goes on from it; they differ at a hole alone.
        self._coming = np.full(reaches + 1, pipeline.flow_m3_s)
        self._going = self._coming.copy()
        self.head = pipeline.head_metres - self._r * np.arange(reaches + 1) * pipeline.flow_m3_s**2
        self._upstream = pipeline.head_metres
        self._steady = self.head.copy()
        if self.head[-1] <= 0:
            raise ValueError("friction takes all of the head; give a wider pipe or less flow")

    @property
    def flow_in(self) -> float:
        """What comes from the reservoir now, in m3/s."""
        return float(self._going[0])

    def steady_head(self, node: int) -> float:
        """Return the head of a node before anything happened."""
        return float(self._steady[node])

    def node(self, metres: float) -> int:
        """Return the inner node nearest to a distance from the reservoir."""
        return min(len(self.head) - 2, max(1, round(metres / self._reach)))

    def head_at(self, places: tuple[float, ...]) -> Floats:
        """Return the heads in metres at distances from the reservoir."""
        along = np.arange(len(self.head)) * self._reach
        heads: Floats = np.interp(places, along, self.head)
        return heads

    def step(self, holes: dict[int, tuple[float, float]], valve: float) -> None:
        """Go on by one reach; `holes` gives node → (outflow at full head, that head), `valve` the outflow in m3/s."""
        head, b = self.head, self._b
        plus = head[:-1] + b * self._going[:-1] - self._r * self._going[:-1] * np.abs(self._going[:-1])
        minus = head[1:] - b * self._coming[1:] + self._r * self._coming[1:] * np.abs(self._coming[1:])
        heads = np.empty_like(head)
        flows = np.empty_like(head)
        heads[1:-1] = (plus[:-1] + minus[1:]) / 2.0
        flows[1:-1] = (plus[:-1] - minus[1:]) / (2.0 * b)
        heads[0] = self._upstream
        flows[0] = (self._upstream - minus[0]) / b
        flows[-1] = valve
        heads[-1] = plus[-1] - b * valve
        going = flows.copy()
        for node, (outflow, at_head) in holes.items():
            # C+ and C- meet at the hole: H + b/2 C sqrt(H) = their mean, a quadratic in sqrt(H).
            half = b / 4.0 * outflow / math.sqrt(at_head)
            mean = (plus[node - 1] + minus[node]) / 2.0
            root = math.sqrt(max(half**2 + mean, 0.0)) - half
            heads[node] = max(root, 0.0) ** 2
            flows[node] = (plus[node - 1] - heads[node]) / b
            going[node] = (heads[node] - minus[node]) / b
        self.head, self._coming, self._going = heads, flows, going


def _outflows(line: Line, holes: dict[int, Burst], time: float) -> dict[int, tuple[float, float]]:
    open_ = {}
    for node, burst in holes.items():
        share = min(1.0, max(0.0, (time - burst.seconds) / _OPENING_SECONDS))
        if share > 0:
            open_[node] = (burst.m3_s * share, line.steady_head(node))
    return open_


def _valve(pipeline: Pipeline, closures: tuple[Closure, ...], time: float) -> float:
    share = 1.0
    for closure in closures:
        share += closure.share * min(1.0, max(0.0, (time - closure.seconds) / closure.within_seconds))
    return pipeline.flow_m3_s * max(0.0, share)
