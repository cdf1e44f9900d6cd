"""A scenario after checking, and the district and world that it makes."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.errors import ConfigError, Fault
from gateway.inventory import Inventory
from gateway.model import SECOND
from simulators.courses import KEPT_NS, courses_of
from simulators.districts import Part, Term
from simulators.districts.site import site_text
from simulators.drawn_events import MISHAPS, befallen, drawn_events
from simulators.drawn_faults import Rate
from simulators.instruments import Fault as InstrumentFault
from simulators.instruments import Instruments
from simulators.models.contract import Event, Model, Window
from simulators.models.refusal import FileRefused
from simulators.own.networks import Networks
from simulators.own.site import site_part
from simulators.reports import Report, Reports
from simulators.scenarios.expectation import Expectation
from simulators.scenarios.faults import faults_of
from simulators.scenarios.place import OwnSite, parts_of
from simulators.weather import Climate, Storm
from simulators.world import World


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario; all its times are absolute."""

    name: str
    title: str
    file: str
    learn_ns: int
    """Where the world begins, to be learned from."""
    start_ns: int
    """Where judging begins."""
    end_ns: int
    timezone: str
    utc_offset_seconds: float
    seed: int
    is_long: bool
    district: Mapping[str, int]
    storms: Sequence[Storm]
    mean_celsius: float
    wind_m_s: float
    report_seconds: Mapping[str, float]
    faults_per_device_year: float
    events: Sequence[Event]
    faults: Sequence[InstrumentFault]
    expectations: Sequence[Expectation]
    drawn: Sequence[Rate] = ()
    """Faults of instruments drawn at a rate of their kind."""
    events_per_asset_year: Mapping[str, float | None] = field(default_factory=dict)
    """What breaks unscheduled: kind → how often a year on each asset, None for its usual rate."""
    networks: Networks = field(default_factory=Networks)
    """EPANET and SWMM files of one's own."""
    site: OwnSite | None = None
    """A site file of one's own."""
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Where in its file something stands, e.g. `happens.0`, as line and column."""

    def fault(self, place: str, reason: str) -> ConfigError:
        """Return what to raise when something that stands at a place of the file cannot be."""
        line, column = self.places.get(place, (1, 1))
        return ConfigError([Fault(self.file, line, column, f"{place}: {reason}")])

    def parts(self, inventory: Inventory | None = None) -> list[Part]:
        """Return the parts of its place, in the order in which models step; a site of one's own needs its inventory.

        ConfigError when a network has gone or does not fit the site.
        """
        if self.site is not None and inventory is None:
            raise self.fault("site", "its physics are built from its inventory")
        try:
            if self.site is not None and inventory is not None:
                return [site_part(inventory, self.networks)]
            return parts_of(self.district, self.networks)
        except (OSError, ValueError) as error:
            raise self.fault(self.named_by, str(error)) from error

    def site_text(self) -> str:
        """Return the site file of its place: the one that it names, or a generated one."""
        if self.site is not None:
            return self.site.text
        return site_text(self.name.replace("_", "-"), self.parts(), timezone=self.timezone)

    @property
    def named_by(self) -> str:
        """The key by which the scenario names its place."""
        return "site" if self.site else "district" if self.district else "network"


class Stage:
    """A scenario as it is played: the world, its instruments and what they report. A block closes its files.

    ConfigError names the line of the scenario for what its district does not have or its physics refuse.
    """

    def __init__(self, scenario: Scenario, inventory: Inventory) -> None:
        self.scenario = scenario
        self._stack = ExitStack()
        try:
            self._build(inventory)
        except BaseException:
            self._stack.close()
            raise

    def _build(self, inventory: Inventory) -> None:
        scenario = self.scenario
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="lifeline-scenario-")))
        term = Term(scenario.learn_ns, scenario.end_ns, scenario.seed, folder, scenario.utc_offset_seconds)
        climate = Climate(
            seed=scenario.seed,
            utc_offset_seconds=scenario.utc_offset_seconds,
            storms=scenario.storms,
            mean_celsius=scenario.mean_celsius,
            wind_m_s=scenario.wind_m_s,
        )
        parts = scenario.parts(inventory)
        models: list[Model] = []
        try:
            for part in parts:
                for model in part.models(term):
                    self._stack.callback(model.close)
                    models.append(model)
            self.world = World(models, climate, scenario.learn_ns)
        except FileRefused as error:
            raise ConfigError(error.faults) from error
        except ValueError as error:
            raise scenario.fault(scenario.named_by, str(error)) from error
        self.kin = kin_of(parts)
        self.parameters = term.draws.parameters
        """What was drawn for its assets: lengths, roughness, people, stiffness."""
        self._stage(scenario)
        self._befall(scenario, inventory)
        self.instruments = Instruments(faults_of(scenario, inventory), seed=scenario.seed)
        self.signals = courses_of(inventory, self.world, self.instruments, seed=str(scenario.seed))
        self.reports = Reports(
            inventory,
            self.signals,
            self.instruments,
            start_ns=scenario.learn_ns,
            period_seconds=scenario.report_seconds,
        )
        self._mounted = {device.id: device.asset for device in inventory.devices.values()}

    def _stage(self, scenario: Scenario) -> None:
        """Stage what happens; ConfigError with all that cannot."""
        faults: list[Fault] = []
        for number, event in enumerate(scenario.events):
            try:
                self.world.stage(event)
            except ValueError as error:
                faults += scenario.fault(f"happens.{number}", str(error)).faults
        if faults:
            raise ConfigError(faults)

    def _befall(self, scenario: Scenario, inventory: Inventory) -> None:
        """Stage what is drawn, on the assets whose physics are known; ConfigError for a kind that none of them has."""
        span = {"start_ns": scenario.start_ns, "end_ns": scenario.end_ns, "seed": scenario.seed}
        for kind, rate in scenario.events_per_asset_year.items():
            reasons = []
            if not befallen(kind, inventory.assets):
                what = f"{MISHAPS[kind].asset_kind} of {MISHAPS[kind].lifeline}"
                raise scenario.fault(f"events_per_asset_year.{kind}", f"it befalls a {what}, and there is none here")
            drawn = drawn_events(inventory.assets, {kind: rate}, **span)
            for event in drawn:
                try:
                    self.world.stage(event)
                except ValueError as error:
                    reasons.append(str(error))
            if drawn and len(reasons) == len(drawn):
                raise scenario.fault(f"events_per_asset_year.{kind}", reasons[0])

    def arrivals(self, end_ns: int) -> Iterator[Report]:
        """Yield what arrives before a moment, once the world has come so far: physics that fail do so here."""
        for report in self.reports.until(end_ns):
            self.world.advance(report.time_ns, keep_ns=KEPT_NS)
            yield report

    @property
    def windows(self) -> list[Window]:
        """The truth so far: of the world and of its instruments."""
        end_ns = self.scenario.end_ns
        of_instruments = [
            fault.window(self._mounted.get(fault.device, fault.device), end_ns) for fault in self.instruments.faults
        ]
        return [*self.world.windows, *of_instruments]

    def close(self) -> None:
        """Leave no file and no handle behind."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def kin_of(parts: Sequence[Part]) -> dict[str, frozenset[str]]:
    """Return which assets are right to name for another."""
    kin: dict[str, frozenset[str]] = {}
    for part in parts:
        for asset, names in part.kin.items():
            kin[asset] = kin.get(asset, frozenset()) | names
    return kin


def days_of(scenario: Scenario) -> float:
    """Return how many days are judged."""
    return max((scenario.end_ns - scenario.start_ns) / SECOND / 86_400.0, math.ulp(1.0))
