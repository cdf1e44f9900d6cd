"""Stopping must not get lost: until Python 3.12 `asyncio.wait_for` swallows a cancellation that comes with the result.

Both client libraries wait with it (CPython issue 86296). Call this behind each of their awaits.
"""

from __future__ import annotations

import asyncio


def stop_if_cancelled() -> None:
    """Raise the cancellation that was asked of this task and has not been delivered."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
