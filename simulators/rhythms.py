"""How a city's day goes: each rhythm gives a share in [0, 1] for an hour of the local day in [0, 24)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from gateway.model import Floats

Rhythm = Callable[[Floats], Floats]


def steady(hour: Floats) -> Floats:
    """Go up and down with nothing."""
    return np.full_like(hour, 0.5)


def demand(hour: Floats) -> Floats:
    """Draw water as households do: lowest at 3, a sharp peak at 7, a broad one at 19."""
    return _peaks(hour, base=0.12, peaks=((7.5, 1.3, 0.85), (12.5, 2.0, 0.45), (19.5, 2.4, 0.7)))


def relief(hour: Floats) -> Floats:
    """Hold pressure the other way round: highest at night."""
    return 1.0 - demand(hour)


def traffic(hour: Floats) -> Floats:
    """Drive as commuters do: peaks at 8 and 18, little at night."""
    return _peaks(hour, base=0.06, peaks=((8.0, 1.1, 0.9), (13.0, 3.0, 0.4), (18.0, 1.4, 0.9)))


def warmth(hour: Floats) -> Floats:
    """Warm up and cool down: coldest at 5, warmest at 15."""
    angle = 2.0 * np.pi * (hour - 10.0) / 24.0
    share: Floats = 0.5 + 0.5 * np.sin(angle)
    return share


def _peaks(hour: Floats, base: float, peaks: tuple[tuple[float, float, float], ...]) -> Floats:
    """Sum bells of (hour, width in hours, height) on a base, over midnight too."""
    share = np.full_like(hour, base)
    for middle, width, height in peaks:
        apart = np.abs(hour - middle)
        apart = np.minimum(apart, 24.0 - apart)
        share = share + height * np.exp(-0.5 * (apart / width) ** 2)
    clipped: Floats = np.clip(share, 0.0, 1.0)
    return clipped


RHYTHMS: Mapping[str, Rhythm] = {
    "steady": steady,
    "demand": demand,
    "relief": relief,
    "traffic": traffic,
    "warmth": warmth,
}
"""Every rhythm by its name."""
