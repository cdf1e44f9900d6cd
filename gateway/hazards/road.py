"""Road collapse: what was found around a road segment, added up as log-odds.

    log-odds = prior + sum over causes of min(cap, sum of weight(level) * share * exp(-age / memory))

Each finding adds the logarithm of how many times likelier a cavity is with it than without (naive Bayes); it ages
from its end, and one cause cannot carry the alarm alone. Weights and caps are this project's proposals, ordered by
the shares of causes in published cave-ins (Appl. Sci. 13:9714; detection of leaks within 30-50 m and 1-14 days).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from detectors.contract import State
from gateway.early_warning import Finding, Level
from gateway.hazards.contract import Judgement
from gateway.hazards.neighbours import channels_of, gauges, related, within
from gateway.inventory import Asset, Inventory
from gateway.model import SECOND

_DAY = 86_400.0
_REACH_METRES = 50.0
_PRIOR = -5.0
"""Log-odds of a cavity under an ordinary segment on an ordinary day: less than one in a hundred."""
_SHARE = {Level.NONE: 0.0, Level.BLUE: 0.4, Level.YELLOW: 0.6, Level.ORANGE: 0.8, Level.RED: 1.0}
_OF_A_ZONE = 0.5
"""A leak known only to be somewhere in a zone that has a pipe within reach."""
_REMEMBERED = 32


class Cause(NamedTuple):
    """One way in which the ground is washed out, or shows that it was."""

    name: str
    cap: float
    memory_seconds: float
    """After its end a finding has aged to a third in this time."""


LEAK = Cause("leak", 2.5, 14 * _DAY)
SEWER = Cause("sewer", 2.0, 14 * _DAY)
SOIL = Cause("soil_moisture", 2.0, 7 * _DAY)
SETTLEMENT = Cause("settlement", 2.5, 30 * _DAY)
RAIN = Cause("rain", 1.0, 3 * _DAY)
GROUNDWATER = Cause("groundwater", 1.0, 14 * _DAY)
VOID = Cause("void", 2.5, 90 * _DAY)

HAZARDS: Mapping[str, Cause] = {
    "pipe_leak": LEAK,
    "pipe_burst": LEAK,
    "heat_leak": LEAK,
    "sewer_overflow": SEWER,
    "sewer_blockage": SEWER,
    "waterlogging": RAIN,
}
"""Hazards whose warnings around a segment are evidence."""
SIGNS: Mapping[str, Cause] = {
    "soil_moisture": SOIL,
    "settlement": SETTLEMENT,
    "displacement": SETTLEMENT,
    "rain_rate": RAIN,
    "rainfall": RAIN,
    "groundwater_level": GROUNDWATER,
    "pore_pressure": GROUNDWATER,
    "void_anomaly": VOID,
}
"""Quantities whose ladders of the hazard road_collapse are signs: they feed this model and warn of nothing alone."""
_CAUSES = tuple(dict.fromkeys((*HAZARDS.values(), *SIGNS.values())))


class _Heard(NamedTuple):
    cause: int
    weight: float
    time_ns: int
    is_over: bool
    channel: str


_TYPES = (np.int64, np.float64, np.int64, np.bool_, np.str_)


class RoadCollapse:
    """One road segment."""

    name = "road_collapse"
    version = 1
    plot_seconds = 14 * _DAY

    def __init__(self, asset: str, channels: Sequence[str], reach: Mapping[str, float]) -> None:
        self.asset = asset
        self.channels = channels
        self._reach = reach
        self._heard: dict[str, _Heard] = {}

    def hear(self, finding: Finding) -> None:
        """Remember a finding within reach as it stands; it keeps its highest weight."""
        share, cause = self._reach.get(finding.asset), HAZARDS.get(finding.hazard)
        if finding.hazard == self.name:
            cause = SIGNS.get(finding.evidence.quantity)
        if share is None or cause is None:
            return
        held = self._heard.get(finding.id)
        weight = max(cause.cap * share * _SHARE[finding.level], held.weight if held else 0.0)
        says = finding.time_ns, finding.level is Level.NONE, finding.evidence.channel
        self._heard[finding.id] = _Heard(_CAUSES.index(cause), weight, *says)
        if len(self._heard) > _REMEMBERED:
            del self._heard[min(self._heard, key=lambda name: (self._heard[name].time_ns, name))]

    def weigh(self, now_ns: int) -> Judgement:
        """Add up what was heard as it stands now."""
        sums: dict[str, float] = {}
        said: dict[str, None] = {}
        for heard in self._heard.values():
            cause = _CAUSES[heard.cause]
            age_seconds = max(0, now_ns - heard.time_ns) / SECOND if heard.is_over else 0.0
            sums[cause.name] = sums.get(cause.name, 0.0) + heard.weight * math.exp(-age_seconds / cause.memory_seconds)
            if not heard.is_over:
                said[heard.channel] = None
        caps = {cause.name: cause.cap for cause in _CAUSES}
        terms = {"prior": _PRIOR, **{name: round(min(caps[name], total), 3) for name, total in sorted(sums.items())}}
        return Judgement(now_ns, sum(terms.values()), terms, agreeing=tuple(said))

    def state(self) -> State:
        """Return what was heard, one row a finding."""
        columns = list(zip(*self._heard.values(), strict=True)) or [()] * len(_TYPES)
        kept = zip(_Heard._fields, columns, _TYPES, strict=True)
        return {"id": np.array(list(self._heard), "S20"), **{name: np.array(each, kind) for name, each, kind in kept}}

    def restore(self, state: State) -> None:
        """Take over a state."""
        columns = [state[name].tolist() for name in ("id", *_Heard._fields)]
        self._heard = {name.decode(): _Heard(*rest) for name, *rest in zip(*columns, strict=True)}


def road_collapse(inventory: Inventory, asset: Asset) -> RoadCollapse | None:
    """Return the model of a road segment that has something to listen to."""
    if asset.lifeline != "road":
        return None
    near = within(inventory, asset.id, _REACH_METRES)
    zones = {zone for other in near for zone in inventory.assets[other].relations.get("part_of", ())}
    near |= {gauge.asset for gauge in gauges(inventory, asset, "rain_rate", "rainfall")[:1]}
    reach = {**dict.fromkeys(sorted(zones), _OF_A_ZONE), **dict.fromkeys(sorted(near), 1.0), asset.id: 1.0}
    parts = [part for zone in sorted(zones) for part in related(inventory, zone, "part_of")]
    heard = [one.id for place in (asset.id, *sorted(near), *parts) for one in channels_of(inventory, place)]
    channels = [*(one.id for one in channels_of(inventory, asset.id, *SIGNS)), *heard]
    return RoadCollapse(asset.id, list(dict.fromkeys(channels)), reach) if channels else None
