"""One part of a generated district: what stands in the site file, and the physics behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from simulators.models.contract import Model
from simulators.models.ranges import Draws

Written: TypeAlias = "dict[str, Written] | list[Written] | str | int | float | bool | None"


@dataclass(frozen=True, slots=True)
class Term:
    """When a world begins and ends, its seed, and a folder for files that its models need."""

    start_ns: int
    end_ns: int
    seed: int
    folder: Path
    utc_offset_seconds: float = 8 * 3600.0
    draws: Draws = field(init=False)
    """The parameters of its assets, as its seed draws them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "draws", Draws(self.seed))


@dataclass(frozen=True, slots=True)
class Part:
    """One lifeline of a district; the dicts are parts of a site file by id."""

    assets: Mapping[str, Written]
    devices: Mapping[str, Written]
    ladders: Mapping[str, Written]
    models: Callable[[Term], Sequence[Model]]
    channels: Mapping[str, Written] = field(default_factory=dict)
    kin: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Asset → those that are right to name for it: the manhole beside the main, the zone around the pipe."""


MQTT, LINE = "district", "line"
"""The collectors that devices of a generated district speak to."""


def at(number: int, row: float = 0.0) -> Written:
    """Return a place in the district, 60 m from one number to the next."""
    return [round(117.28 + 0.0006 * number, 6), round(31.84 + 0.0006 * row, 6)]
