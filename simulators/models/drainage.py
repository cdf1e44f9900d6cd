"""A drainage network by SWMM (pyswmm), stepped minute by minute under the weather's rain.

One network a process at a time: the library keeps its state in globals, and says so when a second one is opened.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from pyswmm import Links, Nodes, RainGages, Simulation

from gateway.model import SECOND, Floats
from simulators.models.contract import Event, Place, Window, check_event, staying, window_of
from simulators.models.staging import grown, is_on
from simulators.noise import seed_of
from simulators.weather import Weather

_KINDS = {
    "blockage": "% of the section that is closed, reached within `seconds` where given",
    "pump_failure": "",
}
_HAZARDS = {"blockage": "sewer_blockage", "pump_failure": "pump_failure"}
_CLOSED = 100.0
_LEVEL_NOISE = 0.004
_FLOOD_M3_S = 0.001
"""More than this over the rim is a flood; pauses of up to two hours do not part it in two."""
_FLOOD_PAUSE_NS = 2 * 3600 * SECOND
_PUMP_WORDS = 7
"""Name, inlet, outlet, curve, state, start and stop level (SWMM manual, section [PUMPS])."""
_WET_ROAD = 0.05
"""Metres of water on a road from which it is waterlogged (proposal of the domain notes: blue at 5 cm)."""


@dataclass(frozen=True, slots=True)
class Sewers:
    """A SWMM file, and what the city calls its parts."""

    file: Path
    nodes: Mapping[str, str] = field(default_factory=dict)
    """Asset with a level gauge → node: manhole, sump or underpass."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Asset → conduit, orifice or pump: where flow is measured, and where something may break."""
    roads: Mapping[str, float] = field(default_factory=dict)
    """Asset of `nodes` → metres from its invert up to the road that stands under water above that."""


class DrainageNetwork:
    """Levels in m above invert, ponding in cm above the rim, flows in m3/h, of the named parts."""

    step_seconds = 60.0

    def __init__(
        self, sewers: Sewers, *, start_ns: int, end_ns: int, utc_offset_seconds: float = 0.0, seed: int = 0
    ) -> None:
        self._sewers = sewers
        self._end_ns = end_ns
        self._random = np.random.default_rng(seed_of(str(seed), "drainage", sewers.file.name))
        self._stack = ExitStack()
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="lifeline-swmm-")))
        # The file speaks local time: sewage follows the hours in which people live.
        self._shift_ns = round(utc_offset_seconds * SECOND)
        self._simulation = self._opened(start_ns + self._shift_ns)
        self._nodes = self._named(Nodes(self._simulation), sewers.nodes, "node")
        self._links = self._named(Links(self._simulation), sewers.links, "link")
        self._gauges = list(RainGages(self._simulation))
        self._pumps = [asset for asset, link in self._links.items() if link.is_pump()]
        nodes = Nodes(self._simulation)
        self._inlets = {pump: nodes[self._links[pump].inlet_node] for pump in self._pumps}
        self.places: tuple[Place, ...] = (
            *((asset, "water_level") for asset in self._nodes),
            *((asset, "ponding_depth") for asset in sewers.roads),
            *((asset, "sewage_flow") for asset in self._links),
            *((asset, "pump_running") for asset in self._pumps),
        )
        self.happened: list[Window] = []
        """What came of rain and events: floods, each until its last wet minute."""
        self._events: list[Event] = []
        self._touched: set[str] = set()
        self._floods: dict[tuple[str, str], int] = {}
        self._clock: Iterator[object] = iter(self._simulation)
        self._simulation.step_advance(round(self.step_seconds))

    def stage(self, event: Event) -> Window | None:
        """Take a blocked sewer or a pump that stops."""
        pipes = frozenset(self._links) - frozenset(self._pumps)
        check_event(event, _KINDS, frozenset(self._pumps) if event.kind == "pump_failure" else pipes)
        if event.kind == "blockage" and event.amount > _CLOSED:
            raise ValueError(f"blockage at {event.asset}: at most {_CLOSED:g} % can be closed, got {event.amount:g}")
        self._events.append(event)
        make = staying if event.kind == "blockage" else window_of
        return make(event, _HAZARDS[event.kind], self._end_ns)

    def step(self, time_ns: int, weather: Weather, others: Mapping[Place, float]) -> Floats:
        """Route a minute of rain and sewage."""
        del others
        for gauge in self._gauges:
            gauge.total_precip = weather.rain_mm_h
        self._break(time_ns)
        next(self._clock, None)
        self._watch_floods(time_ns)
        depths = np.array([node.depth for node in self._nodes.values()])
        noise = self._random.normal(0.0, _LEVEL_NOISE, len(depths))
        ponding = [max(0.0, self._nodes[asset].depth - road) * 100.0 for asset, road in self._sewers.roads.items()]
        flows = [link.flow * 3600.0 for link in self._links.values()]
        running = [float(self._links[pump].flow > 0) for pump in self._pumps]
        return np.concatenate((np.clip(depths + noise, 0.0, None), ponding, flows, running))

    def close(self) -> None:
        """Close SWMM and remove its files."""
        self._stack.close()

    def _opened(self, start_ns: int) -> Simulation:
        """Open a copy of the file that begins and ends with the world."""
        folder = self._folder
        local = folder / "network.inp"
        try:
            text, self._levels = _unruled(self._sewers.file.read_text())
            local.write_text(_dated(text, start_ns, self._end_ns + self._shift_ns))
            simulation = Simulation(str(local), str(folder / "report.txt"), str(folder / "results.bin"))
            return self._stack.enter_context(simulation)
        except Exception as error:
            # The library raises its errors as bare Exception; the file's own fault stands in its report.
            report = folder / "report.txt"
            said = report.read_text(errors="replace") if report.exists() else ""
            found = re.search(r"ERROR \d+:.*", said)
            self._stack.close()
            raise ValueError(f"{self._sewers.file}: {found.group(0) if found else str(error).strip()}") from error

    def _named(self, parts: Any, names: Mapping[str, str], sort: str) -> dict[str, Any]:
        found = {}
        for asset, name in names.items():
            if name not in parts:
                self.close()
                raise ValueError(f"{asset}: there is no {sort} {name!r} in {self._sewers.file}")
            found[asset] = parts[name]
        return found

    def _break(self, time_ns: int) -> None:
        """Set openings as the events say; what never broke is left to the file's own rules."""
        closed: dict[str, float] = {}
        for event in self._events:
            share = grown(event, time_ns) / _CLOSED if event.kind == "blockage" else float(is_on(event, time_ns))
            if share > 0:
                closed[event.asset] = max(share, closed.get(event.asset, 0.0))
                self._touched.add(event.asset)
        for asset in self._touched:
            link = self._links[asset]
            if link.is_pump():
                continue
            link.target_setting = 1.0 - closed.get(asset, 0.0)
        for asset in self._pumps:
            self._switch(asset, is_failed=asset in closed)

    def _switch(self, asset: str, *, is_failed: bool) -> None:
        pump = self._links[asset]
        start, stop = self._levels.get(pump.linkid, (0.0, 0.0))
        depth = self._inlets[asset].depth
        if is_failed or (start and depth <= stop):
            pump.target_setting = 0.0
        elif not start or depth >= start:
            pump.target_setting = 1.0

    def _watch_floods(self, time_ns: int) -> None:
        """Keep the true times of water over the rim, or on the road, of each named node."""
        for asset, node in self._nodes.items():
            over = node.flooding > _FLOOD_M3_S
            on_road = asset in self._sewers.roads and node.depth > self._sewers.roads[asset] + _WET_ROAD
            if not (over or on_road):
                continue
            hazard = "waterlogging" if on_road else "sewer_overflow"
            open_ = self._floods.get((asset, hazard))
            if open_ is not None and time_ns - self.happened[open_].end_ns <= _FLOOD_PAUSE_NS:
                self.happened[open_] = replace(self.happened[open_], end_ns=time_ns)
            else:
                self._floods[asset, hazard] = len(self.happened)
                self.happened.append(Window(time_ns, time_ns, "flood", asset, hazard))


