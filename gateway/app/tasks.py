"""The named tasks of a running gateway: at most one of a name, all ended together. Knows nothing of what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable


class Tasks:
    """Tasks by name; `start` and `end` are called from their loop."""

    def __init__(self) -> None:
        self._of: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Start a task; an older one of that name ends."""
        if (older := self._of.get(name)) is not None:
            older.cancel()
        self._of[name] = asyncio.create_task(work, name=name)

    def running(self, name: str) -> asyncio.Task[None] | None:
        """Return a task, None where there is none of that name."""
        return self._of.get(name)

    async def end(self, names: Iterable[str]) -> None:
        """End some and wait for them; a name that is not there is none."""
        ending = [self._of.pop(name) for name in names if name in self._of]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    async def stop(self) -> None:
        """End all and wait for them."""
        await self.end(list(self._of))
