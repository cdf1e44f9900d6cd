"""Pipe burst: what flows into a zone rises at once and stays, and its pressures fall with it.

Each member is held against its own course (the inflow by the half hour of the week, pressures by that of the day), and
what is left against its own last hours: a demand peak is in the course, a warm week in the last hours. Two voices must
then agree, each in its own sigmas of that hour (`detectors.agreement`): the net inflow up, and the most fallen third
of the pressures down. Flow against its course: Mounce et al., Development and verification of an online artificial
intelligence system for detection of bursts, J. Water Resour. Plann. Manage. 136(3), 2010; the second voice is ours.

Rule 1: a meter that is absent makes the inflow unknown; a gauge that is absent leaves the others.
Rule 2: on a weekday seen less than twice only half of the ordinary inflow and more is a burst: weekends rise late.
Rule 3: nothing is learned while a burst stands, for a day at most: then what flows is how the zone is run now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detectors.agreement import Agreement
from detectors.contract import Floats, State
from detectors.level import DAY, Learning
from detectors.season import Season
from gateway.hazards.contract import Judgement
from gateway.hazards.neighbours import channels_of, related
from gateway.inventory import Asset, Channel, Inventory
from gateway.model import SECOND

_BINS = 48
_BIN_SECONDS = DAY / _BINS
_WARM_UP_SECONDS = 2.5 * _BIN_SECONDS
"""Of each half hour of the day: three days, of which some was absent."""
_WEEKS_SECONDS, _TWICE_SECONDS = 6 * _BIN_SECONDS, 1.5 * _BIN_SECONDS
"""What a half hour of the week remembers, and when it has been seen twice."""
_BEFORE_SECONDS, _LATELY_SECONDS = 4 * 3_600.0, 1_800.0
"""The last hours, and what of them is too new to be compared with."""
_LEAST_KEPT = 0.25
_LOOK_SECONDS = 180.0
"""Demand stays alike for some minutes."""
_FREEZE_SECONDS = DAY
_HOUR = 3_600.0
_SCATTER_SECONDS = 14 * _HOUR
"""A scatter is that of an hour of the day over two weeks."""
_CLIP, _MEAN_SIZE = 3.0, 1.25
_CLEAR, _CLEAR_UNSEEN = 4.0, 0.5
"""Scatters of an excess that is clear; on a weekday not yet known, the share of the ordinary inflow."""
_FLOW_FLOOR, _PRESSURE_FLOOR = 0.005, 0.0002
"""Least scatter: of the flow a share of the zone's ordinary inflow, of the pressure MPa; what meters repeat to."""
_Channels: TypeAlias = Sequence[Channel]
_STATE = ("time_ns", "left", "base", "held", "week", "scatter")
_PARTS = ("season_", "agreement_")


