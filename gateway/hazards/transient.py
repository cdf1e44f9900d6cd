"""Burst on a trunk main: its pressure wave falls steeply, at one logger after the other, from between two of them.

`detectors.arrival` says when a front came to each logger, how steep it was and which way it went. A closing valve sends
a rise; an opening one or a pump that trips sends a fall that comes along from one end, or slowly; a step at one logger
alone is the logger's. Where the main burst follows from the difference of the arrivals, the speed of its waves and
where the loggers stand (`along_metres`). Misiunas et al., J. Water Resour. Plann. Manage. 131(4), 2005.

Rule 1: the slots of a second are judged together when the next one has begun: what they say does not depend on calls.
Rule 2: nothing is told within two hundredths of the stretch from an outermost logger: while the wave speed is not known
better, a wave from beyond the end looks the same.
Rule 3: for twenty seconds after any wave, echoes run; what comes in between is taken for one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from detectors.arrival import Arrival, Arriving
from detectors.contract import Floats, State
from gateway.hazards.contract import Judgement
from gateway.hazards.neighbours import channels_of, related
from gateway.inventory import Asset, Channel, Inventory
from gateway.model import SECOND

_SLOWEST_SECONDS = 0.05
"""A logger that samples less often than twenty times a second cannot tell a burst's front from a valve's."""
_RISE_SECONDS, _WARM_UP_SECONDS, _MEMORY_SECONDS = 0.4, 3.0, 30.0
_DATED_AT = 0.25
"""An echo from the end of the main doubles a front, or ends it: its first quarter is the wave's own."""
_LEAST_FALL_MPA = 0.002
"""Water in motion and people who draw it make smaller steps all day (proposal of this project)."""
_REST_SECONDS = 20.0
_UNSURE_SHARE = 0.02
_LATE_SECONDS = 15.0
"""So long a missing logger is waited for: a burst's warning does not wait for a dead one."""
_PART = "arrival_"
_Channels: TypeAlias = Sequence[Channel]


class BurstWave:
    """One main and the loggers along it; it says by how many MPa the front of a burst fell, 0 when there is none."""

    name = "burst_wave"
    version = 1
    plot_seconds = 120.0

    def __init__(self, main: Asset, loggers: _Channels, along: Sequence[float], wave_m_s: float) -> None:
        """`along` says where each logger stands, rising, in m."""
        self.asset = main.id
        self.channels: Sequence[str] = [one.id for one in loggers]
        self._places = [one.asset for one in loggers]
        self.slot_seconds = max(one.report_seconds for one in loggers)
        self.max_age_seconds = _LATE_SECONDS
        self._slot_ns = round(self.slot_seconds * SECOND)
        arriving = Arriving(
            tuple(along),
            wave_m_s,
            slot_seconds=self.slot_seconds,
            rise_slots=round(_RISE_SECONDS / self.slot_seconds),
            dated_at=_DATED_AT,
            least_change=_LEAST_FALL_MPA,
            warm_up_slots=round(_WARM_UP_SECONDS / self.slot_seconds),
            memory_slots=_MEMORY_SECONDS / self.slot_seconds,
            rest_seconds=_REST_SECONDS,
        )
        self._arrival = Arrival(len(loggers), arriving)
        blind = _UNSURE_SHARE * (along[-1] - along[0])
        self._sure_from, self._sure_to = along[0] + blind, along[-1] - blind
        self._times: list[int] = []
        self._columns: list[Floats] = []
        self._value = math.nan
        self._terms: Mapping[str, float] = {}
        self._agreeing: tuple[str, ...] = ()

    def judge(self, start_ns: int, values: Floats) -> Judgement:
        """Keep the slot, and watch the second before when another has begun."""
        if self._times and self._times[0] // SECOND != start_ns // SECOND:
            self._watch()
        self._times.append(start_ns)
        self._columns.append(values)
        return Judgement(start_ns + self._slot_ns, self._value, self._terms, self._agreeing)

    def _watch(self) -> None:
        score = self._arrival.update(np.array(self._times, np.int64), np.array(self._columns))
        self._times, self._columns = [], []
        known = score[np.isfinite(score)]
        self._say(float(known[-1]) if known.size else math.nan)

    def _say(self, score: float) -> None:
        self._value, self._terms, self._agreeing = (score if math.isnan(score) else 0.0), {}, ()
        if not score >= 1.0:
            return
        source, fronts = self._arrival.source(), self._arrival.fronts()
        if not self._sure_from <= source.position <= self._sure_to:
            return
        seen = np.flatnonzero(np.isfinite(fronts.step)).tolist()
        self._value = float(np.median(-fronts.step[seen]))
        terms = {"along_metres": round(source.position, 1)}
        for member in seen:
            place = self._places[member]
            terms[f"arrival_at_{place}"] = round(float(fronts.seconds[member]) - source.seconds, 3)
            terms[f"fall_at_{place}"] = round(-float(fronts.step[member]), 4)
        self._terms, self._agreeing = terms, tuple(self.channels[member] for member in seen)

    def state(self) -> State:
        """Return what the detector knows, the slots of this second, and what was said last."""
        columns = np.array(self._columns).reshape(len(self._columns), len(self.channels))
        score = math.nan if math.isnan(self._value) else float(bool(self._terms))
        own = {"times": np.array(self._times, np.int64), "columns": columns, "score": np.array([score])}
        return own | {f"{_PART}{name}": array for name, array in self._arrival.state().items()}

    def restore(self, state: State) -> None:
        """Take over a state."""
        self._arrival.restore({name.removeprefix(_PART): one for name, one in state.items() if name.startswith(_PART)})
        self._times, self._columns = state["times"].tolist(), list(state["columns"].copy())
        self._say(float(state["score"][0]))


def burst_wave(inventory: Inventory, asset: Asset) -> BurstWave | None:
    """Return the model of a main whose wave speed is known, with two loggers or more whose places are."""
    if asset.wave_m_s is None:
        return None
    found = []
    for place in related(inventory, asset.id, "part_of"):
        along = inventory.assets[place].along_metres
        fast = [
            one for one in channels_of(inventory, place, "water_pressure") if one.report_seconds <= _SLOWEST_SECONDS
        ]
        if along is not None and fast:
            found.append((along, fast[0]))
    found.sort(key=lambda one: one[0])
    places = [along for along, _ in found]
    if len(found) < 2 or any(before == after for before, after in pairwise(places)):  # noqa: PLR2004 - a stretch
        return None
    return BurstWave(asset, [one for _, one in found], places, asset.wave_m_s)
