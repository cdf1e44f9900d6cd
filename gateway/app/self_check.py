"""Proves, every ten minutes, that the last hours are stored once and whole; /metrics and /readyz say so."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from functools import partial
from pathlib import Path

from gateway.app.freed_memory import give_back
from gateway.clock import Clock
from gateway.health import Health
from gateway.inventory import Inventory
from gateway.model import SECOND
from gateway.proof import Report, prove

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 600.0
_FIRST_SECONDS = 60.0
_LOOKS_BACK_NS = 2 * 3_600 * SECOND
_FIGURES = ("journaled", "redelivered", "stored", "missed", "lost", "duplicated")


class SelfCheck:
    """The proof of the last two hours, as gauges and one condition."""

    def __init__(self, state: Path, inventory: Inventory, *, clock: Clock, health: Health) -> None:
        self._state = state
        self._periods = {channel.id: channel.report_seconds for channel in inventory.channels.values()}
        self._clock = clock
        self._health = health
        self._figures: dict[str, float] = dict.fromkeys(_FIGURES, float("nan"))
        for name in _FIGURES:
            health.gauge(f"proof_{name}", partial(self._figure, name))

    def _figure(self, name: str) -> float:
        return self._figures[name]

    async def run(self) -> None:
        """Check for ever. A check holds hours of readings for a moment: what it frees is given back."""
        await self._clock.sleep(_FIRST_SECONDS)
        while True:
            await asyncio.to_thread(self.check)
            await asyncio.to_thread(give_back)
            await self._clock.sleep(_EVERY_SECONDS)

    def check(self) -> Report | None:
        """Check once; None when the files cannot be read now."""
        now_ns = self._clock.now().utc_ns
        try:
            report = prove(self._state, since_ns=now_ns - _LOOKS_BACK_NS, until_ns=now_ns, periods=self._periods)
        except (OSError, sqlite3.Error) as error:
            logger.info("the proof has to wait: %s", error)
            return None
        self._figures = {name: float(report.total(name)) for name in _FIGURES}
        reason = "" if report.is_clean else f"{report.verdict} in the last two hours; see `lifeline proof`"
        if self._health.set_condition("proof", ok=report.is_clean, reason=reason, needed=False) and reason:
            logger.error("%s", reason)
        return report
