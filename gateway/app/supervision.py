"""Keeps a task running: what fails is said, counted, and started again after a growing pause, at most a minute."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from gateway.clock import Clock
from gateway.health import Health

_FIRST_SECONDS, _LONGEST_SECONDS = 1.0, 60.0

logger = logging.getLogger(__name__)


async def keep_running(name: str, run: Callable[[], Awaitable[None]], *, clock: Clock, health: Health) -> None:
    """Run for ever. Full jitter keeps a thousand boxes from coming back in the same second."""
    pause, said = _FIRST_SECONDS, ""
    while True:
        started_ns = clock.now().monotonic_ns
        try:
            await run()
            reason = "it returned"
        except asyncio.CancelledError:
            raise
        except Exception as error:  # the one place where an unforeseen error must not end the rest
            reason = f"{type(error).__name__}: {error}"
            health.count(name, "failed", reason=type(error).__name__)
            health.set_condition(f"task:{name}", ok=False, reason=f"{reason}; it is started again", needed=False)
            if reason != said:
                logger.exception("%s stopped and is started again, until it runs", name)
            said = reason
        if clock.now().monotonic_ns - started_ns > _LONGEST_SECONDS * 1e9:
            pause, said = _FIRST_SECONDS, ""
        await clock.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
        pause = min(_LONGEST_SECONDS, pause * 2)
        health.set_condition(f"task:{name}", ok=True, reason=f"running again after: {reason}", needed=False)
