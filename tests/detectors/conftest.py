"""One row fed one value a minute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.contract import Detector

Feed: TypeAlias = Callable[[Detector, Sequence[float] | NDArray[np.float64]], NDArray[np.float64]]
MINUTE = 60 * 1_000_000_000


@pytest.fixture
def feed() -> Feed:
    """Feed row 0 one value a minute, going on where the last call ended."""
    minute = 0

    def push(bank: Detector, values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
        nonlocal minute
        times = np.arange(minute, minute + len(values), dtype=np.int64) * MINUTE
        minute += len(values)
        return bank.update(np.zeros(len(values), np.intp), times, np.asarray(values, np.float64))

    return push
