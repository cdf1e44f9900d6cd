"""Waterlogging: how high water will stand in half an hour, from its level, its rise and the rain.

The rise over the horizon is a linear function of what is known now, learned by recursive least squares with
exponential forgetting (Haykin, Adaptive Filter Theory, ch. 10), from its own past forecasts as they fall due:

    rise = bias + a * (slope * horizon) + b * level + c * rain 15 min + d * rain 60 min + e * rain 180 min + f * nowcast

It begins as plain extrapolation (a = 1, all else 0) and learns only while it is wet: dry weather knows no rain.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.contract import Floats, State
from gateway.hazards.contract import Judgement
from gateway.hazards.neighbours import channels_of, gauges
from gateway.inventory import Asset, Channel, Inventory
from gateway.model import SECOND

HORIZON_SECONDS = 1_800.0
_MEMORY_SECONDS = 7 * 86_400.0
"""Wet time after which what was learned has faded to a third."""
_SLOPE_SECONDS = 600.0
_RAIN_SECONDS = (900.0, 3_600.0, 10_800.0)
_WET_MM = 0.2
_WET_RISE_METRES = 0.05
"""Below this rise over the horizon, and without rain, a level is taken as it stands."""
_LEVELS = ("water_level", "ponding_depth")
RAIN = ("rain_rate", "rainfall")
_TERMS = ("bias", "level_trend", "level", "rain_15min", "rain_60min", "rain_180min", "rain_nowcast")
_DOUBT = (1.0, 1.0, 1.0, 0.04, 0.04, 0.04, 0.04)
"""Variances that the weights begin with: a millimetre lifts a level by centimetres, whatever the first drizzle says."""


class Waterlogging:
    """The level of one manhole, low point or underpass, half an hour ahead."""

    name = "waterlogging"
    version = 2
    plot_seconds = 6 * 3_600.0

    def __init__(self, asset: str, level: Channel, rain: Channel | None, nowcast: Channel | None) -> None:
        self.asset = asset
        members = [level, *(one for one in (rain, nowcast) if one)]
        self.channels: Sequence[str] = [one.id for one in members]
        self.slot_seconds = max(60.0, level.report_seconds)
        self.max_age_seconds = max(one.fresh_seconds for one in members)
        self._to_metres = 0.01 if level.quantity == "ponding_depth" else 1.0
        # Rain is worked with in mm a slot, whatever the gauge tells.
        self._rain_scale = 0.0
        if rain:
            self._rain_scale = self.slot_seconds / (3_600.0 if rain.quantity == "rain_rate" else rain.report_seconds)
        self._nowcast_at = len(members) - 1 if nowcast else 0
        self._slot_ns = round(self.slot_seconds * SECOND)
        self._slots = [max(1, round(seconds / self.slot_seconds)) for seconds in (*_RAIN_SECONDS, _SLOPE_SECONDS)]
        self._windows = np.array(self._slots[:3])[:, None]
        self._ahead = max(1, round(HORIZON_SECONDS / self.slot_seconds))
        self._kept = max(*self._slots, self._ahead) + 1
        self._forget = float(np.exp(-self.slot_seconds / _MEMORY_SECONDS))
        self._time_ns = np.full(self._kept, -1, np.int64)
        self._level = np.full(self._kept, np.nan)
        self._rain = np.zeros(self._kept)
        self._known = np.full((self._kept, len(_TERMS)), np.nan)
        self._weight = np.eye(len(_TERMS))[1]
        self._spread = np.diag(_DOUBT)

    def judge(self, start_ns: int, values: Floats) -> Judgement:
        """Learn from the forecast that falls due, and make the next one."""
        level = float(values[0]) * self._to_metres
        rain = float(values[1]) * self._rain_scale if self._rain_scale else 0.0
        place = start_ns // self._slot_ns % self._kept
        self._time_ns[place], self._level[place], self._rain[place] = start_ns, level, _or_none(rain)
        self._known[place] = np.nan
        time_ns = start_ns + self._slot_ns
        if np.isnan(level):
            return Judgement(time_ns, level)
        known = self._known[place] = self._look(start_ns, values)
        self._learn(start_ns, level)
        parts = self._weight * known if _is_wet(known) else np.zeros(len(known))
        rise = max(0.0, float(parts.sum()))
        terms = {"level_now": level, **dict(zip(_TERMS, parts.tolist(), strict=True))}
        course = ((0.0, level), (HORIZON_SECONDS / 60.0, level + rise))
        return Judgement(time_ns, level + rise, terms, minutes_at=course)

    def _look(self, start_ns: int, values: Floats) -> Floats:
        """Return what is known at a slot: one number a term."""
        age = (start_ns - self._time_ns) // self._slot_ns
        rain = (age < self._windows) @ self._rain
        recent = np.flatnonzero((age <= self._slots[3]) & ~np.isnan(self._level))
        slope = 0.0
        if recent.size > 1:
            back = age[recent] - age[recent].mean()
            slope = -float(back @ self._level[recent] / (back @ back))
        nowcast = _or_none(float(values[self._nowcast_at])) if self._nowcast_at else 0.0
        level = float(self._level[start_ns // self._slot_ns % self._kept])
        return np.array([1.0, slope * self._ahead, level, *rain, nowcast])

    def _learn(self, start_ns: int, level: float) -> None:
        due_ns = start_ns - self._ahead * self._slot_ns
        place = due_ns // self._slot_ns % self._kept
        known = self._known[place]
        if self._time_ns[place] != due_ns or np.isnan(known).any() or not _is_wet(known):
            return
        # Never wider than it began: what does not vary must not be forgotten into noise.
        forget = self._forget if np.trace(self._spread) < sum(_DOUBT) else 1.0
        spread = self._spread @ known
        gain = spread / (forget + known @ spread)
        self._weight = self._weight + gain * (level - self._level[place] - self._weight @ known)
        narrowed = self._spread - np.outer(gain, spread)
        self._spread = (narrowed + narrowed.T) / (2.0 * forget)

    def state(self) -> State:
        """Return the last hours, and what was learned."""
        names = ("time_ns", "level", "rain", "known", "weight", "spread")
        return {name: getattr(self, f"_{name}").copy() for name in names}

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name, array in state.items():
            setattr(self, f"_{name}", array.copy())


def waterlogging(inventory: Inventory, asset: Asset) -> Waterlogging | None:
    """Return the model of an asset with a level of its own; rain comes from the gauge it names, or the nearest one."""
    level = next(channels_of(inventory, asset.id, *_LEVELS), None)
    if level is None:
        return None
    rain, nowcast = gauges(inventory, asset, *RAIN), gauges(inventory, asset, "rain_nowcast")
    return Waterlogging(asset.id, level, next(iter(rain), None), next(iter(nowcast), None))


def _or_none(rain: float) -> float:
    """Return no rain where a gauge says nothing, or less."""
    # The order matters: no comparison with NaN is true, so 0 stays.
    return max(0.0, rain)


def _is_wet(known: Floats) -> bool:
    return bool(abs(known[1]) > _WET_RISE_METRES or known[5] > _WET_MM or known[6] > _WET_MM)
