"""The weather of a simulated city: rain, air temperature and wind as functions of time and seed; it keeps no state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gateway.model import SECOND
from simulators.noise import seed_of, wander

_HOUR_NS = 3600 * SECOND
_DAY_NS = 24 * _HOUR_NS
_STORM_B_MINUTES = 8.0
_STORM_N = 0.711
"""Shape of the intensity formula i ~ 1/(t + b)^n (GB 50014 form; Beijing zone II, from memory)."""


class Weather(NamedTuple):
    """The weather at one moment."""

    rain_mm_h: float
    air_celsius: float
    wind_m_s: float
    local_hour: float
    """Hour of the local day, 0 up to 24."""
    local_day: int
    """Days of local time since 1970; day 4 was a Monday."""

    @property
    def is_workday(self) -> bool:
        """Whether it is Monday to Friday."""
        return (self.local_day - 4) % 7 < 5  # noqa: PLR2004 - Saturday and Sunday are the sixth and seventh


@dataclass(frozen=True, slots=True)
class Storm:
    """A design storm of the Chicago kind: the peak at a share of its length (Keifer and Chu 1957)."""

    start_ns: int
    minutes: float
    total_mm: float
    peak_share: float = 0.4

    def __post_init__(self) -> None:
        if not (self.minutes > 0 and self.total_mm > 0 and 0 < self.peak_share < 1):
            raise ValueError(
                f"a storm has minutes and total_mm above 0 and a peak_share between 0 and 1, got "
                f"{self.minutes:g}, {self.total_mm:g} and {self.peak_share:g}"
            )

    def fallen(self, time_ns: int) -> float:
        """Return the millimetres that have fallen until a moment.

        >>> round(Storm(0, 60, 40.0).fallen(3600 * 10**9), 6)
        40.0
        """
        minutes = (time_ns - self.start_ns) / (60 * SECOND)
        peak = self.minutes * self.peak_share
        before, after = peak, self.minutes - peak
        total = _depth(before, self.peak_share) + _depth(after, 1.0 - self.peak_share)
        if minutes <= 0:
            return 0.0
        if minutes <= peak:
            share = _depth(before, self.peak_share) - _depth(peak - minutes, self.peak_share)
        else:
            share = _depth(before, self.peak_share) + _depth(min(minutes, self.minutes) - peak, 1.0 - self.peak_share)
        return self.total_mm * share / total


def _depth(minutes: float, share: float) -> float:
    """Return the depth between the peak and so many minutes from it: the mean intensity of a span of t/share."""
    span = minutes / share
    return float(share * span / (span + _STORM_B_MINUTES) ** _STORM_N)


@dataclass(frozen=True, slots=True)
class Climate:
    """What weather a scenario has; `at` tells any moment of it."""

    seed: int
    utc_offset_seconds: float = 8 * 3600.0
    storms: Sequence[Storm] = ()
    mean_celsius: float = 18.0
    daily_swing_celsius: float = 5.0
    wind_m_s: float = 3.0

    def at(self, time_ns: int, over_seconds: float = 60.0) -> Weather:
        """Return the weather at a moment; rain is the mean of the time `over_seconds` before it."""
        local_ns = time_ns + round(self.utc_offset_seconds * SECOND)
        hour = local_ns % _DAY_NS / _HOUR_NS
        before = time_ns - round(over_seconds * SECOND)
        fell = sum(storm.fallen(time_ns) - storm.fallen(before) for storm in self.storms)
        moment = np.array([time_ns], np.int64)
        front = float(wander(seed_of(str(self.seed), "front"), moment, 3 * 86_400.0)[0])
        gust = float(wander(seed_of(str(self.seed), "gust"), moment, 600.0)[0])
        # Coldest at 5 and warmest at 15 local time, as on land.
        warmth = np.sin(2.0 * np.pi * (hour - 10.0) / 24.0)
        return Weather(
            rain_mm_h=fell * 3600.0 / over_seconds,
            air_celsius=self.mean_celsius + self.daily_swing_celsius * (float(warmth) + 0.6 * front),
            wind_m_s=self.wind_m_s * (1.0 + 0.7 * gust),
            local_hour=hour,
            local_day=local_ns // _DAY_NS,
        )