def _unruled(text: str) -> tuple[str, dict[str, tuple[float, float]]]:
    r"""Take the start and stop levels of pumps out of a SWMM file, for the model to switch them, and failing ones off.

    >>> _unruled("[PUMPS]\nP1 U J6 PC1 OFF 0.9 0.3\n[CURVES]")
    ('[PUMPS]\nP1 U J6 PC1 OFF 0 0\n[CURVES]', {'P1': (0.9, 0.3)})
    """
    levels: dict[str, tuple[float, float]] = {}
    lines, section = text.splitlines(), ""
    for number, line in enumerate(lines):
        words = line.split(";")[0].split()
        if line.startswith("["):
            section = line.strip().upper()
        elif section == "[PUMPS]" and len(words) == _PUMP_WORDS:
            levels[words[0]] = (float(words[5]), float(words[6]))
            lines[number] = " ".join([*words[:5], "0 0"])
    return "\n".join(lines), levels


def _dated(text: str, start_ns: int, end_ns: int) -> str:
    """Return a SWMM file with the dates of the world; a day is added, for the last step may end after it."""
    start = datetime.fromtimestamp(start_ns // SECOND, UTC)
    end = datetime.fromtimestamp(end_ns // SECOND, UTC) + timedelta(days=1)
    wanted = {
        "START_DATE": f"{start:%m/%d/%Y}",
        "START_TIME": f"{start:%H:%M:%S}",
        "REPORT_START_DATE": f"{start:%m/%d/%Y}",
        "REPORT_START_TIME": f"{start:%H:%M:%S}",
        "END_DATE": f"{end:%m/%d/%Y}",
        "END_TIME": f"{end:%H:%M:%S}",
    }
    for key, value in wanted.items():
        text = re.sub(rf"(?m)^{key}\s.*$", f"{key} {value}", text)
    return text
