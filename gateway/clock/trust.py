"""Whether somebody vouches for this box's wall clock: the kernel's NTP state, or the files of a time service.

Knows nothing of what the time is. A container may hide the kernel's state; then only the files are left.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Protocol

from gateway.model import SECOND

EARLIEST_NS = 1_672_531_200 * SECOND
"""The start of 2023: no version of this program is older, so no clock that says less is right."""

_UNSYNCHRONISED = 0x0040
"""STA_UNSYNC of adjtimex(2); the kernel sets it whenever somebody steps the clock by hand."""
_TIMESYNC_DONE = Path("/run/systemd/timesync/synchronized")
_SERVICES = (Path("/run/systemd/timesync"), Path("/run/chrony"), Path("/run/ntpd.pid"), Path("/run/openntpd.pid"))


class Ntp(Enum):
    """What is known of network time on this box."""

    NONE = "none"
    """No time service was seen: the clock is what somebody set it to."""
    WAITING = "waiting"
    """A time service runs and has not set the clock yet, or has lost its servers."""
    SYNCHRONISED = "synchronised"
    """The clock is set by network time."""


class ClockTrust(Protocol):
    """Who vouches for the wall clock."""

    def ntp(self) -> Ntp:
        """Return the present state of network time."""
        ...


class SystemTrust:
    """The trust in this box's own clock."""

    def __init__(self, done: Path = _TIMESYNC_DONE, services: tuple[Path, ...] = _SERVICES) -> None:
        self._done = done
        self._services = services
        self._status = _kernel_status()

    def ntp(self) -> Ntp:
        """Return the present state of network time."""
        status = self._status()
        if status is not None and not status & _UNSYNCHRONISED:
            return Ntp.SYNCHRONISED
        # systemd-timesyncd leaves its file in place when somebody steps the clock; the kernel knows better.
        if status is None and self._done.exists():
            return Ntp.SYNCHRONISED
        return Ntp.WAITING if any(service.exists() for service in self._services) else Ntp.NONE


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2), as glibc lays it out; the reserved tail is generous."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    )


def _kernel_status() -> Callable[[], int | None]:
    """Return how to ask the kernel for its clock's status bits; None where it does not say."""
    try:
        adjtimex = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return lambda: None

    def status() -> int | None:
        answer = _Timex()
        # With modes 0 nothing is changed and no privilege is needed; some containers refuse all the same.
        return answer.status if adjtimex(ctypes.byref(answer)) >= 0 else None

    return status
