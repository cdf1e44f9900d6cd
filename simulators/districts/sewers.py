"""The shipped sewers as a district has them: what its catchments and pipes are like is drawn into the SWMM file.

Layout, bores and levels stay as they are; what changes is the ground that the rain falls on, the roughness of the
conduits, the sewage of people and what the pump lifts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulators.models.ranges import MEMORY, Draws, Range

_SWMM = "SWMM manual"
CATCHMENT: Mapping[str, Range] = {
    "impervious_percent": Range(45.0, 58.0, "%", f"GB 50014: runoff of 0.45 to 0.6 for built-up quarters {MEMORY}"),
    "slope_percent": Range(0.25, 0.45, "%", "proposal: a flat city; drainage needs 0.3 %"),
    "impervious_roughness": Range(
        0.025, 0.04, "s/m^(1/3)", f"{_SWMM}: asphalt 0.011, with gutters and roofs more {MEMORY}"
    ),
    "infiltration_mm_h": Range(
        45.0, 76.0, "mm/h", f"Horton, {_SWMM}: 25 to 76 for dry loam with little growth {MEMORY}"
    ),
    "infiltration_wet_mm_h": Range(4.0, 10.0, "mm/h", f"Horton, {_SWMM}: soil group B 3.8 to 7.6, C less {MEMORY}"),
}
PIPE: Mapping[str, Range] = {
    "roughness": Range(0.012, 0.014, "s/m^(1/3)", f"GB 50014: Manning 0.013 to 0.014 for concrete pipes {MEMORY}"),
}
SEWAGE: Range = Range(1.0, 1.15, "1", "proposal: households of this file beside those that it was made for")
PUMP: Range = Range(0.95, 1.1, "1", "proposal: capacity beside its plate, worn or new")


def sewers_file(text: str, pump: str, draws: Draws) -> str:
    r"""Return a SWMM file with drawn parameters; `pump` is the asset whose curve is drawn.

    >>> drawn = sewers_file("[CONDUITS]\nC1 J1 J2 150 0.013 0 0 0 0", "PS-1", Draws(1))
    >>> 0.012 <= float(drawn.split()[5]) <= 0.014
    True
    """
    sewage = draws.one("DR-1", "sewage", SEWAGE)
    lifted = draws.one(pump, "capacity", PUMP)
    change: Mapping[str, Callable[[list[str]], list[str]]] = {
        "[SUBCATCHMENTS]": lambda words: _catchment(words, draws),
        "[SUBAREAS]": lambda words: _subarea(words, draws),
        "[INFILTRATION]": lambda words: _infiltration(words, draws),
        "[CONDUITS]": lambda words: [*words[:4], f"{draws.of(words[0], PIPE)['roughness']:g}", *words[5:]],
        "[DWF]": lambda words: [*words[:2], f"{float(words[2]) * sewage:.6g}", *words[3:]],
        "[CURVES]": lambda words: _curve(words, lifted),
    }
    section, lines = "", []
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip().upper()
        elif section in change and (words := line.split(";", maxsplit=1)[0].split()):
            lines.append(" ".join(change[section](words)))
            continue
        lines.append(line)
    return "\n".join(lines)


def _catchment(words: list[str], draws: Draws) -> list[str]:
    """Name, gauge, outlet, area, % impervious, width, % slope; a paved underpass stays paved and steep."""
    drawn = draws.of(words[0], CATCHMENT)
    is_paved = float(words[4]) > CATCHMENT["impervious_percent"].high
    if is_paved:
        return words
    return [*words[:4], f"{drawn['impervious_percent']:g}", words[5], f"{drawn['slope_percent']:g}", *words[7:]]


def _subarea(words: list[str], draws: Draws) -> list[str]:
    drawn = draws.of(words[0], CATCHMENT)
    return [words[0], f"{drawn['impervious_roughness']:g}", *words[2:]]


def _infiltration(words: list[str], draws: Draws) -> list[str]:
    drawn = draws.of(words[0], CATCHMENT)
    return [words[0], f"{drawn['infiltration_mm_h']:g}", f"{drawn['infiltration_wet_mm_h']:g}", *words[3:]]


def _curve(words: list[str], lifted: float) -> list[str]:
    """The points of a pump's curve: name, its kind on the first line, depth and flow."""
    if not words[0].startswith("PC"):
        return words
    return [*words[:-1], f"{float(words[-1]) * lifted:.6g}"]
