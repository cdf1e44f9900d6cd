"""What watches the pressures of ltown_sim, row by row: leaks, and sensors that do not tell the truth.

The detector is `detectors.leave_out`, as a site's zones have it; here it learns once, from the clean stretch, and its
terms know that the last flow is a pump's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.leave_out import Departing, LeavingOut, Told

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CONFIGURATION = LeavingOut()
HOUR = CONFIGURATION.hour_slots


def regressors(flows: Floats, hours: Floats) -> Floats:
    """Return the terms that tell pressures from inflows and the hour of the day, rows by terms."""
    scaled = flows / 100.0
    angle = 2.0 * np.pi * (hours % 24.0)[:, None] / 24.0 * np.array([1.0, 2.0])
    products = scaled[:, :-1] * scaled[:, 1:]
    running = (flows > 1.0) * 1.0
    switched = running[:, -1:] * scaled[:, :-1]
    one = np.ones((len(flows), 1))
    return np.hstack([one, scaled, scaled**2, products, running[:, -1:], switched, np.cos(angle), np.sin(angle)])


class Watch:
    """Pressures, learned once from a clean stretch, then fed one row at a time."""

    def __init__(self, hours: Floats, pressures: Floats, flows: Floats) -> None:
        terms = regressors(flows, hours)
        there = np.isfinite(pressures).all(axis=1) & np.isfinite(terms).all(axis=1)
        weights = np.asarray(np.linalg.lstsq(terms[there], pressures[there], rcond=None)[0], np.float64)
        left = pressures[there] - terms[there] @ weights
        windows = np.lib.stride_tricks.sliding_window_view(left, HOUR, axis=0)[::3]
        middle = np.median(windows, axis=-1)
        self._departing = Departing(weights, np.asarray(np.cov(middle.T), np.float64), CONFIGURATION)

    def take(self, hour: float, pressures: Floats, flows: Floats) -> Told:
        """Take a row, in order of time."""
        return self._departing.take(regressors(flows[None], np.array([hour]))[0], pressures)
