"""What breaks in a city that nobody scheduled: drawn at a rate for each asset that it can befall.

Rule 1: a draw depends on seed, kind and asset alone, so that a city that grows keeps what befalls the rest of it.
Rule 2: rates are those of ordinary assets a year; a scenario gives its own to see more in less time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gateway.inventory import Asset
from gateway.model import SECOND
from simulators.models.contract import Event
from simulators.models.ranges import MEMORY, Range
from simulators.noise import seed_of

_YEAR_SECONDS = 365.25 * 86_400.0
_HOURS = 3600.0


@dataclass(frozen=True, slots=True)
class Mishap:
    """What befalls assets of a kind, how often, how badly and for how long; a range of None: it has none, or stays."""

    asset_kind: str
    lifeline: str
    per_asset_year: float
    source: str
    amount: Range | None = None
    seconds: Range | None = None
    also: tuple[str, str] | None = None
    """Another kind of asset and its lifeline that it befalls as often."""


def _hours(low: float, high: float) -> Range:
    return Range(low * _HOURS, high * _HOURS, "s", "proposal")


def _sized(low: float, high: float, unit: str) -> Range:
    return Range(low, high, unit, "proposal")


MISHAPS: Mapping[str, Mishap] = {
    "burst": Mishap(
        "pipe", "water", 0.02, f"0.1 to 0.3 breaks a km and year {MEMORY}", _sized(40, 120, "m3/h"), _hours(3, 12)
    ),
    "leak": Mishap(
        "pipe", "water", 0.04, f"two leaks are found for each break {MEMORY}", _sized(1, 8, "m3/h"), _hours(48, 720)
    ),
    "slow_leak": Mishap("pipe", "water", 0.04, "proposal: as many as leaks", _sized(1, 6, "m3/h"), _hours(48, 720)),
    "flush": Mishap(
        "hydrant",
        "water",
        2.0,
        "proposal: hydrants, and pipes by their washouts, twice a year",
        _sized(15, 40, "m3/h"),
        _hours(0.2, 1),
        ("pipe", "water"),
    ),
    "blockage": Mishap(
        "sewer", "drainage", 0.03, f"0.1 to 0.5 a km and year {MEMORY}", _sized(80, 99, "%"), _hours(6, 96)
    ),
    "pump_failure": Mishap(
        "pump",
        "drainage",
        0.5,
        f"a mean time of two years between failures {MEMORY}",
        None,
        _hours(2, 24),
        ("pump", "water"),
    ),
    "pump_runs_on": Mishap("pump", "water", 0.1, "proposal: a level switch sticks", None, _hours(1, 8)),
    "gas_leak": Mishap("main", "gas", 0.05, "proposal: one in twenty years", _sized(0.2, 2.0, "m3/h"), _hours(2, 24)),
    "biogas": Mishap("manhole", "gas", 2.0, "proposal: on warm days", _sized(4.0, 10.0, "%LEL"), _hours(6, 48)),
    "supply_failure": Mishap("regulator_station", "gas", 0.2, "proposal", _sized(20, 60, "%"), _hours(0.5, 6)),
    "heat_leak": Mishap("substation", "heating", 0.1, "proposal", _sized(3, 15, "m3/h"), _hours(4, 48)),
    "boiler_failure": Mishap("heating_plant", "heating", 0.5, "proposal", _sized(15, 35, "K"), _hours(2, 24)),
    "overload": Mishap("girder_section", "bridge", 12.0, "proposal: one a month", _sized(60, 160, "t")),
    "strike": Mishap("girder_section", "bridge", 0.01, "proposal", _sized(2, 6, "m/s2")),
    "damage": Mishap("girder_section", "bridge", 0.005, "proposal", _sized(2, 10, "%"), _hours(24, 720)),
    "settlement": Mishap("girder_section", "bridge", 0.005, "proposal", _sized(20, 200, "mm"), _hours(24, 720)),
    "jam": Mishap("tunnel_section", "tunnel", 50.0, "proposal: one a week", _sized(2, 5, "1"), _hours(0.3, 2)),
    "fan_failure": Mishap("tunnel_section", "tunnel", 0.5, "proposal", None, _hours(1, 12)),
    "deformation": Mishap("tunnel_section", "tunnel", 0.01, "proposal", _sized(5, 30, "mm"), _hours(48, 720)),
    "flooding": Mishap("compartment", "utility_tunnel", 0.1, "proposal", _sized(20, 300, "m3/h"), _hours(1, 6)),
    "gas_inflow": Mishap("compartment", "utility_tunnel", 0.02, "proposal", _sized(20, 200, "m3/h"), _hours(1, 6)),
    "foul_air": Mishap("compartment", "utility_tunnel", 0.2, "proposal", _sized(1, 4, "%"), _hours(2, 24)),
    "creep": Mishap("slope", "slope", 0.01, "proposal", _sized(20, 80, "1"), _hours(48, 240)),
    "aborted_creep": Mishap("slope", "slope", 0.5, "proposal: after wet weeks", _sized(4, 12, "1"), _hours(24, 96)),
    "washout": Mishap("road_segment", "road", 0.02, "proposal", _sized(1, 6, "m3/h"), _hours(24, 240)),
    "old_cavity": Mishap("road_segment", "road", 0.02, "proposal", _sized(0.3, 1.8, "m3")),
}
"""Kind of event → what it befalls and how; a kind that is not here is only ever scheduled."""


def befallen(kind: str, assets: Mapping[str, Asset]) -> list[str]:
    """Return the assets that an event of a kind can befall; KeyError for a kind that is never drawn."""
    wanted = (MISHAPS[kind].asset_kind, MISHAPS[kind].lifeline), MISHAPS[kind].also
    return [name for name, asset in assets.items() if (asset.kind, asset.lifeline) in wanted]


def drawn_events(
    assets: Mapping[str, Asset],
    rates: Mapping[str, float | None],
    *,
    start_ns: int,
    end_ns: int,
    seed: int = 0,
) -> list[Event]:
    """Draw what befalls a city from one moment to another, in order of time; KeyError for a kind that is never drawn.

    `rates` gives kind → events an asset and year, None for the usual rate of `MISHAPS`.
    """
    years = (end_ns - start_ns) / SECOND / _YEAR_SECONDS
    events = []
    for kind, rate in rates.items():
        mishap = MISHAPS[kind]
        often = mishap.per_asset_year if rate is None else rate
        for name in befallen(kind, assets):
            random = np.random.default_rng(seed_of(str(seed), "drawn events", kind, name))
            for _ in range(int(random.poisson(often * years))):
                time_ns = int(random.integers(start_ns, end_ns))
                amount, seconds = _drawn(random, mishap.amount), _drawn(random, mishap.seconds)
                events.append(Event(time_ns, kind, name, amount, seconds))
    return sorted(events, key=lambda event: (event.time_ns, event.kind, event.asset))


def _drawn(random: np.random.Generator, span: Range | None) -> float:
    return math.nan if span is None else float(f"{random.uniform(span.low, span.high):.4g}")
