"""A scenario after checking, and the district and world that it makes."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.errors import ConfigError, Fault
from gateway.inventory import Inventory
from gateway.model import SECOND
from simulators.courses import courses_of
from simulators.districts import PARTS, Part, Term
from simulators.districts.site import site_text
from simulators.drawn_faults import Rate
from simulators.instruments import Fault as InstrumentFault
from simulators.instruments import Instruments
from simulators.models.contract import Event, Window
from simulators.reports import Reports
from simulators.scenarios.expectation import Expectation
from simulators.scenarios.faults import faults_of
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
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Where in its file something stands, e.g. `happens.0`, as line and column."""

    def fault(self, place: str, reason: str) -> ConfigError:
        """Return what to raise when something that stands at a place of the file cannot be."""
        line, column = self.places.get(place, (1, 1))
        return ConfigError([Fault(self.file, line, column, f"{place}: {reason}")])

    def parts(self) -> list[Part]:
        """Return the parts of its district, in the order in which their models step."""
        return [build(self.district[name]) for name, build in PARTS.items() if name in self.district]

    def site_text(self) -> str:
        """Return the site file of its district."""
        return site_text(self.name.replace("_", "-"), self.parts(), timezone=self.timezone)

    def kin(self) -> dict[str, frozenset[str]]:
        """Return which assets are right to name for another."""
        kin: dict[str, frozenset[str]] = {}
        for part in self.parts():
            for asset, names in part.kin.items():
                kin[asset] = kin.get(asset, frozenset()) | names
        return kin


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
        try:
            models = [model for part in scenario.parts() for model in part.models(term)]
        except ValueError as error:
            raise scenario.fault("district", str(error)) from error
        self.world = self._stack.enter_context(World(models, climate, scenario.learn_ns))
        for number, event in enumerate(scenario.events):
            try:
                self.world.stage(event)
            except ValueError as error:
                raise scenario.fault(f"happens.{number}", str(error)) from error
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


def days_of(scenario: Scenario) -> float:
    """Return how many days are judged."""
    return max((scenario.end_ns - scenario.start_ns) / SECOND / 86_400.0, math.ulp(1.0))
