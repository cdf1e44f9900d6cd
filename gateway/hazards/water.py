"""Pipe leak: the night flow of a zone rises over its own baseline, and its pressures fall with it.

Between 02:00 and 04:00 local time people draw the least, so that what still flows is mostly leakage (minimum night
flow: Farley and Trow, Losses in Water Distribution Networks, 2003). Each night gives one number: the lowest half hour
of the zone's net inflow. It is held against what that weekday's night was before, because weekends drink otherwise.

Rule 1: two nights running must agree; a hydrant flush fills one.
Rule 2: where the zone has pressures, at least one must have fallen too; a flow meter alone is no leak.
Rule 3: nothing is learned in a night that looks like a leak, so that a leak does not become the baseline.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from detectors.contract import Floats, State
from gateway.hazards.contract import Judgement
from gateway.hazards.neighbours import channels_of, related
from gateway.hazards.nights import Nights
from gateway.inventory import Asset, Channel, Inventory
from gateway.model import SECOND

_NIGHT_HOURS = range(2, 4)
_LOWEST_SECONDS = 1_800.0
_FLOW_FLOOR, _PRESSURE_FLOOR = 0.01, 0.0005
"""Least scatter of a night, as a share of its level: what meters repeat to."""
_CLEAR, _DOUBTFUL = 3.0, 2.0
"""Scatters above the baseline from which a rise is clear, and down to which it stands and teaches nothing."""
_FALLEN = -2.0
"""Scatters below its baseline at which a pressure has fallen."""
_Channels: TypeAlias = Sequence[Channel]
_STATE = ("day", "recent", "lowest", "sum", "count", "said", "scatters", "is_leak")


class PipeLeak:
    """One zone: a district metered area, or a run of pipe with meters on what flows in and out."""

    name = "pipe_leak"
    version = 1
    plot_seconds = 14 * 86_400.0

    def __init__(
        self, zone: str, timezone: str, inflows: _Channels, outflows: _Channels = (), pressures: _Channels = ()
    ) -> None:
        self.asset = zone
        members = [*inflows, *outflows, *pressures]
        self.channels: Sequence[str] = [one.id for one in members]
        self.slot_seconds = max(60.0, *(one.report_seconds for one in members))
        self.max_age_seconds = max(one.fresh_seconds for one in members)
        self._slot_ns = round(self.slot_seconds * SECOND)
        self._zone = ZoneInfo(timezone)
        self._sign = np.array([1.0] * len(inflows) + [-1.0] * len(outflows))
        self._nights = Nights(np.array([_FLOW_FLOOR, *[_PRESSURE_FLOOR] * len(pressures)]))
        # The night under way: its day, the lowest half hour so far, the last one, and the pressures' sums.
        self._day, self._lowest = np.zeros(1, np.int64), np.full(1, np.inf)
        self._recent = np.full(max(1, round(_LOWEST_SECONDS / self.slot_seconds)), np.nan)
        self._sum, self._count = np.zeros(len(pressures)), np.zeros(len(pressures))
        # What the last two nights said: day, expected flow, excess; and the newest one's scatters.
        self._said = np.full((2, 3), np.nan)
        self._scatters = np.full(1 + len(pressures), np.nan)
        self._is_leak = np.zeros(1, np.bool_)

    def judge(self, start_ns: int, values: Floats) -> Judgement:
        """Take a slot into the night, or close the night that is over."""
        local = datetime.fromtimestamp(start_ns / SECOND, self._zone)
        day, is_night = local.toordinal(), local.hour in _NIGHT_HOURS
        if self._day[0] and not (is_night and day == self._day[0]):
            self._close_night()
        if is_night:
            self._take(day, values)
        return self._say(start_ns + self._slot_ns)

    def _take(self, day: int, values: Floats) -> None:
        self._day[0], flows = day, len(self._sign)
        self._recent = np.append(self._recent[1:], values[:flows] @ self._sign)
        if not np.isnan(self._recent).any():
            self._lowest[0] = min(self._lowest[0], self._recent.mean())
        self._sum += np.nan_to_num(values[flows:])
        self._count += ~np.isnan(values[flows:])

    def _close_night(self) -> None:
        day = int(self._day[0])
        pressures = self._sum / np.where(self._count > 0, self._count, np.nan)
        night = np.append(np.where(np.isfinite(self._lowest), self._lowest, np.nan), pressures)
        self._day[0], self._lowest[0], self._recent[:] = 0, np.inf, np.nan
        self._sum[:], self._count[:] = 0.0, 0.0
        expected, self._scatters = self._nights.compare(day, night)
        if not np.isnan(night[0]):
            excess = np.nan if np.isnan(self._scatters[0]) else night[0] - expected[0]
            self._said = np.vstack((self._said[1:], (day, expected[0], excess)))
            self._decide()
        if not self._scatters[0] > _DOUBTFUL:
            self._nights.learn(day, night, self._scatters)

    def _decide(self) -> None:
        (before, _, excess_before), (day, _, excess) = self._said
        agree = day - before == 1 and min(excess, excess_before) > 0
        has_fallen = len(self._scatters) == 1 or bool((self._scatters[1:] < _FALLEN).any())
        limit = _DOUBTFUL if self._is_leak[0] else _CLEAR
        self._is_leak[0] = agree and has_fallen and self._scatters[0] > limit

    def _say(self, time_ns: int) -> Judgement:
        (_, _, excess_before), (_, expected, excess) = self._said
        if np.isnan(excess):
            return Judgement(time_ns, np.nan)
        pressures = list(zip(self.channels[len(self._sign) :], self._scatters[1:].tolist(), strict=True))
        terms = {
            "night_flow": expected + excess,
            "night_flow_expected": expected,
            "excess_flow": excess,
            "excess_flow_night_before": excess_before,
            "flow_scatters": float(self._scatters[0]),
            "pressures_fallen": float(sum(off < _FALLEN for _, off in pressures)),
        }
        known = {name: round(float(value), 3) for name, value in terms.items() if np.isfinite(value)}
        # A plain number: the ledger writes no other.
        rise = float(100.0 * min(excess, excess_before) / max(expected, 1e-9)) if self._is_leak[0] else 0.0
        fallen = tuple(name for name, off in pressures if off < _FALLEN)
        return Judgement(time_ns, rise, known, fallen, tuple(name for name, off in pressures if off > -_FALLEN))

    def state(self) -> State:
        """Return the night under way, what the last ones said, and what nights are like."""
        nights = {f"nights_{name}": array for name, array in self._nights.state().items()}
        return {**nights, **{name: getattr(self, f"_{name}").copy() for name in _STATE}}

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name in _STATE:
            setattr(self, f"_{name}", state[name].copy())
        self._nights.restore({name.removeprefix("nights_"): array for name, array in state.items()})


def pipe_leak(inventory: Inventory, asset: Asset) -> PipeLeak | None:
    """Return the model of a zone: its inlets have the relation inlet_of it, else all its flow meters count."""
    inlets, outlets = (related(inventory, asset.id, word) for word in ("inlet_of", "outlet_of"))
    inner = [asset.id, *related(inventory, asset.id, "part_of")]
    if asset.lifeline != "water" or not (asset.kind == "dma" or inlets or len(inner) > 1):
        return None

    def channels(quantity: str, *places: str) -> list[Channel]:
        return [one for place in dict.fromkeys(places) for one in channels_of(inventory, place, quantity)]

    inflows = channels("water_flow", *(inlets or [place for place in inner if place not in outlets]))
    outflows = channels("water_flow", *outlets)
    pressures = channels("water_pressure", *inner, *inlets, *outlets)
    return PipeLeak(asset.id, inventory.timezone, inflows, outflows, pressures) if inflows else None
