"""Sewer blockage: in dry weather the level above a sewer rises over what the other manholes say, and none below does.

All manholes of a catchment rise and fall with the same sewage, so each is told from the others two by two
(`detectors.pairs`); what a storm leaves behind is not judged. The sewer is named whose manhole above has risen against
its neighbours while no manhole below it has: a blocked trunk backs water up into its branches.
Rosin et al., Near real-time detection of blockages in the proximity of combined sewer overflows, J. Hydroinform.
24(2), 2022, for dry weather and levels; pairs as in `detectors.pairs`.

Rule 1: it takes two manholes; one alone cannot tell a blockage from a change of what people let in.
Rule 2: wet weather, and six hours after it, is neither judged nor learned; without a rain gauge every day is dry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from detectors.contract import Floats, State
from detectors.pairs import Pairing, Pairs
from gateway.hazards.contract import Judgement
from gateway.hazards.drainage import RAIN
from gateway.hazards.neighbours import channels_of, gauges
from gateway.inventory import Asset, Channel, Inventory
from gateway.model import SECOND

_DAY = 86_400.0
_SLOT_SECONDS = 300.0
_LEAST_METRES = 0.008
"""Levels scatter by 4 mm or more, a pair's by twice that."""
_SHARE = 0.8
"""Of a level's pairs: a drifting neighbour accounts for one or two of six."""
_DRY_SECONDS, _DRY_MM = 6 * 3_600.0, 0.2
_LATELY = 5
"""Slots of which the middle one is taken: spikes are shorter."""
_STUCK_SLOTS = 4
_NEIGHBOURS = 8
_Channels: TypeAlias = Sequence[Channel]
_STATE = ("time_ns", "rain", "lately", "same")


