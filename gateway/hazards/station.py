"""What an asset's channels say together that they never said: a station whose tanks, pumps and pressures disagree.

The statistics are those of `detectors.components`, which go on learning. It cannot know what is wrong, so the ladder
that switches it on says which hazard it is; each member's share of what is unexplained is named, the largest first.

Rule 1: totals, batteries and what is of low importance are no members: they say nothing of the station.
Rule 2: an absent member is left out of the components; the others are judged on.
"""

from __future__ import annotations

import numpy as np

from detectors.components import Components, PrincipalComponents
from detectors.contract import Floats, State
from gateway.hazards.contract import Judgement
from gateway.hazards.neighbours import channels_of, related
from gateway.inventory import Asset, Channel, Inventory
from gateway.model import SECOND

_DAY = 86_400.0
_SLOT_SECONDS = 300.0
_WARM_UP_DAYS, _MEMORY_DAYS, _FREEZE_DAYS = 14, 60, 3
_LEAST_MEMBERS, _MOST_MEMBERS = 4, 48
_TOTALS = ("_volume", "_energy", "_total", "_bits", "_offset", "_synchronised")
"""How the names of quantities end that only grow, or are the device's own."""
_NAMED = 3


class StationPattern:
    """One asset and its parts; it says how far they are off what ordinarily moves together, 1 at the limit."""

    name = "station_pattern"
    version = 1
    plot_seconds = 3 * _DAY

    def __init__(self, asset: str, members: list[Channel]) -> None:
        self.asset = asset
        self.channels = [one.id for one in members]
        self.slot_seconds = max(_SLOT_SECONDS, *(one.report_seconds for one in members))
        self.max_age_seconds = max(one.fresh_seconds for one in members)
        self._slot_ns = round(self.slot_seconds * SECOND)
        day = _DAY / self.slot_seconds
        how = Components(
            slot_seconds=self.slot_seconds,
            memory_slots=max(_MEMORY_DAYS * day, 20.0 * len(members)),
            warm_up_slots=round(max(_WARM_UP_DAYS * day, 8 * len(members))),
            freeze_slots=round(_FREEZE_DAYS * day),
            renew_slots=round(max(1.0, day)),
        )
        self._together = PrincipalComponents(len(members), how)

    def judge(self, start_ns: int, values: Floats) -> Judgement:
        """Score a slot, and name who is odd in it."""
        time_ns = start_ns + self._slot_ns
        score = float(self._together.update(np.array([start_ns]), values[None])[0])
        if np.isnan(score):
            return Judgement(time_ns, np.nan)
        shares = np.nan_to_num(self._together.contributions())
        total = float(shares.sum())
        order = np.argsort(-shares, kind="stable")[:_NAMED].tolist() if total > 0 else []
        terms = {f"share of {self.channels[place]}": round(float(shares[place]) / total, 3) for place in order}
        odd = tuple(self.channels[place] for place in order if shares[place] > total / len(shares))
        return Judgement(time_ns, score, terms, odd if score >= 1.0 else ())

    def state(self) -> State:
        """Return what ordinarily moves together."""
        return self._together.state()

    def restore(self, state: State) -> None:
        """Take over a state."""
        self._together.restore(state)


def station_pattern(inventory: Inventory, asset: Asset) -> StationPattern | None:
    """Return the model of an asset that has, with its parts, at least four channels that tell of it."""
    places = [asset.id, *related(inventory, asset.id, "part_of")]
    members = [
        one
        for place in places
        for one in channels_of(inventory, place)
        if one.importance != "low" and not one.quantity.endswith(_TOTALS)
    ]
    if len(members) < _LEAST_MEMBERS:
        return None
    return StationPattern(asset.id, members[:_MOST_MEMBERS])
