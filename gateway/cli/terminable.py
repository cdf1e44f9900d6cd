"""SIGTERM and Ctrl-C as ordinary endings: what a command has opened is closed, and no folder of it stays behind.

Rule 1: only the first signal counts, so that a second one cannot cut the cleaning up short.
Rule 2: this outlasts any event loop inside, whose own handlers end with it, before its folders are gone.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """Whether somebody wants a command to end, and how that is brought about."""

    def __init__(self) -> None:
        self.is_wanted = False
        self._how: Callable[[], object] | None = None

    def by(self, how: Callable[[], object]) -> None:
        """From now on end by this function, which is called from a signal handler, instead of by SystemExit."""
        self._how = how
        if self.is_wanted:
            how()

    def want(self, number: int, _frame: FrameType | None = None) -> None:
        """Take a signal; SystemExit with the shell's code for it when nobody said how to end."""
        if self.is_wanted:
            return
        self.is_wanted = True
        if self._how is None:
            raise SystemExit(128 + number)
        self._how()


@contextlib.contextmanager
def terminable() -> Iterator[Stopping]:
    """Let a signal leave a block in order; outside the main thread, where Python handles none, nothing changes."""
    stopping = Stopping()
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return
    before = {number: signal.signal(number, stopping.want) for number in _SIGNALS}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