class SewerBlockage:
    """One sewer; it says by how many metres the level above it has left what its neighbours say."""

    name = "sewer_blockage"
    version = 1
    plot_seconds = 3 * _DAY

    def __init__(self, asset: str, above: Channel, below: _Channels, others: _Channels, rain: Channel | None) -> None:
        self.asset = asset
        levels = [above, *below, *others]
        self.channels: Sequence[str] = [one.id for one in (*levels, *([rain] if rain else []))]
        self.slot_seconds = max(_SLOT_SECONDS, *(one.report_seconds for one in levels))
        self.max_age_seconds = max(one.fresh_seconds for one in levels)
        self._slot_ns = round(self.slot_seconds * SECOND)
        self._below = slice(1, 1 + len(below))
        self._metres = np.array([0.01 if one.quantity == "ponding_depth" else 1.0 for one in levels])
        self._rain_scale = 0.0
        if rain:
            self._rain_scale = self.slot_seconds / (3_600.0 if rain.quantity == "rain_rate" else rain.report_seconds)
        day = _DAY / self.slot_seconds
        how = Pairing(
            memory_slots=14 * day,
            warm_up_slots=round(day),
            limit=20.0,
            freeze_slots=round(10 * day),
            least_sigma=_LEAST_METRES,
        )
        self._pairs = Pairs(len(levels), how)
        dry = round(_DRY_SECONDS / self.slot_seconds)
        self._time_ns, self._rain = np.full(dry, -1, np.int64), np.zeros(dry)
        self._lately, self._same = np.full((_LATELY, len(levels)), np.nan), np.zeros(len(levels))

    def judge(self, start_ns: int, values: Floats) -> Judgement:
        """Tell the level above from the others, when it is dry."""
        time_ns, count = start_ns + self._slot_ns, len(self._metres)
        levels = values[:count] * self._metres
        place = start_ns // self._slot_ns % len(self._rain)
        self._time_ns[place] = start_ns
        # The order matters: no comparison with NaN is true, so 0 stays.
        self._rain[place] = max(0.0, float(values[count]) * self._rain_scale) if self._rain_scale else 0.0
        self._same = np.where(levels == self._lately[-1], self._same + 1.0, 0.0)
        self._lately = np.vstack((self._lately[1:], levels))
        fallen = float(self._rain[start_ns - self._time_ns <= _DRY_SECONDS * SECOND].sum())
        # NaN sorts last, so an absence among the five is one that counts as high; absent now is absent.
        middle = np.sort(self._lately, axis=0)[_LATELY // 2]
        middle = np.where(np.isnan(levels) | (self._same >= _STUCK_SLOTS), np.nan, middle)
        if fallen > _DRY_MM or np.isnan(middle[0]):
            return Judgement(time_ns, np.nan)
        score = float(self._pairs.update(np.array([start_ns]), middle[None])[0])
        rises = self._pairs.rises()
        if np.isnan(score) or np.isnan(rises[0]):
            return Judgement(time_ns, np.nan)
        return self._say(time_ns, middle, rises, fallen)

    def _say(self, time_ns: int, middle: Floats, rises: Floats, rain_mm: float) -> Judgement:
        excess = float(self._pairs.excess()[0])
        risen = np.nan_to_num(rises) >= _SHARE
        # Backwater lifts all levels alike, sewage not: the one above must not be asked whether one below has risen.
        risen[1:] |= np.nan_to_num(self._pairs.rises(without=0))[1:] >= _SHARE
        is_blocked = bool(risen[0]) and not risen[self._below].any()
        terms = {"level": float(middle[0]), "expected": float(middle[0]) - excess, "pairs_risen": float(rises[0])}
        terms |= {"below_risen": float(risen[self._below].sum()), "rain_6_h": rain_mm}
        said = {name: round(value, 3) for name, value in terms.items() if np.isfinite(value)}
        calm = tuple(name for name, rise in zip(self.channels, rises.tolist(), strict=False) if rise < 1 - _SHARE)
        up = tuple(name for name, has in zip(self.channels[self._below], risen[self._below], strict=True) if has)
        value = max(0.0, excess) if is_blocked else 0.0
        return Judgement(time_ns, value, said, calm if is_blocked else (), up)

    def state(self) -> State:
        """Return the rain and the levels of late, and what the pairs are like."""
        pairs = {f"pairs_{name}": array for name, array in self._pairs.state().items()}
        return pairs | {name: getattr(self, f"_{name}").copy() for name in _STATE}

    def restore(self, state: State) -> None:
        """Take over a state."""
        for name in _STATE:
            setattr(self, f"_{name}", state[name].copy())
        self._pairs.restore({n.removeprefix("pairs_"): array for n, array in state.items() if n.startswith("pairs_")})


def sewer_blockage(inventory: Inventory, asset: Asset) -> SewerBlockage | None:
    """Return the model of a sewer whose manhole above it has a level, with at least one other level around."""
    if asset.lifeline != "drainage" or asset.kind != "sewer":
        return None
    up, down = list(_walk(inventory, asset.id, down=False)), list(_walk(inventory, asset.id, down=True))
    above, below = _levels(inventory, up), _levels(inventory, down)
    if not above:
        return None
    joined = {asset.id: None, **dict.fromkeys(up), **dict.fromkeys(down)}
    for place in (*up, *down):
        joined |= dict.fromkeys(_walk(inventory, place, down=False)) | dict.fromkeys(_walk(inventory, place, down=True))
    known = {one.id for one in (above[0], *below)}
    others = [one for one in _levels(inventory, joined) if one.id not in known]
    below = below[:_NEIGHBOURS]
    others = others[: max(0, _NEIGHBOURS - len(below))]
    rain = next(iter(gauges(inventory, inventory.assets[above[0].asset], *RAIN)), None)
    return SewerBlockage(asset.id, above[0], below, others, rain) if below or others else None


def _walk(inventory: Inventory, start: str, *, down: bool) -> Iterator[str]:
    """Yield what lies down or up the sewer from an asset, the nearest first, by the relation `upstream_of`."""
    seen, ahead = {start}, [start]
    while ahead:
        here = ahead.pop(0)
        if down:
            found = list(inventory.assets[here].relations.get("upstream_of", ()))
        else:
            found = [one.id for one in inventory.assets.values() if here in one.relations.get("upstream_of", ())]
        for other in found:
            if other not in seen and other in inventory.assets:
                seen.add(other)
                ahead.append(other)
                yield other


def _levels(inventory: Inventory, places: Sequence[str] | dict[str, None]) -> list[Channel]:
    """Return the levels of manholes; a sump follows its pump."""
    wells = [place for place in places if inventory.assets[place].kind not in {"pump", "lift_station", "underpass"}]
    return [one for place in wells for one in list(channels_of(inventory, place, "water_level"))[:1]]
