"""How important each channel is, by its number, as whoever opened the journal says. Knows no inventory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gateway.model import Bytes8, Int32s, Int64s

Importance: TypeAlias = Literal["low", "normal", "high"]

IMPORTANCES: tuple[Importance, ...] = ("low", "normal", "high")
"""From what goes first to what goes last."""

_NORMAL = IMPORTANCES.index("normal")


class Importances:
    """The class of each channel as an index into IMPORTANCES; one that nobody named is normal."""

    def __init__(self) -> None:
        self._class_of: Bytes8 = np.zeros(0, np.uint8)

    def take_over(self, importance: Mapping[int, Importance]) -> None:
        """Know these channels from now on; may be called from any thread."""
        class_of = np.full(max(importance, default=-1) + 1, _NORMAL, np.uint8)
        for number, name in importance.items():
            class_of[number] = IMPORTANCES.index(name)
        self._class_of = class_of

    def of(self, channel: Int32s) -> Bytes8:
        """Return the class of each row."""
        class_of = self._class_of
        if not len(class_of):
            return np.full(len(channel), _NORMAL, np.uint8)
        known = channel < len(class_of)
        if known.all():
            return class_of[channel]
        return np.where(known, class_of[np.where(known, channel, 0)], np.uint8(_NORMAL))

    def count(self, channel: Int32s) -> Int64s:
        """Return how many rows there are of each class."""
        counts: NDArray[np.intp] = np.bincount(self.of(channel), minlength=len(IMPORTANCES))
        return counts.astype(np.int64)
