"""When a shift that still stands began: the last moment at which its CUSUM was at rest.

    S = min(2 limit, max(0, S + z - slack))      z in sigmas; the shift began after S was last 0

The upper bound lets a shift that is over be forgotten, however long it was.

Page, Continuous Inspection Schemes, Biometrika 41, 1954; as the estimate of the change point: Montgomery, Introduction
to Statistical Quality Control, 9.1. It needs no window and no second pass, and is late by a sample or two for small
shifts, never by the delay of the alarm.
"""

from __future__ import annotations

import numpy as np

from detectors.contract import Floats


def onset(value: Floats, level: float, scale: float, *, slack: float = 0.5, limit: float = 5.0) -> int | None:
    """Return the place of the first sample of the shift that stands at the end, None when there is none.

    `slack` is half the smallest shift of interest, `limit` the CUSUM at which it is believed, both in sigmas; NaN are
    passed over.

    >>> pressure = np.array([300.0, 301, 299, 300, 302, 296, 295, 297, 295, 296])  # kPa
    >>> onset(pressure, level=300.0, scale=1.0)
    5
    >>> onset(pressure[:5], level=300.0, scale=1.0) is None
    True
    """
    kept = np.flatnonzero(np.isfinite(value))
    if not kept.size or scale <= 0.0:
        return None
    sigmas = (value[kept] - level) / scale
    began = [place for signed in (sigmas, -sigmas) if (place := _began(signed, slack, limit)) is not None]
    return int(kept[min(began)]) if began else None


def _began(sigmas: Floats, slack: float, limit: float) -> int | None:
    """Return where the CUSUM left 0 for the last time, None when it is below the limit now."""
    total, began = 0.0, 0
    for place, sigma in enumerate(sigmas.tolist()):
        total = min(2.0 * limit, total + sigma - slack)
        if total <= 0.0:
            total, began = 0.0, place + 1
    return began if total >= limit else None
