"""When a shift that still stands began: the last moment at which its CUSUM was at rest.

    S = max(0, S + z - slack)      z in sigmas; the shift began after S was last 0

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
    began = None
    for signed in (sigmas, -sigmas):
        total = np.cumsum(signed - slack)
        lowest = np.minimum(np.minimum.accumulate(total), 0.0)
        if total[-1] - lowest[-1] < limit:
            continue
        # The CUSUM was last at rest where the running sum was last at its lowest.
        at_rest = np.flatnonzero(total <= lowest)
        first = int(at_rest[-1]) + 1 if at_rest.size else 0
        began = first if began is None else min(began, first)
    return None if began is None else int(kept[began])
