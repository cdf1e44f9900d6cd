"""What watches the sewers of drainage_sim, row by row: blockages, a pump that does not run, floods to come.

Blockages by pairs of levels in dry weather; the element is named whose upstream level has risen against the others
while nothing downstream of it has, for a blocked trunk backs water up into its branches. A pump by the levels that it
ordinarily lets come. Floods by each level foretold from rain, the nowcast and itself.
"""

from __future__ import annotations

import math
import re
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.pairs import Pairing, Pairs
from detectors.rain_level import Foreseeing, RainLevel
from detectors.switching import Switches, Switching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

DAY_SLOTS = 288
PAIRING = Pairing(
    memory_slots=14.0 * DAY_SLOTS,
    warm_up_slots=7 * DAY_SLOTS,
    limit=20.0,
    freeze_slots=10 * DAY_SLOTS,
    least_sigma=0.008,
)
"""Base flow changes with the season, so two weeks are remembered; levels scatter by 4 mm, a pair's by 8 mm. A limit of
20 takes half an hour of a large rise; a blockage lasts a week or more, so for ten days nothing new is learned."""
SHARE = 0.8
"""Of a level's pairs: a drifting neighbour accounts for one or two of six."""
DRY_SLOTS, DRY_MM = 72, 0.2
"""Sewers take six hours to run dry after rain; until then levels say more of the rain than of each other."""
STUCK_SLOTS = 4
"""Levels carry noise: five equal readings are none."""
SWITCHING = Switching(margin=0.07, hold_slots=3, warm_up_slots=288, memory_slots=1e6)
"""A sump 7 cm above every level seen with the pump off, for a quarter of an hour: levels are read every five minutes,
in which a sump fills by 2 cm. Marks of a pump are set once, so what was seen of them is kept for years."""
RIM = 3.0
"""Over this level, in m, manholes flood: of the network, not of the recording."""
FLOODING = Foreseeing(limit=RIM, span=RIM, ahead=5, lags=2, memory_slots=8_640.0, warm_up_slots=200, quantile=0.5)
"""Twenty-five minutes stand between the fifteen that crews need at least and the thirty that the nowcast covers. The
middle forecast is taken: an upper edge warns earlier and more often for nothing."""
WET_SLOTS, SURCHARGE, BACK, CALM_SLOTS = 24, 0.9, 0.3, 6
"""Only until two hours after rain, with a level over 1 m or with rain in the nowcast is there anything to foretell.
Over 0.9 m manholes fill like basins. A warning ends half an hour after the forecast fell 0.3 m below the rim."""


class Layout(NamedTuple):
    """The network as far as levels are measured."""

    stations: tuple[str, ...]
    """Level columns of manholes."""
    elements: dict[str, tuple[int, tuple[int, ...]]]
    """Each orifice: its upstream station, and the stations downstream of it."""
    pumps: dict[str, str]
    """Each pump and the level column of its sump."""


def layout(network: str, names: Sequence[str]) -> Layout:
    """Return which levels stand before and behind each orifice of a SWMM input file, and each pump's sump."""
    sections: dict[str, list[list[str]]] = {}
    rows: list[list[str]] = []
    for line in network.splitlines():
        if line.startswith("["):
            rows = sections.setdefault(line.strip("[] \t"), [])
        elif line.strip() and not line.startswith(";"):
            rows.append(line.split())
    links = [(row[1], row[2]) for part in ("CONDUITS", "ORIFICES") for row in sections.get(part, [])]
    pumps = {row[0]: row[1] for row in sections.get("PUMPS", [])}
    columns = {match[1]: name for name in names if (match := re.fullmatch(r"lvl_([^_]+)(?:_\w+)?_m", name))}
    stations = tuple(name for node, name in columns.items() if node not in pumps.values())

    def below(node: str) -> set[str]:
        reached, ahead = set(), [node]
        while ahead:
            for end in [end for start, end in links if start == ahead[0] and end not in reached]:
                reached.add(end)
                ahead.append(end)
            ahead.pop(0)
        return reached

    elements = {}
    for row in sections.get("ORIFICES", []):
        if columns.get(row[1]) in stations:
            down = tuple(
                stations.index(columns[node]) for node in sorted(below(row[1])) if columns.get(node) in stations
            )
            elements[row[0]] = stations.index(columns[row[1]]), down
    return Layout(stations, elements, {pump: columns[sump] for pump, sump in pumps.items() if sump in columns})


