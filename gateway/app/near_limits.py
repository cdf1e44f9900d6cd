"""Which readings are near a limit, so that they are on disk at once even where commits are few to spare flash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gateway.inventory import Inventory, Ladder
from gateway.model import Batch, Record

_SHARE = 0.1
"""Near is within so much of the limit, or within its deadband if that is more."""


class NearLimits:
    """Looks at batches with the first rung of every ladder of their channels in mind."""

    def __init__(self, inventory: Inventory, numbers: Mapping[str, int]) -> None:
        size = max(numbers.values(), default=-1) + 1
        self._low = np.full(size, -np.inf)
        self._high = np.full(size, np.inf)
        for channel, number in numbers.items():
            for ladder in inventory.channels[channel].ladders:
                self._take(number, ladder)

    def _take(self, number: int, ladder: Ladder) -> None:
        if ladder.of != "value":
            return
        if ladder.direction == "above":
            limit = min(ladder.rungs.values())
            self._high[number] = min(self._high[number], limit - max(ladder.deadband, _SHARE * abs(limit)))
        else:
            limit = max(ladder.rungs.values())
            self._low[number] = max(self._low[number], limit + max(ladder.deadband, _SHARE * abs(limit)))

    def __call__(self, records: Sequence[Record]) -> bool:
        """Tell whether any reading is near a limit or beyond it; one that is no number is not."""
        return any(self._is_near(record) for record in records if isinstance(record, Batch))

    def _is_near(self, batch: Batch) -> bool:
        known = batch.channel < len(self._low)
        channel, value = batch.channel[known], batch.value[known]
        return bool(((value <= self._low[channel]) | (value >= self._high[channel])).any())
