"""Pipe leak by pressures: a zone's gauges stand lower than its inflows and the hour say, and it is not one gauge alone.

The statistics are those of `detectors.leave_out`: learned once, from a fortnight or a day a gauge, whichever is longer;
a departure must last five and a half hours, for hydrants are closed by then. It says by how much the most fallen gauge
is below what is expected, from when the leak is told until the zone has been sound for twelve hours; the gauges that
fell most stand first among those that agree: the leak is near them.

Rule 1: a gauge that tells of itself alone is left out; what it says is no leak.
Rule 2: without all inflows there is no opinion; a gauge that is absent leaves the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from detectors.contract import Floats, State
from detectors.leave_out import Departing, LeavingOut
from detectors.leave_out_teaching import Teaching
from gateway.hazards.contract import Judgement
from gateway.hazards.neighbours import channels_of, related
from gateway.inventory import Asset, Channel, Inventory
from gateway.model import SECOND

_DAY = 86_400.0
_LEARN_DAYS = 14
_LEAST_GAUGES = 3
_MPA_PER_METRE = 0.00980665
_FLOW_UNIT = 100.0
_FALLEN = -3.0
"""Sigmas of its own hours below which a gauge has fallen."""
_NAMED = 3
_Channels: TypeAlias = Sequence[Channel]


class ZonePressures:
    """One zone: its inflows and at least three gauges."""

    name = "zone_pressures"
    version = 1
    plot_seconds = 3 * _DAY

    def __init__(self, zone: str, flows: _Channels, gauges: _Channels) -> None:
        self.asset = zone
        self.channels: Sequence[str] = [one.id for one in (*gauges, *flows)]
        self._places = [one.asset for one in gauges]
        self.slot_seconds = max(300.0, *(one.report_seconds for one in (*flows, *gauges)))
        self.max_age_seconds = max(one.fresh_seconds for one in (*flows, *gauges))
        self._slot_ns = round(self.slot_seconds * SECOND)
        how = LeavingOut.of(len(gauges), self.slot_seconds)
        slots = round(max(_LEARN_DAYS, len(gauges)) * _DAY / self.slot_seconds)
        self._teaching = Teaching(5 + 3 * len(flows), len(gauges), slots, how)
        self._departing: Departing = self._teaching.learned()
        self._is_taught = np.zeros(1, np.bool_)

    def judge(self, start_ns: int, values: Floats) -> Judgement:
        """Learn, or compare the gauges with what the inflows say."""
        time_ns, gauges = start_ns + self._slot_ns, len(self._places)
        metres, terms = values[:gauges] / _MPA_PER_METRE, _terms(start_ns, values[gauges:])
        if not self._is_taught[0]:
            self._teaching.take(terms, metres)
            if self._teaching.is_done():
                self._departing = self._teaching.learned()
                self._is_taught[0] = True
            return Judgement(time_ns, np.nan)
        told = self._departing.take(terms, metres)
        if told.departure is None or not np.isfinite(told.departure).any():
            return Judgement(time_ns, np.nan)
        return self._say(time_ns, told.departure, told.statistic)

    def _say(self, time_ns: int, departure: Floats, statistic: float) -> Judgement:
        sigmas = np.nan_to_num(departure / self._departing.scatter())
        order = np.argsort(np.nan_to_num(departure), kind="stable").tolist()
        fallen = [place for place in order if sigmas[place] < _FALLEN]
        terms = {"statistic": statistic, "held": self._departing.holds(), "gauges_left_out": 0.0}
        terms["gauges_left_out"] = float(self._departing.faulty().sum())
        # The same asset may have two gauges: the lower one speaks.
        for place in reversed(fallen[:_NAMED]):
            terms[f"fall_at_{self._places[place]}"] = -float(departure[place])
        fall = -float(departure[fallen[0]]) if fallen and self._departing.is_off() else 0.0
        said = {name: round(value, 3) for name, value in terms.items()}
        risen = [place for place in order if sigmas[place] > -_FALLEN]
        agreeing, against = ([self.channels[place] for place in places] for places in (fallen, risen))
        return Judgement(time_ns, fall, said, tuple(agreeing), tuple(against))

    def state(self) -> State:
        """Return what is being learned, what was, and where the zone stands."""
        taught = {f"teaching_{name}": array for name, array in self._teaching.state().items()}
        follows = {f"departing_{name}": array for name, array in self._departing.state().items()}
        return {**taught, **follows, "is_taught": self._is_taught.copy()}

    def restore(self, state: State) -> None:
        """Take over a state."""
        self._is_taught = state["is_taught"].copy()
        for part, one in (("teaching_", self._teaching), ("departing_", self._departing)):
            one.restore({name.removeprefix(part): array for name, array in state.items() if name.startswith(part)})


def _terms(start_ns: int, flows: Floats) -> Floats:
    """Return what pressures are told from: inflows, their squares and products, and the hour of the day."""
    scaled = flows / _FLOW_UNIT
    angle = 2.0 * np.pi * (start_ns / SECOND % _DAY) / _DAY * np.array([1.0, 2.0])
    products = scaled * np.roll(scaled, 1) if len(scaled) > 1 else np.sqrt(np.abs(scaled))
    return np.concatenate(([1.0], scaled, scaled**2, products, np.cos(angle), np.sin(angle)))


def zone_pressures(inventory: Inventory, asset: Asset) -> ZonePressures | None:
    """Return the model of a zone with at least three gauges, and meters on what flows in and out."""
    if asset.lifeline != "water":
        return None
    inlets, outlets = (related(inventory, asset.id, word) for word in ("inlet_of", "outlet_of"))
    inner = [asset.id, *related(inventory, asset.id, "part_of"), *inlets, *outlets]
    gauges = [one for place in dict.fromkeys(inner) for one in channels_of(inventory, place, "water_pressure")]
    meters = [list(channels_of(inventory, place, "water_flow"))[:1] for place in dict.fromkeys((*inlets, *outlets))]
    flows = [one for found in meters for one in found]
    if not inlets or not all(meters) or len(gauges) < _LEAST_GAUGES:
        return None
    return ZonePressures(asset.id, flows, gauges)