class Blockages:
    """Which elements are blocked, told from each row's rain and levels."""

    def __init__(self, found: Layout) -> None:
        self._layout = found
        self._pairs = Pairs(len(found.stations), PAIRING)
        self._rain: deque[float] = deque(maxlen=DRY_SLOTS)
        self._last: deque[Floats] = deque(maxlen=5)
        self._same = np.zeros(len(found.stations))
        self._blocked = dict.fromkeys(found.elements, False)

    def take(self, time_ns: int, rain: float, levels: Floats) -> dict[str, bool]:
        """Return for every element whether it is held for blocked."""
        self._rain.append(rain if math.isfinite(rain) else 0.0)
        equal = levels == self._last[-1] if self._last else np.zeros(len(levels), np.bool_)
        self._same = np.where(equal, self._same + 1.0, 0.0)
        self._last.append(levels.copy())
        if sum(self._rain) > DRY_MM:
            return self._blocked
        # The median of five takes spikes out; NaN sorts last, so an absence is one.
        middle = np.sort(np.stack(self._last), axis=0)[len(self._last) // 2]
        middle = np.where(np.isnan(levels) | (self._same >= STUCK_SLOTS), np.nan, middle)
        if np.isnan(middle).all():
            return self._blocked
        self._pairs.update(np.array([time_ns]), middle[None])
        risen = np.nan_to_num(self._pairs.rises()) >= SHARE
        self._blocked = {
            name: bool(risen[up]) and not risen[list(down)].any() for name, (up, down) in self._layout.elements.items()
        }
        return self._blocked


class Floods:
    """Whether a flood is to come, told from each row's rain, nowcast and levels."""

    def __init__(self, stations: int) -> None:
        self._models = [RainLevel(6, FLOODING) for _ in range(stations)]
        self._rain: deque[float] = deque(maxlen=WET_SLOTS)
        self._warned, self._calm = False, 0

    def take(self, time_ns: int, rain: float, nowcast: float, levels: Floats) -> bool:
        """Return whether a warning stands."""
        rain, nowcast = (each if math.isfinite(each) else 0.0 for each in (rain, nowcast))
        self._rain.append(rain)
        recent = list(self._rain)
        highest = -math.inf
        if nowcast > 0 or sum(recent) > 0 or (np.nan_to_num(levels) > 1.0).any():
            half_hour, hour = sum(recent[-6:]), sum(recent[-12:])
            shared = [half_hour, nowcast, math.sqrt(nowcast), min(hour, 12.0)]
            for model, level in zip(self._models, levels.tolist(), strict=True):
                members = np.array([[level, *shared, max(level - SURCHARGE, 0.0)]])
                score = model.update(np.array([time_ns]), members)[0]
                forecast = model.expected()[0]
                if math.isfinite(score) and math.isfinite(forecast):
                    highest = max(highest, forecast)
        if self._warned:
            self._calm = self._calm + 1 if highest < RIM - BACK else 0
            self._warned = self._calm < CALM_SLOTS
        elif highest >= RIM:
            self._warned, self._calm = True, 0
        return self._warned


def failing(time_ns: NDArray[np.int64], flow: Floats, sump: Floats) -> Bools:
    """Return at each row whether the pump should run and does not."""
    pump = Switches(2, SWITCHING)
    running = np.where(np.isfinite(flow), (flow > 0) * 1.0, np.nan)
    # A running pump may lose against a storm; that is a flood, no failure.
    score = np.nan_to_num(pump.update(time_ns, np.stack([running, sump], axis=1)))
    return np.asarray((score >= 1.0) & (running == 0.0))
