"""Where the parameters of a simulated city come from: ranges with their source, and draws from them.

Rule 1: a draw depends on seed, asset and name alone, so that a district that grows keeps what it had.
Rule 2: every range names its source; `(from memory, verify)` where nobody has looked it up yet.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulators.noise import seed_of

MEMORY = "(from memory, verify)"
"""What follows a source that was not at hand."""
_WORDS = 2.0**63


@dataclass(frozen=True, slots=True)
class Range:
    """From where to where a parameter lies in real cities, evenly, and who says so."""

    low: float
    high: float
    unit: str
    source: str

    def __post_init__(self) -> None:
        if not (self.low <= self.high and math.isfinite(self.low) and math.isfinite(self.high)):
            raise ValueError(f"a range goes from low to high, got {self.low:g} to {self.high:g}")
        if not self.source:
            raise ValueError("a range names its source")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of one asset as it was drawn."""

    asset: str
    name: str
    value: float
    range: Range


def draw(seed: int, asset: str, name: str, span: Range) -> float:
    """Return the parameter of an asset: the same for the same seed, asset and name, to six digits.

    >>> span = Range(900.0, 1300.0, "m/s", "detection notes: metal")
    >>> draw(1, "P-1", "wave_m_s", span) == draw(1, "P-1", "wave_m_s", span) != draw(2, "P-1", "wave_m_s", span)
    True
    """
    share = seed_of("parameter", str(seed), asset, name) / _WORDS
    return min(span.high, max(span.low, float(f"{span.low + (span.high - span.low) * share:.6g}")))


class Draws:
    """The draws of one city, kept for its truth to name them."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._made: dict[tuple[str, str], Parameter] = {}

    @property
    def parameters(self) -> Sequence[Parameter]:
        """Everything that was drawn, in the order in which it was."""
        return tuple(self._made.values())

    def one(self, asset: str, name: str, span: Range) -> float:
        """Draw one parameter of an asset."""
        value = draw(self._seed, asset, name, span)
        self._made[asset, name] = Parameter(asset, name, value, span)
        return value

    def of(self, asset: str, ranges: Mapping[str, Range]) -> dict[str, float]:
        """Draw every parameter of an asset, by name."""
        return {name: self.one(asset, name, span) for name, span in ranges.items()}

    def among(self, asset: str, name: str, choices: Sequence[float], unit: str, source: str) -> float:
        """Draw one of several values, as pipes come in: an even chance each; the smallest and largest are its range."""
        place = int(draw(self._seed, asset, f"{name} among", Range(0.0, 1.0, "1", source)) * len(choices))
        value = choices[min(place, len(choices) - 1)]
        self._made[asset, name] = Parameter(asset, name, value, Range(min(choices), max(choices), unit, source))
        return value
