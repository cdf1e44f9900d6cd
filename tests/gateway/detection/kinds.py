"""One story for each kind of ladder: calm, then something that it must find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gateway.inventory import Channel, Course, Ladder
from gateway.journal import Entry
from tests.gateway.detection.scene import Row, Watch, channel

NAME = "B-1.node.value"
_DAY = 86_400.0
_LADDER = Ladder(NAME, "structural_change", "above", {"blue": 1.0}, 0.0, 0.0, 0.0, "made up", channel=NAME)


def noise(size: int, scale: float = 1.0, seed: int = 7) -> NDArray[np.float64]:
    """Return the same noise each time."""
    return np.random.default_rng(seed).normal(0.0, scale, size)


@dataclass(frozen=True)
class Story:
    """What a channel says, a value each period."""

    ladder: Ladder
    period: float
    calm: NDArray[np.float64]
    fault: NDArray[np.float64]
    """Added to the calm, or what takes its place where the two differ in kind."""
    begins: int
    """The first sample of the fault."""
    levels: tuple[str, ...]
    """Those it climbs to, in order."""

    @property
    def channel(self) -> Channel:
        own = channel(NAME, self.ladder, report_seconds=self.period)
        # Batches of the stories are hours long, and what they tell is not late.
        return replace(own, quantity="acceleration", unit="m/s2", fresh_seconds=10 * _DAY)

    @property
    def told(self) -> NDArray[np.float64]:
        return self.calm + self.fault


def _from(size: int, begins: int, values: NDArray[np.float64] | float) -> NDArray[np.float64]:
    fault = np.zeros(size)
    fault[begins:] = values
    return fault


def _course(size: int, period: float, height: float = 20.0) -> NDArray[np.float64]:
    seconds = np.arange(size) * period
    return np.asarray(50.0 + height * np.sin(2 * np.pi * seconds / _DAY))


def _line(hz: float, seconds: float, rate: float) -> NDArray[np.float64]:
    # Traffic excites the deck without pause; the deck answers with its own frequency.
    return np.asarray(np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate))


def _ladder(of: str, rungs: Mapping[str, float], **more: object) -> Ladder:
    return replace(_LADDER, name=f"own_{of}", of=of, rungs=dict(rungs), **more)  # type: ignore[arg-type] # by name


def _stories() -> Mapping[str, Story]:
    hour, minute = 3_600.0, 60.0
    ramp: NDArray[np.float64] = np.arange(200, dtype=np.float64) * 0.5
    drift: NDArray[np.float64] = np.arange(24 * 14, dtype=np.float64) / 24.0
    hours = 24 * 20
    shaken = 0.01 * noise(1_200)
    still = 0.02 * noise(20_000) + _line(2.0, 1_000, 20.0)
    moved = _line(1.94, 1_000, 20.0) - _line(2.0, 1_000, 20.0)
    park = np.zeros(900)
    park[400:460], park[600:] = 9.0, 12.0
    daily = _course(hours, hour) + noise(hours)
    blow = np.zeros(1_200)
    blow[800] = 3.0
    slots = 3 * 288
    lonely = np.zeros(slots)
    lonely[800:803] = 30.0
    return {
        "rate": Story(
            _ladder("rate", {"blue": -10, "yellow": -20}, direction="below", deadband=2.0),
            1.0, 300.0 + 0.2 * noise(600), -_from(600, 400, ramp), 400, ("BLUE", "YELLOW"),
        ),
        "trend": Story(
            _ladder("trend", {"blue": 0.5}), hour, _course(24 * 28, hour, 1.0) + 0.1 * noise(24 * 28),
            _from(24 * 28, 24 * 14, drift), 24 * 14, ("BLUE",),
        ),
        "step": Story(
            _ladder("step", {"blue": 5, "yellow": 10}, latch_seconds=100.0),
            1.0, 3.0 + 0.1 * noise(900), park, 400, ("BLUE", "NONE", "BLUE", "YELLOW"),
        ),
        "shift": Story(_ladder("shift", {"blue": 2.0}), hour, daily, _from(hours, 400, -8.0), 400, ("BLUE",)),
        "cusum": Story(_ladder("cusum", {"blue": 10}), hour, daily, _from(hours, 400, 4.0), 400, ("BLUE",)),
        "outlier": Story(
            _ladder("outlier", {"blue": 8}), 5 * minute, 50.0 + noise(slots), lonely, 800, ("BLUE", "NONE")
        ),
        "band": Story(
            _ladder("band", {"blue": 4}), 5 * minute, 50.0 + noise(slots), lonely, 800, ("BLUE", "NONE")
        ),
        "departure": Story(
            _ladder("departure", {"blue": 8}), 1.0, 32.0 + 0.1 * noise(1_500), _from(1_500, 1_200, -2.0),
            1_200, ("BLUE",),
        ),
        "novelty": Story(
            _ladder("novelty", {"blue": 20}), hour, daily, _from(hours, 400, 25.0), 400, ("BLUE", "NONE")
        ),
        "line": Story(
            _ladder("line", {"blue": 2.0}, band_hz=(1.8, 2.2)), 0.05, still, _from(20_000, 14_000, moved[14_000:]),
            14_000, ("BLUE",),
        ),
        "rms": Story(_ladder("rms", {"blue": 0.5}), 0.05, shaken, _from(1_200, 800, noise(400)), 800, ("BLUE",)),
        "peak": Story(_ladder("peak", {"blue": 1.0}), 0.05, shaken, blow, 800, ("BLUE", "NONE")),
        "crest": Story(_ladder("crest", {"blue": 5.0}), 0.05, shaken, blow, 800, ("BLUE", "NONE")),
    }  # fmt: skip


STORIES = _stories()
WEEKS = replace(STORIES["shift"].ladder, course=Course("week", 8 * 3_600))


def journaled(
    watch: Watch, period: float, values: Sequence[float] | NDArray[np.float64], *, batches: int = 40, since: float = 0.0
) -> list[Entry]:
    """Write values to a journal, in so many batches."""
    entries = []
    places = np.array_split(np.arange(len(values)), batches)
    for position, part in enumerate((one for one in places if len(one)), 1):
        rows = [Row(since + number * period, NAME, float(values[number])) for number in part.tolist()]
        received_ns, batch = watch.batch(since + int(part[-1]) * period, *rows)
        entries.append(Entry(position, batch, received_ns))
    return entries
