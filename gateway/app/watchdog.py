"""Tells systemd that the gateway is ready and alive (sd_notify(3)); without systemd it tells nobody and costs nothing.

Alive means that the event loop runs and the journal's writer gets round: a gateway whose page answers while nothing
reaches the disk must be started again.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from typing import Self

from gateway.clock import Clock
from gateway.model import SECOND

logger = logging.getLogger(__name__)

_OLDEST_HEARTBEAT_NS = 20 * SECOND
"""The writer gets round at each tick, every 10 s; twice that is late, whatever the watchdog's own patience."""

_FEEDS = 4
"""How often the watchdog is fed within its time, so that one late turn of the loop ends nothing."""


class Watchdog:
    """The line to systemd of one process; leave it last, so that a long stop is not taken for a hang."""

    def __init__(
        self, heartbeat_ns: Callable[[], int], *, environment: Mapping[str, str], process: int, clock: Clock
    ) -> None:
        self._heartbeat_ns = heartbeat_ns
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self._seconds = _seconds(environment, process)
        self._clock = clock
        self._feeding: asyncio.Task[None] | None = None
        self._is_late = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._feeding is not None:
            self._feeding.cancel()
            await asyncio.gather(self._feeding, return_exceptions=True)

    def ready(self, status: str) -> None:
        """Say that the start is over, with a sentence for `systemctl status`, and feed from now on."""
        self._tell(f"READY=1\nSTATUS={status}")
        if self._address and self._seconds:
            self._feeding = asyncio.create_task(self._feed(self._seconds), name="watchdog")

    def stopping(self) -> None:
        """Say that the gateway stops: readers work off what is journaled."""
        self._tell("STOPPING=1\nSTATUS=stopping: working off what is journaled")

    async def _feed(self, seconds: float) -> None:
        while True:
            age_ns = self._clock.now().monotonic_ns - self._heartbeat_ns()
            is_late = age_ns > _OLDEST_HEARTBEAT_NS
            if is_late and not self._is_late:
                logger.error(
                    "the journal's writer has not got round for %.0f s; not feeding the watchdog", age_ns / SECOND
                )
            self._is_late = is_late
            if not is_late:
                self._tell("WATCHDOG=1")
            await self._clock.sleep(seconds / _FEEDS)

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as line:
                line.sendto(message.encode(), self._address)
        except OSError as error:
            logger.warning("systemd cannot be told %r: %s", message.partition("\n")[0], error)


def _address(path: str) -> str:
    # "@" stands for the zero byte of an abstract socket (unix(7)); other kinds of address are not for us.
    if path.startswith("@"):
        return "\0" + path[1:]
    return path if path.startswith("/") else ""


def _seconds(environment: Mapping[str, str], process: int) -> float:
    """Return the watchdog's patience, 0 when there is none or when it watches another process."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    if environment.get("WATCHDOG_PID", str(process)) != str(process) or not microseconds.isdecimal():
        return 0.0
    return int(microseconds) / 1e6
