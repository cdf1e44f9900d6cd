"""A drainage network by SWMM (pyswmm), stepped minute by minute under the weather's rain.

One network a process at a time: the library keeps its state in globals, and says so when a second one is opened.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from pyswmm import Links, Nodes, RainGages, Simulation
from pyswmm.errors import MultiSimulationError
from swmm.toolkit import solver

from gateway.clock import to_iso
from gateway.errors import Fault
from gateway.model import SECOND, Floats
from simulators.models.conduits import full_flows
from simulators.models.contract import Event, Place, Window, check_event, staying, window_of
from simulators.models.network_text import network_text
from simulators.models.refusal import BrokenOff, FileRefused, failure_in, refused
from simulators.models.staging import grown, is_on
from simulators.noise import seed_of
from simulators.weather import Weather

KINDS = {
    "blockage": "% of the section that is closed, reached when `lasts` is over where given",
    "pump_failure": "",
}
"""Kind of event → what its amount is, empty where it has none."""
_HAZARDS = {"blockage": "sewer_blockage", "pump_failure": "pump_failure"}
_CLOSED = 100.0
_LEVEL_NOISE = 0.004
_FLOOD_M3_S = 0.001
"""More than this over the rim is a flood; pauses of up to two hours do not part it in two."""
_FLOOD_PAUSE_NS = 2 * 3600 * SECOND
_PUMP_WORDS = 7
"""Name, inlet, outlet, curve, state, start and stop level (SWMM manual, section [PUMPS])."""
_PUMP_AMPERES = 22.0
"""Of an 11 kW motor at 380 V."""
_M3_H = {"CFS": 101.941, "GPM": 0.227125, "MGD": 157.725, "CMS": 3600.0, "LPS": 3.6, "MLD": 41.6667}
_METRES_PER_FOOT, _MM_PER_INCH = 0.3048, 25.4
_DRIP = 1e-6
"""What is left of the flow of a pipe that is closed."""
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
        is_metric = self._simulation.system_units == "SI"
        self._m3_h = _M3_H[self._simulation.flow_units]
        self._metre, self._mm = (1.0, 1.0) if is_metric else (_METRES_PER_FOOT, _MM_PER_INCH)
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
            *((asset, "motor_current") for asset in self._pumps),
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
        check_event(event, KINDS, frozenset(self._pumps) if event.kind == "pump_failure" else pipes, most=_CLOSED)
        self._events.append(event)
        make = staying if event.kind == "blockage" else window_of
        return make(event, _HAZARDS[event.kind], self._end_ns)

    def step(self, time_ns: int, weather: Weather, others: Mapping[Place, float]) -> Floats:
        """Route a minute of rain and sewage."""
        del others
        for gauge in self._gauges:
            gauge.total_precip = weather.rain_mm_h / self._mm
        self._break(time_ns)
        try:
            next(self._clock, None)
        except Exception as error:
            # As above: nothing but the sentence tells what it was.
            raise self._broken_off(time_ns, str(error)) from error
        self._watch_floods(time_ns)
        depths = np.array([node.depth for node in self._nodes.values()]) * self._metre
        noise = self._random.normal(0.0, _LEVEL_NOISE, len(depths))
        roads = self._sewers.roads.items()
        ponding = [max(0.0, self._nodes[asset].depth * self._metre - road) * 100.0 for asset, road in roads]
        flows = [link.flow * self._m3_h for link in self._links.values()]
        running = [float(self._links[pump].flow > 0) for pump in self._pumps]
        drawn = [_PUMP_AMPERES * one for one in running]
        return np.concatenate((np.clip(depths + noise, 0.0, None), ponding, flows, running, drawn))

    def close(self) -> None:
        """Close SWMM and remove its files."""
        self._stack.close()

    def _opened(self, start_ns: int) -> Simulation:
        """Open a copy of the file that begins and ends with the world."""
        folder, file = self._folder, self._sewers.file
        local, report = folder / "network.inp", folder / "report.txt"
        try:
            self._full_flows = full_flows(network_text(file))
            text, self._levels = _unruled(file.read_text(encoding="utf-8", errors="replace"))
            local.write_text(_dated(_anchored(text, file.parent), start_ns, self._end_ns + self._shift_ns))
        except OSError as error:
            self._stack.close()
            fault = Fault(str(file), 1, 1, f"cannot read the file: {error.strerror}")
            raise FileRefused([fault]) from error
        try:
            simulation = Simulation(str(local), str(report), str(folder / "results.bin"))
        except MultiSimulationError as error:
            self._stack.close()
            raise ValueError("one drainage network at a time: another one is open in this process") from error
        except Exception as error:
            # The library raises its errors as bare Exception; what was wrong it writes down when it is closed.
            solver.swmm_close()
            said = report.read_text(errors="replace") if report.exists() else ""
            self._stack.close()
            raise refused("SWMM", file, said, str(error)) from error
        return self._stack.enter_context(simulation)

    def _broken_off(self, time_ns: int, reason: str) -> BrokenOff:
        """Close the library, so that it writes down what was wrong, and return that."""
        with suppress(Exception):
            self._simulation.__exit__()
        report = self._folder / "report.txt"
        said = failure_in(report.read_text(errors="replace")) if report.exists() else ""
        said = said.replace(str(self._folder), str(self._sewers.file.parent))
        reason = f"error {said}" if said else " ".join(reason.split())
        return BrokenOff(f"{self._sewers.file}: SWMM could not go on at {to_iso(time_ns)}: {reason}")

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
            share = closed.get(asset, 0.0)
            full = self._full_flows.get(self._sewers.links[asset])
            if full is None:
                link.target_setting = 1.0 - share
            else:
                # No limit is written as 0.
                link.flow_limit = max(_DRIP, 1.0 - share) * full / self._m3_h if share else 0.0
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
            over = node.flooding * self._m3_h > _FLOOD_M3_S * 3600.0
            depth = node.depth * self._metre
            on_road = asset in self._sewers.roads and depth > self._sewers.roads[asset] + _WET_ROAD
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


def _anchored(text: str, folder: Path) -> str:
    r"""Return a SWMM file whose own files (rain, tides) are found from elsewhere, too.

    >>> _anchored('G1 INTENSITY 0:05 1.0 FILE "rain.dat" STA1 MM', Path("/city"))
    'G1 INTENSITY 0:05 1.0 FILE "/city/rain.dat" STA1 MM'
    """
    return re.sub(r'(?i)(\bFILE\s+)"?([^"\s]+)"?', lambda found: f'{found[1]}"{folder.absolute() / found[2]}"', text)


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
