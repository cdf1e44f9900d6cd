"""What a zone's nights are like: a baseline and a scatter of each series, weekday by weekday, one number a night.

Level and scatter are exponentially weighted with clipped steps (Huber's psi), so that one odd night teaches little
and a slow leak rises faster than the baseline follows it.
"""

from __future__ import annotations

import numpy as np

from detectors.contract import Floats, State

_WARM_UP_NIGHTS = 14
"""Every weekday twice before the first opinion."""
_OWN_GAIN, _COMMON_GAIN, _SCALE_GAIN = 0.1, 0.03, 0.03
"""A weekday follows its own nights over ten weeks, all of them the season over five: a slow leak is faster."""
_STEP = 1.5
"""Scatters that one night may teach."""
_TOO_LOW, _FALLEN_GAIN = 3.0, 0.5
"""A baseline that proves so many scatters too high comes down by halves: what leaked before has been repaired."""
_MEAN_SIZE = 1.35
"""Standard deviations to a mean size of 1, for a normal deviate clipped at 1.5 of them."""
_STATE = ("level", "scale", "nights")


class Nights:
    """The first series is the flow; `floor` is the least scatter of each, as a share of its level.

    >>> nights = Nights(np.array([0.01]))
    >>> for day in range(28):
    ...     _, scatters = nights.compare(day, np.array([50.0 + day % 3]))
    ...     nights.learn(day, np.array([50.0 + day % 3]), scatters)
    >>> expected, scatters = nights.compare(28, np.array([60.0]))
    >>> expected.round(1).tolist(), bool(scatters[0] > 5)
    ([50.8], True)
    """

    def __init__(self, floor: Floats) -> None:
        self._floor = floor
        self._level = np.full((len(floor), 7), np.nan)
        self._scale = np.zeros(len(floor))
        self._nights = np.zeros(len(floor))

    def compare(self, day: int, night: Floats) -> tuple[Floats, Floats]:
        """Return what was expected of this day's night, and how many scatters it is off; NaN before the warm-up."""
        expected = self._level[:, day % 7]
        scale = self._scale_now(day)
        is_warm = (self._nights >= _WARM_UP_NIGHTS) & (scale > 0)
        scatters = np.where(is_warm, (night - expected) / np.where(is_warm, scale, 1.0), np.nan)
        return expected.copy(), scatters

    def learn(self, day: int, night: Floats, scatters: Floats) -> None:
        """Move baselines and scatters by one night; an absent series learns nothing."""
        weekday, is_there = day % 7, ~np.isnan(night)
        is_new = np.isnan(self._level[:, weekday]) & is_there
        is_warm = self._nights >= _WARM_UP_NIGHTS
        scale = self._scale_now(day)
        reach = np.where(is_warm, _STEP * scale, np.inf)
        off = night - self._level[:, weekday]
        is_known = ~np.isnan(off)
        off = np.where(is_known, off, 0.0)
        step = np.clip(off, -reach, reach)
        self._level[:, weekday] += np.maximum(_OWN_GAIN, 1.0 / (1.0 + self._nights / 7.0)) * step
        is_low = is_warm & (scatters[0] < -_TOO_LOW) & (off < -_TOO_LOW * scale)
        self._level += np.where(is_low, _FALLEN_GAIN * off, _COMMON_GAIN * step)[:, None]
        gain = np.maximum(_SCALE_GAIN, 1.0 / np.maximum(1.0, self._nights - 6.0))
        self._scale += np.where(is_known, gain * (_MEAN_SIZE * np.abs(step) - self._scale), 0.0)
        self._level[is_new, weekday] = night[is_new]
        self._nights += is_there

    def _scale_now(self, day: int) -> Floats:
        least = np.nan_to_num(self._floor * np.abs(self._level[:, day % 7]))
        scale: Floats = np.maximum(self._scale, least)
        return scale

    def state(self) -> State:
        """Return baselines, scatters and nights seen."""
        return {name: getattr(self, f"_{name}").copy() for name in _STATE}

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name in _STATE:
            setattr(self, f"_{name}", state[name].copy())
