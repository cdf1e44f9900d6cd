"""How strongly something shakes: RMS, peak and crest factor of windows of a waveform, each against its limit.

    rms = sqrt(mean (x - mean)^2)      peak = max |x - mean|      crest = peak / rms

Score = the largest of the three as a share of its limit: 1.0 = at the limit. RMS is how violent it is throughout (a
machine, traffic), peak the hardest blow (a strike), crest how much a blow stands out: 1.4 for a sine, 3 to 4 for noise,
more for knocks. ISO 13373-1:2002, Condition monitoring - Vibration condition monitoring, annex on broad-band measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.windows import Windows

_MOST_SCORE = 1e6


@dataclass(frozen=True, slots=True)
class Shaking:
    """The limits of one channel in its unit; None judges that measure not at all."""

    rate_hz: float
    window_seconds: float = 2.0
    """Longer: steadier RMS, later news; overlapping by half."""
    rms: float | None = None
    peak: float | None = None
    crest: float | None = None
    least_rms: float = 0.0
    """Below it a crest factor is the noise of the sensor, and is not judged."""

    def __post_init__(self) -> None:
        """Refuse windows of fewer than four samples."""
        if self.rate_hz <= 0 or self.length < 4:  # noqa: PLR2004 - said in the sentence
            raise ValueError(f"a window needs at least four samples, got {self}")

    @property
    def length(self) -> int:
        """Samples in a window."""
        return round(self.rate_hz * self.window_seconds)


class Waves:
    """Score each row's newest window (None: no opinion).

    >>> bridge = Waves([Shaking(100.0, 0.1, rms=1.0, crest=3.0)])  # m/s2 at 100 Hz
    >>> times = np.arange(20) * 10_000_000
    >>> shaking = np.tile([2.0, -2.0], 10)
    >>> bridge.update(np.zeros(20, np.intp), times, shaking)[[8, 9, 19]].round(2).tolist()
    [nan, 2.0, 2.0]
    """

    name = "waves"
    version = 1

    def __init__(self, limits: Sequence[Shaking | None]) -> None:
        self._limits = limits
        rate_hz = np.array([one.rate_hz if one else 1.0 for one in limits])
        self._windows = Windows([one.length if one else 0 for one in limits], rate_hz)

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank with short windows, as contract tests and benchmarks use it."""
        one = Shaking(1.0, 16.0, rms=10.0, peak=40.0, crest=6.0)
        return cls([None if row % 4 == 0 else one for row in range(rows)])

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample."""
        return self._windows.update(rows, time_ns, value, self._judge)

    def _judge(self, row: int, window: Floats) -> float:
        limits = self._limits[row]
        if limits is None:
            return float("nan")
        rms, peak, crest = measures(window)
        shares = [0.0]
        shares += [rms / limits.rms] if limits.rms else []
        shares += [peak / limits.peak] if limits.peak else []
        shares += [crest / limits.crest] if limits.crest and rms > limits.least_rms else []
        return min(max(shares), _MOST_SCORE)

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only samples shake
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return the windows."""
        return self._windows.state()

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._windows.restore(state, rows)


def measures(window: Floats) -> tuple[float, float, float]:
    """Return RMS, peak and crest factor of a window about its mean; the crest of a still window is 0.

    >>> [round(one, 2) for one in measures(np.sin(np.arange(628) / 10))]
    [0.71, 1.0, 1.41]
    """
    away = window - window.mean()
    rms = float(np.sqrt(np.mean(away * away)))
    peak = float(np.abs(away).max())
    return rms, peak, peak / rms if rms > 0.0 else 0.0
