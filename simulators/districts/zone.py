"""The pipes of a metered zone as an EPANET file: lengths, bores, ages, roughness and people are drawn.

Hazen-Williams' C falls with age, by what a pipe of its material loses a year; a burst opens an orifice whose
exponent is the zone's own (FAVAD: 0.5 for a hole in metal, more where a crack widens with pressure).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from simulators.models.ranges import MEMORY, Draws, Range

Source: TypeAlias = Callable[[float], Sequence[str]]
"""Mean demand of a zone in L/s → the sections of an EPANET file that hold its SOURCE."""
Grid = Mapping[str, tuple[tuple[int, int], tuple[int, int]]]
"""Pipe → the (column, row) of its two ends."""

ZONE: Mapping[str, Range] = {
    "head_metres": Range(36.0, 38.0, "m", f"ground at 12 m; 24 m serve five floors (10, 12, then 4 m each) {MEMORY}"),
    "litres_a_head": Range(
        140.0, 180.0, "L/d", f"GB 50013: households of large cities in the east, daily mean {MEMORY}"
    ),
    "peak_factor": Range(1.5, 1.7, "1", f"GB 50013: 1.2 to 1.6 for a city; a quarter's own peak is higher {MEMORY}"),
    "emitter_exponent": Range(0.5, 0.8, "1", f"FAVAD (May 1994): 0.5 for holes, to 1.5 for cracks in plastic {MEMORY}"),
}
JUNCTION: Mapping[str, Range] = {
    "people": Range(270.0, 340.0, "1", "proposal: two or three staircases of a block"),
}
PIPE: Mapping[str, Range] = {
    "metres": Range(100.0, 140.0, "m", f"valves in a distribution network are 100 to 150 m apart {MEMORY}"),
    "age_years": Range(2.0, 35.0, "a", "proposal: a quarter of the eighties, renewed in parts"),
    "c_when_new": Range(
        120.0, 135.0, "1", f"Hazen-Williams: 130 for new iron, 140 for cement lining and plastic {MEMORY}"
    ),
    "c_lost_a_year": Range(
        0.3, 0.7, "1/a", f"Lamont 1981: iron falls from 130 to about 100 in 40 to 60 years {MEMORY}"
    ),
}
_INLET: Mapping[str, Range] = {**PIPE, "metres": Range(360.0, 440.0, "m", "proposal: from the trunk main to the zone")}
_MILLIMETRES = (97.0, 100.0)
_BORES = f"DN100, the least with hydrants (GB 50974): iron, or dn110 polyethylene with 97 mm inside {MEMORY}"
_SHAPE = (
    *(0.45, 0.38, 0.35, 0.34, 0.40, 0.62, 1.10, 1.62, 1.55, 1.30, 1.15, 1.18),
    *(1.25, 1.12, 1.02, 1.00, 1.08, 1.30, 1.62, 1.75, 1.50, 1.18, 0.85, 0.60),
)
"""Demand by the hour of the local day, as households draw it; mean 1.07."""


def junction(column: int, row: int) -> str:
    """Return the name of a crossing of the grid."""
    return f"J{column}-{row}"


def pattern(peak_factor: float) -> list[float]:
    """Return a day of demand by the hour: mean 1, its highest hour the peak factor.

    >>> day = pattern(1.6)
    >>> round(sum(day) / 24, 3), max(day)
    (1.0, 1.6)
    """
    mean = sum(_SHAPE) / len(_SHAPE)
    swing = (peak_factor - 1.0) / (max(_SHAPE) / mean - 1.0)
    return [round(1.0 + (share / mean - 1.0) * swing, 4) for share in _SHAPE]


def zone_file(zone: str, inlet: str, side: int, pipes: Grid, draws: Draws, *, source: Source | None = None) -> str:
    """Return `side` x `side` junctions behind an inlet as an EPANET file, in litres a second and metres.

    The inlet comes from SOURCE, a reservoir of the zone's own head unless `source` says what stands there.
    """
    own = draws.of(zone, ZONE)
    places = [(column, row) for row in range(side) for column in range(side)]
    junctions, mean = [], 0.0
    for column, row in places:
        people = draws.of(f"{zone}:{junction(column, row)}", JUNCTION)["people"]
        base = people * own["litres_a_head"] / 86_400.0
        mean += base
        junctions.append(f"{junction(column, row)} {12 - 0.2 * (column + row):g} {base:.6g} DAY")
    laid = [f"{inlet} SOURCE {junction(0, 0)} {_size(inlet, 150.0, draws, _INLET)} 0 Open"]
    for name, (start, end) in pipes.items():
        bore = draws.among(name, "millimetres", _MILLIMETRES, "mm", _BORES)
        laid.append(f"{name} {junction(*start)} {junction(*end)} {_size(name, bore, draws, PIPE)} 0 Open")
    return "\n".join(
        [
            "[JUNCTIONS]",
            *junctions,
            *(source(mean) if source else ["[RESERVOIRS]", f"SOURCE {own['head_metres']:g}"]),
            "[PIPES]",
            *laid,
            "[PATTERNS]",
            *(f"DAY {share:g}" for share in pattern(own["peak_factor"])),
            "[TIMES]",
            "Duration 24:00",
            "Hydraulic Timestep 0:05",
            "Pattern Timestep 1:00",
            "[OPTIONS]",
            "Units LPS",
            "Headloss H-W",
            f"Emitter Exponent {own['emitter_exponent']:g}",
            "[END]",
        ]
    )


def _size(name: str, bore: float, draws: Draws, ranges: Mapping[str, Range]) -> str:
    drawn = draws.of(name, ranges)
    rough = drawn["c_when_new"] - drawn["c_lost_a_year"] * drawn["age_years"]
    return f"{drawn['metres']:g} {bore:g} {rough:.4g}"
