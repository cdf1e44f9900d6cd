"""What pumps do to a network and its tanks: pumps that no control can move, tanks that leave the band they are kept in.

Rule 1: a pump that is held obeys no control of the file (rules of [RULES] excepted, which the toolkit cannot reach).
Rule 2: a network without a tank on a gauge has no shortfalls: its pressures are what its file makes them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from wntr.epanet.toolkit import ENepanet

from gateway.model import SECOND
from simulators.models.contract import Window

# The toolkit's codes (EPANET 2.2 Programmer's Toolkit, enumerated types).
_CONTROL_COUNT, _STATUS = 5, 11
_LEAST_LEVEL, _MOST_LEVEL = 20, 21
_BY_LEVEL = (0, 1)
_LOW_SHARE = 0.2
_MARGIN_METRES = 0.1
"""What a level may pass the marks of its pump by, while that starts or stops."""
_SERVICE_MPA = 0.14
"""The least pressure at a customer's: CJJ 207 (from memory, verify)."""
_PAUSE_NS = 1800 * SECOND


class HeldPumps:
    """The pumps of a network, some of which stand or run whatever its controls say."""

    def __init__(self, engine: ENepanet, pumps: Sequence[int]) -> None:
        self._engine = engine
        self._held: dict[int, bool] = {}
        self._controls: dict[int, list[dict[str, float]]] = {pump: [] for pump in pumps}
        for number in range(1, engine.ENgetcount(_CONTROL_COUNT) + 1):
            control = engine.ENgetcontrol(number)
            if control["linkindex"] in self._controls:
                self._controls[control["linkindex"]].append(control)

    def hold(self, wanted: Mapping[int, bool]) -> None:
        """Have pumps run (True) or stand (False); those that were held and are not named go back to their controls."""
        for pump in self._held.keys() | wanted.keys():
            runs = wanted.get(pump)
            if self._held.get(pump) != runs:
                for control in self._controls[pump]:
                    self._set(control, control["setting"] if runs is None else float(runs))
            # Who repairs a pump starts it; its controls stop it where it is to stop.
            self._engine.ENsetlinkvalue(pump, _STATUS, 1.0 if runs is None else float(runs))
        self._held = dict(wanted)

    def _set(self, control: Mapping[str, float], setting: float) -> None:
        link, node = int(control["linkindex"]), int(control["nodeindex"])
        self._engine.ENsetcontrol(int(control["index"]), int(control["type"]), link, setting, node, control["level"])


class Shortfalls:
    """The true times at which tanks are out of their band, and at which gauges have too little pressure.

    The band of a tank is that of the controls that look at it; without any, all but the lowest fifth of what it holds.
    `metre` is the file's unit of length in metres.
    """

    def __init__(self, engine: ENepanet, tanks: Mapping[str, int], metre: float) -> None:
        self.windows: list[Window] = []
        self._open: dict[tuple[str, str], int] = {}
        self._bands: dict[str, tuple[float, float]] = {}
        """Tank → the depths in metres between which it is kept."""
        kept: dict[int, list[float]] = {node: [] for node in tanks.values()}
        for number in range(1, engine.ENgetcount(_CONTROL_COUNT) + 1):
            control = engine.ENgetcontrol(number)
            if control["type"] in _BY_LEVEL and control["nodeindex"] in kept:
                kept[control["nodeindex"]].append(control["level"] * metre)
        for asset, node in tanks.items():
            least, most = (engine.ENgetnodevalue(node, code) * metre for code in (_LEAST_LEVEL, _MOST_LEVEL))
            low, high = least + _LOW_SHARE * (most - least), math.inf
            if len(set(kept[node])) > 1:
                low, high = min(kept[node]) - _MARGIN_METRES, max(kept[node]) + _MARGIN_METRES
            self._bands[asset] = low, high

    def watch(self, time_ns: int, told: Mapping[str, float]) -> None:
        """Take the levels in m and pressures in MPa of a moment."""
        if not self._bands:
            return
        for asset, value in told.items():
            if asset not in self._bands:
                if value < _SERVICE_MPA:
                    self._note(time_ns, "low_pressure", asset, "pressure_abnormal")
                continue
            low, high = self._bands[asset]
            if value < low:
                self._note(time_ns, "tank_low", asset, "supply_abnormal")
            elif value > high:
                self._note(time_ns, "tank_high", asset, "supply_abnormal")

    def _note(self, time_ns: int, kind: str, asset: str, hazard: str) -> None:
        place = self._open.get((kind, asset))
        if place is not None and time_ns - self.windows[place].end_ns <= _PAUSE_NS:
            self.windows[place] = replace(self.windows[place], end_ns=time_ns)
        else:
            self._open[kind, asset] = len(self.windows)
            self.windows.append(Window(time_ns, time_ns, kind, asset, hazard))
