"""What a district is expected to take in an hour, judged from what it took until a day ago. Knows no leak.

The expectation of a value is its place in a table of the week, plus a regression on how yesterday was off it:

    x = [1, off 24 h ago, mean off 24..47 h ago, (day table - week table), cos, sin of the hour, and these by yesterday]

Nothing younger than 24 h enters it, so that whatever begins stays whole in the residual for its first day. The
regression is least squares with forgetting, Huber weights and a ridge, solved once a day. Tables forget by a share
each visit: exponential smoothing by season as in Winters, Management Science 6, 1960. Tables are float32: a kilobyte
a member. Rows are members, side by side and independent; one call is one hour.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Floats, State

HOURS = 24
_WEEK = 168
_RING = 48
_FEATURES = 8
_LEAST_HOURS = 6
_WEEK_SHARE, _DAY_SHARE = 0.3, 0.3
_MEMORY_HOURS = 60 * HOURS
_REGRESSION_HOURS = 25 * HOURS
_LEARN_FROM, _SOLVE_FROM = 8 * HOURS, 14 * HOURS
_RIDGE, _HUBER, _MOST_FEATURE = 20.0, 2.0, 4.0
_THURSDAY = 72
_LEAST_SCALE = 1e-6

Bools = NDArray[np.bool_]


class DayAhead:
    """Expect each member's value of an hour; `learn` takes the value, for the members that may learn from it.

    >>> model = DayAhead(1)
    >>> for hour in range(24 * 28):
    ...     value = np.array([20.0 + 5.0 * (hour % 24 in (7, 19)) + hour // 168 * 0.01])
    ...     expected = model.expect(hour)
    ...     model.learn(hour, value, np.array([True]), np.array([True]))
    >>> expected.round(1).tolist(), model.expect(24 * 28 + 7).round(1).tolist()
    ([20.0], [25.0])
    """

    def __init__(self, members: int) -> None:
        self._week = np.full((_WEEK, members), np.nan, np.float32)
        self._day = np.full((HOURS, members), np.nan, np.float32)
        self._off = np.full((_RING, members), np.nan, np.float32)
        self._gram = np.tile(_RIDGE * np.eye(_FEATURES), (members, 1, 1))
        self._moment = np.zeros((members, _FEATURES))
        self._weights = np.zeros((members, _FEATURES))
        self._scale = np.full(members, np.nan)
        self.seen = np.zeros(members)
        self._hour = np.full(1, -(1 << 40), np.int64)
        self._features = np.zeros((members, _FEATURES))
        self._base = np.full(members, np.nan)

    def expect(self, hour: int) -> Floats:
        """Return the expected values of an hour, counted since 1970; NaN where the week has no such hour yet."""
        self._forget_gap(hour)
        week, day = self._week[_place(hour)].astype(np.float64), self._day[hour % HOURS].astype(np.float64)
        base = np.where(np.isnan(week), day, week)
        yesterday = self._off[(hour - HOURS) % _RING].astype(np.float64)
        before = self._off[np.arange(hour - _RING + 1, hour - HOURS + 1) % _RING].astype(np.float64)
        count = np.isfinite(before).sum(axis=0)
        mean = np.where(count >= _LEAST_HOURS, np.nan_to_num(before).sum(axis=0) / np.maximum(count, 1), 0.0)
        scale = self.scale()
        daily, weekly, faster = (
            np.clip(np.nan_to_num(each / scale), -_MOST_FEATURE, _MOST_FEATURE)
            for each in (yesterday, mean, day - base)
        )
        angle = 2.0 * np.pi * (hour % HOURS) / HOURS
        one, cosine, sine = np.ones_like(daily), np.cos(angle), np.sin(angle)
        parts = (one, daily, weekly, faster, one * cosine, one * sine, weekly * cosine, weekly * sine)
        self._features = np.stack(parts, axis=1)
        if hour % HOURS == 0:
            ready = self.seen > _SOLVE_FROM
            solved = np.linalg.solve(self._gram, self._moment[:, :, None])[:, :, 0]
            self._weights = np.where(ready[:, None], solved, self._weights)
        self._base = base
        expected: Floats = base + (self._features * self._weights).sum(axis=1) * scale
        return expected

    def scale(self) -> Floats:
        """Return how far values ordinarily are off the table of the week, in their unit."""
        return np.where(np.isnan(self._scale), 1.0, self._scale)

    def learn(self, hour: int, value: Floats, there: Bools, learns: Bools) -> None:
        """Take the values of the hour that was expected last; those that do not learn only become yesterday."""
        off = value - self._base
        known = there & np.isfinite(off)
        self._off[hour % _RING] = np.where(known, off, np.nan)
        scale = self.scale()
        residual = off / scale - (self._features * self._weights).sum(axis=1)
        taught = learns & known & (self.seen > _LEARN_FROM)
        with np.errstate(invalid="ignore"):
            weight = np.where(taught, np.minimum(1.0, _HUBER / np.maximum(np.abs(residual), 1e-9)), 0.0)
        keep = np.where(taught, np.exp(-1.0 / _REGRESSION_HOURS), 1.0)
        lever = weight[:, None] * self._features
        self._gram = keep[:, None, None] * self._gram + lever[:, :, None] * self._features[:, None, :]
        self._moment = keep[:, None] * self._moment + lever * np.where(known, off / scale, 0.0)[:, None]
        rate = learning_rate(self.seen)
        far = 1.25 * np.abs(np.where(known, off, 0.0))
        moved = np.where(np.isnan(self._scale), far, self._scale + rate * (far - self._scale))
        scaled = learns & known & (self.seen > _WEEK)
        self._scale = np.where(scaled, np.maximum(moved, _LEAST_SCALE), self._scale)
        place = _place(hour)
        self._week[place] = _moved(self._week[place], value, there, learns, _WEEK_SHARE)
        self._day[hour % HOURS] = _moved(self._day[hour % HOURS], value, there, learns, _DAY_SHARE)
        self.seen = self.seen + there

    def _forget_gap(self, hour: int) -> None:
        last = int(self._hour[0])
        passed = range(max(last + 1, hour - _RING + 1), hour + 1)
        if passed:
            self._off[[each % _RING for each in passed]] = np.nan
        self._hour[0] = hour

    def state(self) -> State:
        """Return tables, regression and the last two days."""
        names = ("week", "day", "off", "gram", "moment", "weights", "scale", "hour")
        return {name: getattr(self, f"_{name}").copy() for name in names} | {"seen": self.seen.copy()}

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name in ("week", "day", "off", "gram", "moment", "weights", "scale", "hour"):
            setattr(self, f"_{name}", state[name].copy())
        self.seen = state["seen"].copy()


def learning_rate(seen: Floats) -> Floats:
    """Return the share by which scales move an hour: fast in the first month, then with a memory of 60 days."""
    early = 1.0 / np.clip(seen - _WEEK, 48.0, _MEMORY_HOURS)
    return np.where(seen < 30 * HOURS, early, 1.0 / _MEMORY_HOURS)


def _place(hour: int) -> int:
    return (hour + _THURSDAY) % _WEEK


def _moved(cell: NDArray[np.float32], value: Floats, there: Bools, learns: Bools, share: float) -> Floats:
    is_new = np.isnan(cell)
    moved = cell + share * (value - cell)
    return np.where(there & is_new, value, np.where(there & learns, moved, cell))
