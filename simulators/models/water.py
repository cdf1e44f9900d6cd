"""A water network by EPANET (wntr's toolkit), stepped minute by minute so that leaks may begin at any time.

Demands follow the file's own patterns times a walk of each node's own. A leak is an emitter at the lower end of its
pipe: outflow = C pressure^n, n as the file says or 0.5, with C chosen so that it loses the given amount at the pressure
of before; what it then really loses is told of it. A hydrant is a junction that has a name: what is drawn there is
flushed, and wrong it is not.
"""

from __future__ import annotations

import logging
import math
import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from wntr.epanet.exceptions import EpanetException
from wntr.epanet.toolkit import ENepanet

from gateway.clock import to_iso
from gateway.errors import Fault
from gateway.model import SECOND, Floats
from simulators.models.breaking import most_m3_h
from simulators.models.contract import Event, Place, Window, check_event, staying, window_of
from simulators.models.metering import BACKWARD, BORE_MILLIMETRES, Totaliser, velocity_m_s
from simulators.models.network_text import network_text
from simulators.models.pumping import HeldPumps, Shortfalls
from simulators.models.refusal import BrokenOff, FileRefused, refused
from simulators.models.road import LEAK
from simulators.models.staging import grown, is_on
from simulators.noise import seed_of
from simulators.weather import Weather

# The toolkit's codes (EPANET 2.2 Programmer's Toolkit, enumerated types).
_BASE_DEMAND, _EMITTER, _PRESSURE = 1, 3, 11
_DIAMETER, _FLOW, _STATUS, _ENERGY = 0, 8, 11, 13
_NODE_COUNT, _JUNCTION, _PUMP = 0, 0, 2
_DURATION, _HYDRAULIC_STEP, _PATTERN_START, _REPORT_STEP = 0, 1, 4, 5
_TANK = 2
_AMPS_PER_KW = 1000.0 / (math.sqrt(3.0) * 380.0 * 0.85)
"""A motor of three phases at 380 V and a power factor of 0.85."""
_M3_H = (101.941, 0.227125, 157.725, 189.420, 51.4, 3.6, 0.06, 41.6667, 1.0, 1.0 / 24.0)
"""Flow units of the file, in the toolkit's order (CFS, GPM, MGD, IMGD, AFD, LPS, LPM, MLD, CMH, CMD) → m3/h."""
_FIRST_METRIC = 5
_MM_PER_INCH = 25.4
_MPA_PER_METRE, _MPA_PER_PSI = 0.00980665, 0.00689476
_CLOCK_OF_RUN = re.compile(r"^At +[\d:]+, ")
"""EPANET tells the time since its start; people know the time of day."""
_EXPONENT = re.compile(r"(?im)^\s*emitter\s+exponent\s+([\d.]+)")
_ROUGHNESS = 0.03
"""How far demands walk from their pattern, and how fast they come back."""
_BACK_SECONDS = 1800.0
KINDS = {
    "leak": "m3/h of lost water",
    "slow_leak": "m3/h of lost water, reached when `lasts` is over",
    "burst": "m3/h of lost water",
    "flush": "m3/h from a hydrant",
    "pump_failure": "",
    "pump_runs_on": "",
}
"""Kind of event → what its amount is, empty where it has none."""
_HAZARDS = {
    "leak": "pipe_leak",
    "slow_leak": "pipe_leak",
    "burst": "pipe_burst",
    "flush": "",
    "pump_failure": "pump_failure",
    "pump_runs_on": "supply_abnormal",
}
_OF_PUMPS = frozenset({"pump_failure", "pump_runs_on"})


@dataclass(frozen=True, slots=True)
class Network:
    """An EPANET file, and what the city calls its parts."""

    file: Path
    nodes: Mapping[str, str] = field(default_factory=dict)
    """Asset with a pressure gauge, or hydrant → junction; asset with a level gauge → tank."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Asset → pipe, pump or valve: where flow is measured, and where something may break."""


