"""How late the event loop runs what is due: the first number that tells whether the box keeps up."""

from __future__ import annotations

import asyncio
from collections import deque

from gateway.health import Health

_PERIOD_SECONDS = 0.02
_KEPT = 3_000  # one minute


async def watch_loop_lag(health: Health) -> None:
    """Measure for ever; gauges give the 99th percentile and the maximum of the last minute in seconds."""
    loop = asyncio.get_running_loop()
    lags: deque[float] = deque(maxlen=_KEPT)

    def percentile() -> float:
        kept = sorted(lags)
        return kept[min(len(kept) - 1, int(len(kept) * 0.99))] if kept else 0.0

    health.gauge("loop_lag_p99_seconds", percentile)
    health.gauge("loop_lag_max_seconds", lambda: max(lags, default=0.0))
    while True:
        due = loop.time() + _PERIOD_SECONDS
        await asyncio.sleep(_PERIOD_SECONDS)
        lags.append(max(0.0, loop.time() - due))
