"""Pump failure: a sump stands higher than its pump ever lets it, and the pump does not run.

The mark at which a pump starts is learned from its last starts, so that nobody has to write it down, and one that is
set anew is learned anew. A storm that a running pump loses against is waterlogging, no failure. A pump that fills a
tank is judged the other way round: the tank is lower than it is ever let.

    last starts   0.90 0.91 0.90 4.00 0.92 ...      mark = the second highest: the start after a failure is none
    level past the mark by more than a margin, pump off, for some minutes -> failed

Rules of actuators, as in Giacomoni et al., World Environmental and Water Resources Congress 2017.

Rule 1: three starts come before the first opinion.
Rule 2: a pump whose state is unknown has not failed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from detectors.contract import Floats, State
from gateway.hazards.contract import Judgement
from gateway.hazards.neighbours import channels_of
from gateway.inventory import Asset, Channel, Inventory
from gateway.model import SECOND

_MARGIN_METRES = 0.05
"""Waves, and what rises between two readings."""
_HOLD_SECONDS = 300.0
_STARTS, _LEAST_STARTS = 8, 3
_RUNNING = ("pump_running", "motor_current", "electric_power", "sewage_flow", "water_flow")
"""What tells that a pump runs, the surest first."""
_LEVELS = ("water_level", "ponding_depth")
_SHARE = 0.1
"""Of the most that it draws or moves: above it, it runs."""
_FORGET_SECONDS = 30 * 86_400.0
_STATE = ("starts", "before", "held", "most")


class PumpFailure:
    """One pump and the level that it follows; it says by how many metres the level is past the pump's mark."""

    name = "pump_failure"
    version = 1
    plot_seconds = 24 * 3_600.0

    def __init__(self, asset: str, level: Channel, running: Channel, *, fills: bool) -> None:
        self.asset = asset
        self.channels: Sequence[str] = [level.id, running.id]
        self.slot_seconds = max(60.0, level.report_seconds, running.report_seconds)
        self.max_age_seconds = max(level.fresh_seconds, running.fresh_seconds)
        self._slot_ns = round(self.slot_seconds * SECOND)
        # Turned so that up is always the way in which a level leaves its pump behind.
        self._metres = (0.01 if level.quantity == "ponding_depth" else 1.0) * (-1.0 if fills else 1.0)
        self._is_state = running.quantity == "pump_running"
        self._starts = np.full(_STARTS, np.nan)
        self._before = np.full(2, np.nan)
        self._held, self._most = np.zeros(1), np.zeros(1)

    def judge(self, start_ns: int, values: Floats) -> Judgement:
        """Compare the level with the mark while the pump stands."""
        time_ns = start_ns + self._slot_ns
        level, running = float(values[0]) * self._metres, self._runs(float(values[1]))
        if math.isnan(level) or math.isnan(running):
            return Judgement(time_ns, math.nan)
        was_level, was_running = self._before.tolist()
        if running and was_running == 0.0:
            self._starts = np.append(self._starts[1:], max(level, was_level))
        self._before[:] = level, running
        known = np.sort(self._starts[np.isfinite(self._starts)])
        if known.size < _LEAST_STARTS:
            return Judgement(time_ns, math.nan)
        past = level - float(known[-2])
        is_past = not running and past > _MARGIN_METRES
        self._held[0] = self._held[0] + self.slot_seconds if is_past else 0.0
        has_failed = bool(self._held[0] > max(_HOLD_SECONDS, self.slot_seconds))
        sign = math.copysign(1.0, self._metres)
        terms = {"level": sign * level, "starts_at": sign * float(known[-2]), "is_running": running, "past_mark": past}
        said = {name: round(value, 3) for name, value in terms.items()}
        agreeing = (self.channels[1],) if has_failed else ()
        return Judgement(time_ns, past if has_failed else 0.0, said, agreeing)

    def _runs(self, value: float) -> float:
        """Return 1 when it ran in this slot, 0 when it stood, NaN when nobody knows."""
        if math.isnan(value):
            return value
        if self._is_state:
            return float(value > 0)
        forgot = math.exp(-self.slot_seconds / _FORGET_SECONDS)
        self._most[0] = max(float(self._most[0]) * forgot, abs(value))
        return float(abs(value) > _SHARE * self._most[0])

    def state(self) -> State:
        """Return the last starts, the slot before, for how long the level has been past, and the most it drew."""
        return {name: getattr(self, f"_{name}").copy() for name in _STATE}

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name in _STATE:
            setattr(self, f"_{name}", state[name].copy())


def pump_failure(inventory: Inventory, asset: Asset) -> PumpFailure | None:
    """Return the model of a pump: its level is that of what it `drains` or `fills`, else of its own asset."""
    running = next((one for kind in _RUNNING for one in channels_of(inventory, asset.id, kind)), None)
    filled = asset.relations.get("fills", ())
    places = [*asset.relations.get("drains", ()), *filled, asset.id]
    level = next((one for place in places for one in channels_of(inventory, place, *_LEVELS)), None)
    if running is None or level is None:
        return None
    # A flow beside a level is a gauging station, unless somebody says that there is a pump.
    is_pump = asset.kind in {"pump", "lift_station"} or len(places) > 1 or running.quantity == "pump_running"
    return PumpFailure(asset.id, level, running, fills=level.asset in filled) if is_pump else None
