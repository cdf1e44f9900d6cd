"""Constants of single units: a strain gauge's certificate, a zero set on the day of mounting. Numbers only.

linear       gain * (x - zero)
square       gain * (x^2 - zero^2)     a vibrating wire: x and zero are frequencies
polynomial   c0 + c1 x + c2 x^2 + c3 x^3
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

Form: TypeAlias = Literal["linear", "square", "polynomial"]

CONSTANTS: Mapping[Form, tuple[str, ...]] = {
    "linear": ("gain", "zero"),
    "square": ("gain", "zero"),
    "polynomial": ("c0", "c1", "c2", "c3"),
}
"""Form → the names of its constants."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A form and its constants; None is a constant that every unit must bring."""

    form: Form
    constants: Mapping[str, float | None]

    def of_unit(self, own: Mapping[str, float]) -> Calibration:
        """Return it with the constants of one unit; ValueError names one that the form does not have."""
        for name in own:
            if name not in CONSTANTS[self.form]:
                raise ValueError(f"{name!r:.60} is no constant of {self.form}, which has {', '.join(self._names())}")
        return replace(self, constants={**self.constants, **own})

    def missing(self) -> list[str]:
        """Return the constants that have no number yet."""
        return [name for name in self._names() if self.constants.get(name, 0.0) is None]

    def coefficients(self) -> tuple[float, float, float, float]:
        """Return c0..c3 of the polynomial that it is.

        >>> Calibration("square", {"gain": 0.5, "zero": 10.0}).coefficients()
        (-50.0, 0.0, 0.5, 0.0)
        """
        gain, zero = self._of("gain", 1.0), self._of("zero", 0.0)
        if self.form == "linear":
            return (-gain * zero, gain, 0.0, 0.0)
        if self.form == "square":
            return (-gain * zero * zero, 0.0, gain, 0.0)
        return (self._of("c0", 0.0), self._of("c1", 1.0), self._of("c2", 0.0), self._of("c3", 0.0))

    def _of(self, name: str, default: float) -> float:
        value = self.constants.get(name, default)
        return default if value is None else value

    def _names(self) -> tuple[str, ...]:
        return CONSTANTS[self.form]