class WaterNetwork:
    """Pressures in MPa, flows in m3/h with their speeds and totals, tank levels in m, of a network's named parts."""

    step_seconds = 60.0

    def __init__(
        self, network: Network, *, start_ns: int, end_ns: int, utc_offset_seconds: float = 0.0, seed: int = 0
    ) -> None:
        logging.getLogger("wntr.epanet.toolkit").setLevel(logging.CRITICAL)
        self._network = network
        self._start_ns, self._end_ns = start_ns, end_ns
        self._seconds_of_day = (start_ns / SECOND + utc_offset_seconds) % 86_400.0
        self._random = np.random.default_rng(seed_of(str(seed), "water", network.file.name))
        # EPANET writes a report and results beside the network; neither is wanted.
        self._folder = tempfile.TemporaryDirectory(prefix="lifeline-epanet-")
        self._engine = self._opened()
        units = self._engine.ENgetflowunits()
        self._m3_h = _M3_H[units]
        self._exponent = _emitter_exponent(network.file)
        self._mpa = _MPA_PER_METRE if units >= _FIRST_METRIC else _MPA_PER_PSI
        self._metre = 1.0 if units >= _FIRST_METRIC else 0.3048
        self._millimetre = 1.0 if units >= _FIRST_METRIC else _MM_PER_INCH
        self._node_of = {asset: self._index("node", asset, name) for asset, name in network.nodes.items()}
        self._link_of = {asset: self._index("link", asset, name) for asset, name in network.links.items()}
        self._pumps = {a for a, link in self._link_of.items() if self._engine.ENgetlinktype(link) == _PUMP}
        self._tanks = {a for a, node in self._node_of.items() if self._engine.ENgetnodetype(node) == _TANK}
        pipes = [asset for asset in self._link_of if asset not in self._pumps]
        self.places: tuple[Place, ...] = (
            *((asset, "water_level" if asset in self._tanks else "water_pressure") for asset in self._node_of),
            *((asset, "water_flow") for asset in self._link_of),
            *((asset, quantity) for quantity in ("pump_running", "motor_current") for asset in sorted(self._pumps)),
            *((asset, quantity) for quantity in ("velocity", "water_volume", BACKWARD) for asset in self._link_of),
            *((asset, LEAK) for asset in pipes),
        )
        laid = {link: ends for link, (_, *ends) in network_text(network.file).links.items()}
        bores = self._bores(laid)
        self._bores_of = [bores[network.links[asset]] for asset in self._link_of]
        self._totals = Totaliser(len(self._link_of), self.step_seconds)
        self._pipes = pipes
        hydrants = {asset: node for asset, node in self._node_of.items() if asset not in self._tanks}
        self._where = {
            **dict.fromkeys(KINDS, frozenset(pipes)),
            "flush": frozenset({*pipes, *hydrants}),
            **dict.fromkeys(_OF_PUMPS, frozenset(self._pumps)),
        }
        self._breaks_at = self._lower_ends(pipes, laid) | hydrants
        self._most = {pipe: most_m3_h(bores[network.links[pipe]]) for pipe in pipes}
        for asset in hydrants:
            at = [bores[link] for link, ends in laid.items() if network.nodes[asset] in ends]
            self._most.setdefault(asset, most_m3_h(max(at, default=BORE_MILLIMETRES)))
        self._demands = self._base_demands()
        self._walk = np.zeros(len(self._demands))
        self._held = HeldPumps(self._engine, [self._link_of[asset] for asset in sorted(self._pumps)])
        tanks = {asset: self._node_of[asset] for asset in self._tanks}
        self._shortfalls = Shortfalls(self._engine, tanks, self._metre)
        self._events: list[Event] = []
        self._opening: dict[int, float] = {}
        """Event → emitter coefficient, chosen at the pressure at which it opened."""
        self._open: dict[int, float] = {}
        """Event that is on → its share of the emitter."""
        self._reached: dict[int, float] = {}
        """Event → the most that it has drawn so far, in m3/h."""
        self._emitters: dict[int, float] = {}
        self._elapsed = 0
        self._begin()

    @property
    def happened(self) -> Sequence[Window]:
        """Tanks that left their band, and gauges without the pressure to serve."""
        return self._shortfalls.windows

    def stage(self, event: Event) -> Window | None:
        """Take a leak, a burst, a flushing, or a pump that stops or does not."""
        most = self._most.get(event.asset, math.inf)
        check_event(event, KINDS, self._where.get(event.kind, frozenset()), most=most)
        if event.kind == "slow_leak" and not math.isfinite(event.seconds):
            raise ValueError(f"slow_leak at {event.asset}: lasts is missing: how long it grows")
        if event.kind in _OF_PUMPS and any(_contradict(event, other) for other in self._events):
            raise ValueError(f"{event.kind} at {event.asset}: a pump cannot stand and run on at one time")
        self._events.append(event)
        if event.kind == "slow_leak":
            return staying(event, "pipe_leak", self._end_ns)
        return window_of(event, _HAZARDS[event.kind], self._end_ns)

    def accounted(self, window: Window) -> Window:
        """Return the window of a leak, a burst or a flushing with the most that it has really drawn so far."""
        drawn = [
            self._reached[number]
            for number, event in enumerate(self._events)
            if number in self._reached and (event.time_ns, event.kind, event.asset) == _key(window)
        ]
        if not drawn:
            return window
        return replace(window, detail={**window.detail, "most_m3_h": float(f"{sum(drawn):.4g}")})

    def step(self, time_ns: int, weather: Weather, others: Mapping[Place, float]) -> Floats:
        """Solve the network for this minute."""
        del others
        engine = self._engine
        self._break(time_ns)
        share = math.exp(-self.step_seconds / _BACK_SECONDS)
        self._walk = self._walk * share + self._random.normal(0.0, _ROUGHNESS, len(self._walk))
        weekend = 1.0 if weather.is_workday else 1.06
        for (node, base), walk in zip(self._demands, self._walk.tolist(), strict=True):
            engine.ENsetnodevalue(node, _BASE_DEMAND, max(0.0, base * weekend * (1.0 + walk)))
        self._solve_until((time_ns - self._start_ns) // SECOND)
        levels = []
        for asset, node in self._node_of.items():
            value = engine.ENgetnodevalue(node, _PRESSURE)
            if asset in self._tanks:
                # A tank's "pressure" is its depth; the file's pressure unit may be psi.
                levels.append(value * self._mpa / _MPA_PER_METRE)
            else:
                levels.append(value * self._mpa)
        lost = self._lost()
        self._shortfalls.watch(time_ns, dict(zip(self._node_of, levels, strict=True)))
        flows = [engine.ENgetlinkvalue(link, _FLOW) * self._m3_h for link in self._link_of.values()]
        pumps = [self._link_of[pump] for pump in sorted(self._pumps)]
        running = [engine.ENgetlinkvalue(pump, _STATUS) for pump in pumps]
        amps = [engine.ENgetlinkvalue(pump, _ENERGY) * _AMPS_PER_KW for pump in pumps]
        speeds = [velocity_m_s(flow, bore) for flow, bore in zip(flows, self._bores_of, strict=True)]
        forward, backward = self._totals.count(np.array(flows))
        losses = [lost.get(pipe, 0.0) for pipe in self._pipes]
        return np.array([*levels, *flows, *running, *amps, *speeds, *forward, *backward, *losses])

    def close(self) -> None:
        """Close EPANET and remove its files."""
        if self._engine.isOpen():
            self._engine.ENclose()
        self._folder.cleanup()

    def _opened(self) -> ENepanet:
        engine = ENepanet(version=2.2)
        report = Path(self._folder.name) / "report.txt"
        # The library takes no path but in Latin letters.
        copy = Path(self._folder.name) / "network.inp"
        try:
            copy.write_bytes(self._network.file.read_bytes())
            engine.ENopen(str(copy), str(report), "")
        except OSError as error:
            self._folder.cleanup()
            fault = Fault(str(self._network.file), 1, 1, f"cannot read the file: {error.strerror}")
            raise FileRefused([fault]) from error
        except EpanetException as error:
            _closed(engine)
            said = _text(report)
            self._folder.cleanup()
            raise refused("EPANET", self._network.file, said, str(error)) from error
        return engine

    def _index(self, sort: str, asset: str, name: str) -> int:
        find = self._engine.ENgetnodeindex if sort == "node" else self._engine.ENgetlinkindex
        try:
            return int(find(name))
        except EpanetException:
            self.close()
            raise ValueError(f"{asset}: there is no {sort} {name!r} in {self._network.file}") from None

    def _base_demands(self) -> list[tuple[int, float]]:
        engine = self._engine
        junctions = [
            node
            for node in range(1, engine.ENgetcount(_NODE_COUNT) + 1)
            if engine.ENgetnodetype(node) == _JUNCTION and engine.ENgetnodevalue(node, _BASE_DEMAND) > 0
        ]
        return [(node, engine.ENgetnodevalue(node, _BASE_DEMAND)) for node in junctions]

    def _bores(self, laid: Mapping[str, Sequence[str]]) -> dict[str, float]:
        """Return the bore of every link in mm; a pump has that of the widest pipe beside it."""
        engine = self._engine
        told = dict.fromkeys(laid, 0.0)
        for link in laid:
            with suppress(EpanetException):
                told[link] = engine.ENgetlinkvalue(int(engine.ENgetlinkindex(link)), _DIAMETER)
        beside: dict[str, float] = {}
        for link, ends in laid.items():
            for node in ends:
                beside[node] = max(told[link], beside.get(node, 0.0))
        return {
            link: (told[link] or max(beside[node] for node in ends)) * self._millimetre or BORE_MILLIMETRES
            for link, ends in laid.items()
        }

    def _lower_ends(self, pipes: list[str], laid: Mapping[str, Sequence[str]]) -> dict[str, int]:
        """Return the junction of each pipe at which its leaks are put."""
        engine = self._engine
        ends = {}
        for pipe in pipes:
            start, end = (int(engine.ENgetnodeindex(name)) for name in laid[self._network.links[pipe]])
            ends[pipe] = end if engine.ENgetnodetype(end) == _JUNCTION else start
        return ends

    def _begin(self) -> None:
        engine = self._engine
        engine.ENsettimeparam(_DURATION, (self._end_ns - self._start_ns) // SECOND + 86_400)
        # The file's patterns are of the local day.
        engine.ENsettimeparam(_PATTERN_START, round(self._seconds_of_day))
        engine.ENsettimeparam(_REPORT_STEP, round(self.step_seconds))
        engine.ENsettimeparam(_HYDRAULIC_STEP, round(self.step_seconds))
        engine.ENopenH()
        engine.ENinitH(0)

    def _solve_until(self, elapsed: int) -> None:
        """Run EPANET's own steps, which a tank or a control may cut short, up to a moment."""
        engine = self._engine
        while True:
            try:
                engine.ENrunH()
                if self._elapsed >= elapsed:
                    return
                passed = engine.ENnextH()
            except EpanetException as error:
                raise self._broken_off(str(error)) from error
            if passed == 0:
                # The library warns of what it could not solve, and then goes no further without an error.
                said = _CLOCK_OF_RUN.sub("", "; ".join(engine.errcodelist[-1:]))
                raise self._broken_off(f"its option 'Unbalanced STOP' halted it: {said or 'no reason was given'}")
            del engine.errcodelist[:-1]
            self._elapsed += passed

    def _broken_off(self, reason: str) -> BrokenOff:
        when = to_iso(self._start_ns + self._elapsed * SECOND)
        return BrokenOff(f"{self._network.file}: EPANET could not go on at {when}: {reason}")

    def _break(self, time_ns: int) -> None:
        """Set pumps and emitters as the events say."""
        engine = self._engine
        wanted: dict[int, float] = {}
        self._open = {}
        held: dict[int, bool] = {}
        for number, event in enumerate(self._events):
            if event.kind in _OF_PUMPS:
                if is_on(event, time_ns):
                    held[self._link_of[event.asset]] = event.kind == "pump_runs_on"
                continue
            share = grown(event, time_ns) / event.amount if event.kind == "slow_leak" else float(is_on(event, time_ns))
            if not share:
                continue
            node = self._breaks_at[event.asset]
            pressure = max(1.0, engine.ENgetnodevalue(node, _PRESSURE))
            coefficient = self._opening.setdefault(number, event.amount / self._m3_h / pressure**self._exponent)
            self._open[number] = share * coefficient
            wanted[node] = wanted.get(node, 0.0) + share * coefficient
        self._held.hold(held)
        for node in wanted.keys() | self._emitters.keys():
            coefficient = wanted.get(node, 0.0)
            if self._emitters.get(node) != coefficient:
                engine.ENsetnodevalue(node, _EMITTER, coefficient)
        self._emitters = wanted

    def _lost(self) -> dict[str, float]:
        """Return what each pipe loses now, in m3/h, and keep what every event draws."""
        lost: dict[str, float] = {}
        for number, coefficient in self._open.items():
            event = self._events[number]
            pressure = max(0.0, self._engine.ENgetnodevalue(self._breaks_at[event.asset], _PRESSURE))
            flow = coefficient * pressure**self._exponent * self._m3_h
            self._reached[number] = max(flow, self._reached.get(number, 0.0))
            if event.kind != "flush":
                lost[event.asset] = lost.get(event.asset, 0.0) + flow
        return lost


def _key(window: Window) -> tuple[int, str, str]:
    return window.start_ns, window.kind, window.asset


def _contradict(one: Event, other: Event) -> bool:
    """Return whether two events hold a pump both on and off at some moment."""
    if other.kind not in _OF_PUMPS or other.kind == one.kind or other.asset != one.asset:
        return False
    return is_on(one, max(one.time_ns, other.time_ns)) and is_on(other, max(one.time_ns, other.time_ns))


def _closed(engine: ENepanet) -> None:
    """Have EPANET close its report after a file that it did not take, so that all it said stands in there."""
    engine.ENlib.EN_close(engine._project)  # noqa: SLF001 - it has no method that closes what did not open
    engine.ENlib.EN_deleteproject(engine._project)  # noqa: SLF001 - as above


def _emitter_exponent(file: Path) -> float:
    found = _EXPONENT.search(_text(file))
    return float(found.group(1)) if found else 0.5


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
