"""Which limit a channel passes so many times a month: the tail of its own peaks, fitted and read off.

Peaks over a threshold, one a cluster, follow a generalized Pareto law whatever the channel is (Pickands 1975; Coles, An
Introduction to Statistical Modeling of Extreme Values, 2001, chapter 4); its two parameters by probability-weighted
moments, which stand few peaks better than maximum likelihood does (Hosking & Wallis, Technometrics 29(3), 1987). Used
so for alarm limits by Siffer et al., Anomaly Detection in Streams with Extreme Value Theory, KDD 2017.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gateway.model import SECOND, Floats, Int64s

MONTH_SECONDS = 730.0 * 3_600.0
_THRESHOLDS = (0.999, 0.995, 0.98, 0.95, 0.9, 0.8, 0.65)
_FEW, _ENOUGH, _MORE = 8, 40, 1.5
_LEAST_SHAPE, _MOST_SHAPE = -1.0, 0.4
"""A daily course has a top that is never passed: shape -1. A week does not show a heavier tail than 0.4; without that
bound a limit could lie a hundred scales away."""


class Tail(NamedTuple):
    """The upper tail of one channel."""

    threshold: float
    scale: float
    shape: float
    peaks_a_month: float
    peaks: int
    most: float

    def limit(self, passed_a_month: float) -> float:
        """Return the limit that is passed so often, never one below the threshold."""
        ratio = self.peaks_a_month / passed_a_month
        if ratio <= 1.0:
            return self.threshold
        if abs(self.shape) < 1e-6:  # noqa: PLR2004 - the limit of the formula below
            return self.threshold + self.scale * math.log(ratio)
        return self.threshold + self.scale / self.shape * (math.pow(ratio, self.shape) - 1.0)


def fit_tail(time_ns: Int64s, value: Floats, apart_seconds: float) -> Tail | None:
    """Fit the upper tail of values in order of time; None when it has fewer than eight peaks `apart_seconds` apart.

    >>> rng = np.random.default_rng(5)
    >>> minutes = np.arange(30 * 1440) * 60 * SECOND
    >>> tail = fit_tail(minutes, rng.exponential(1.0, len(minutes)), 600.0)
    >>> round(tail.limit(1.0), 1), round(float(np.log(43800)), 1)  # a month has 43,800 minutes
    (10.3, 10.7)
    """
    seconds = float(time_ns[-1] - time_ns[0]) / SECOND if len(time_ns) else 0.0
    best: Tail | None = None
    for share in _THRESHOLDS:
        threshold = float(np.quantile(value, share)) if len(value) else 0.0
        peaks = cluster_peaks(time_ns, value, threshold, apart_seconds)
        excess = np.sort(peaks - threshold)
        if len(excess) < _FEW or excess[-1] <= 0.0:
            continue
        # A threshold further down that finds no more peaks says less of them: with one peak a day there never are more.
        if best is not None and len(excess) < _MORE * best.peaks:
            continue
        scale, shape = _moments(excess)
        a_month = len(excess) / seconds * MONTH_SECONDS
        best = Tail(threshold, scale, shape, a_month, len(excess), float(value.max()))
        if len(excess) >= _ENOUGH:
            break
    return best


def cluster_peaks(time_ns: Int64s, value: Floats, threshold: float, apart_seconds: float) -> Floats:
    """Return the highest value of each cluster above a threshold; clusters lie `apart_seconds` apart."""
    above = np.flatnonzero(value > threshold)
    if not above.size:
        return np.empty(0)
    starts = np.flatnonzero(np.diff(time_ns[above]) > apart_seconds * SECOND) + 1
    return np.maximum.reduceat(value[above], np.concatenate([[0], starts]))


def _moments(excess: Floats) -> tuple[float, float]:
    """Return scale and shape of sorted excesses by probability-weighted moments."""
    count = len(excess)
    place = (np.arange(1, count + 1) - 0.35) / count
    first, second = float(excess.mean()), float((excess * (1.0 - place)).mean())
    room = first - 2.0 * second
    if room <= 0.0:
        return first, 0.0
    shape = 2.0 - first / room
    bounded = float(np.clip(shape, _LEAST_SHAPE, _MOST_SHAPE))
    # With the shape bounded, the scale keeps the mean excess right: mean = scale / (1 - shape).
    return (2.0 * first * second / room if bounded == shape else first * (1.0 - bounded)), bounded