class PipeBurst:
    """One zone, its net inflow and its pressures; it says how much too much flows, in per cent of the ordinary."""

    name = "pipe_burst"
    version = 1
    plot_seconds = 12 * 3_600.0

    def __init__(self, asset: str, inflows: _Channels, outflows: _Channels, pressures: _Channels) -> None:
        self.asset = asset
        members = [*inflows, *outflows, *pressures]
        self.channels: Sequence[str] = [one.id for one in members]
        flows = [one.report_seconds for one in (*inflows, *outflows)]
        self.slot_seconds = max(60.0, *flows, min(one.report_seconds for one in pressures))
        # A burst does not wait for the slowest gauge.
        self.max_age_seconds = self.slot_seconds
        self._slot_ns = round(self.slot_seconds * SECOND)
        self._sign = np.array([1.0] * len(inflows) + [-1.0] * len(outflows))
        watched = 1 + len(pressures)
        look = max(_LOOK_SECONDS, self.slot_seconds)
        learning = Learning(7 * DAY, DAY / 2, look, least_scale=1.0)
        self._agreement = Agreement((1, -1), learning, freeze_seconds=_FREEZE_SECONDS)
        self._season = Season(watched, _BINS)
        kept = round(_BEFORE_SECONDS / self.slot_seconds) + 1
        self._time_ns, self._left = np.full(kept, -1, np.int64), np.full((kept, watched), np.nan)
        self._base, self._held = np.full(watched, np.nan), np.zeros(1)
        # The inflow by the half hour of the week, and of each voice and hour of the day the scatter: value, seconds.
        self._week, self._scatter = np.zeros((2, 7 * _BINS)), np.zeros((2, 2, 24))

    def judge(self, start_ns: int, values: Floats) -> Judgement:
        """Compare a slot with its hour and with the hours before it."""
        flows, seconds = len(self._sign), start_ns // SECOND
        now = np.append(values[:flows] @ self._sign, values[flows:])
        cells = self._season.cells(np.arange(len(now)), np.full(len(now), start_ns))
        warm = self._season.state()["seen"].reshape(-1).take(cells) >= _WARM_UP_SECONDS
        course = np.where(warm, self._season.course.reshape(-1).take(cells), np.nan)
        cell = int(seconds // _BIN_SECONDS) % (7 * _BINS)
        is_seen = bool(self._week[1, cell] >= _TWICE_SECONDS)
        if is_seen:
            course[0] = self._week[0, cell]
        left = now - course
        if not self._is_held():
            self._base = self._lately(start_ns)
        off, usual = left - self._base, float(self._season.course[0].mean())
        voices, hour = self._voices(left, off, usual), int(seconds // 3_600) % 24
        floor = np.array([max(_FLOW_FLOOR * usual, 1e-9), _PRESSURE_FLOOR])
        scatter = np.maximum(self._scatter[:, 0, hour], floor)
        score = float(self._agreement.update(np.array([start_ns]), (voices / scatter)[None])[0])
        clear = max(_CLEAR * scatter[0], 0.0 if is_seen else _CLEAR_UNSEEN * usual)
        is_burst = score >= 1.0 and bool(voices[0] > (clear / 2.0 if self._held[0] else clear))
        self._held[0] = self._held[0] + self.slot_seconds if is_burst else 0.0
        # What looks like the begin of one teaches nothing either, until the voices have agreed or not.
        begins = not self._held[0] and bool(voices[0] > clear and voices[1] < -_CLEAR * scatter[1])
        if not (begins or self._is_held()):
            self._learn(start_ns, now, left, cells)
            self._learn_week(cell, float(now[0]))
            self._learn_scatter(hour, voices, scatter)
        off[0] = voices[0]
        return self._say(start_ns + self._slot_ns, score, now, off, usual)

    def _is_held(self) -> bool:
        return bool(0 < self._held[0] <= _FREEZE_SECONDS)

    def _lately(self, start_ns: int) -> Floats:
        """Return the mean of what was left of each member in the hours before, NaN where there was too little."""
        age = (start_ns - self._time_ns) / SECOND
        chosen = self._left[(self._time_ns >= 0) & (age > _LATELY_SECONDS) & (age <= _BEFORE_SECONDS)]
        count = np.isfinite(chosen).sum(axis=0)
        least = max(1.0, _LEAST_KEPT * (_BEFORE_SECONDS - _LATELY_SECONDS) / self.slot_seconds)
        mean: Floats = np.where(count >= least, np.nan_to_num(chosen).sum(axis=0) / np.maximum(count, 1), np.nan)
        return mean

    def _voices(self, left: Floats, off: Floats, usual: float) -> Floats:
        """Return the excess inflow, and by how much the most fallen third of the pressures is off.

        What comes late one day is more than in the hours before, and yet no more than usual: the lesser counts.
        """
        both = np.append(np.minimum(left[:1], off[:1]), np.maximum(left[1:], off[1:]))
        known = np.sort(both[1:][np.isfinite(both[1:])])
        fallen = float(known[(known.size - 1) // 3]) if known.size else np.nan
        return np.array([both[0] if usual > 0 else np.nan, fallen])

    def _learn(self, start_ns: int, now: Floats, left: Floats, cells: NDArray[np.intp]) -> None:
        place = start_ns // self._slot_ns % len(self._time_ns)
        self._time_ns[place], self._left[place] = start_ns, left
        there = np.isfinite(now)
        course = self._season.course.reshape(-1).take(cells)
        self._season.learn(cells, self.slot_seconds * there, np.where(there, now - course, 0.0))

    def _learn_week(self, cell: int, flow: float) -> None:
        if np.isfinite(flow):
            share = self.slot_seconds / (min(float(self._week[1, cell]), _WEEKS_SECONDS) + self.slot_seconds)
            self._week[0, cell] += share * (flow - self._week[0, cell])
            self._week[1, cell] += self.slot_seconds

    def _learn_scatter(self, hour: int, voices: Floats, scatter: Floats) -> None:
        seen = self._scatter[:, 1, hour]
        there = np.isfinite(voices)
        share = np.where(there, self.slot_seconds, 0.0) / (np.minimum(seen, _SCATTER_SECONDS) + self.slot_seconds)
        reach = np.where(seen >= _HOUR, _CLIP * scatter, np.inf)
        size = _MEAN_SIZE * np.minimum(np.abs(np.where(there, voices, 0.0)), reach)
        self._scatter[:, 0, hour] += share * (size - self._scatter[:, 0, hour])
        self._scatter[:, 1, hour] += np.where(there, self.slot_seconds, 0.0)

    def _say(self, time_ns: int, score: float, now: Floats, off: Floats, usual: float) -> Judgement:
        if np.isnan(score) or usual <= 0 or np.isnan(off[0]):
            return Judgement(time_ns, np.nan)
        terms = {"inflow": float(now[0]), "inflow_expected": float(now[0] - off[0]), "excess_flow": float(off[0])}
        terms |= {"agreement": score, "pressures_fallen": float((off[1:] < -_PRESSURE_FLOOR).sum())}
        pressures = list(zip(self.channels[len(self._sign) :], off[1:].tolist(), strict=True))
        rise = 100.0 * max(0.0, float(off[0])) / usual if self._held[0] else 0.0
        said = {name: round(value, 3) for name, value in terms.items()}
        fallen = tuple(name for name, one in pressures if one < -_PRESSURE_FLOOR)
        return Judgement(time_ns, rise, said, fallen, tuple(name for name, one in pressures if one > _PRESSURE_FLOOR))

    def state(self) -> State:
        """Return the last hours, the courses and what the two voices are like."""
        courses = {f"season_{name}": array for name, array in self._season.state().items()}
        voices = {f"agreement_{name}": array for name, array in self._agreement.state().items()}
        return courses | voices | {name: getattr(self, f"_{name}").copy() for name in _STATE}

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name in _STATE:
            setattr(self, f"_{name}", state[name].copy())
        season, voices = (
            {name.removeprefix(part): array for name, array in state.items() if name.startswith(part)}
            for part in _PARTS
        )
        self._season.restore(season, np.arange(len(self._base)))
        self._agreement.restore(voices)


def pipe_burst(inventory: Inventory, asset: Asset) -> PipeBurst | None:
    """Return the model of a zone, at its only inlet where it has one, else at the zone itself."""
    if asset.lifeline != "water":
        return None
    zone = asset.id
    inlets, outlets = related(inventory, zone, "inlet_of"), related(inventory, zone, "outlet_of")
    if len(inlets) == 1:
        return None
    own = [other for other in asset.relations.get("inlet_of", ()) if related(inventory, other, "inlet_of") == [zone]]
    if own:
        zone, inlets = own[0], [asset.id]
        outlets = related(inventory, zone, "outlet_of")

    def channels(quantity: str, *places: str) -> list[Channel]:
        return [one for place in dict.fromkeys(places) for one in channels_of(inventory, place, quantity)]

    inner = [zone, *related(inventory, zone, "part_of")]
    inflows = channels("water_flow", *inlets)
    pressures = channels("water_pressure", *inner, *inlets, *outlets)
    if not (inflows and pressures):
        return None
    return PipeBurst(asset.id, inflows, channels("water_flow", *outlets), pressures)
