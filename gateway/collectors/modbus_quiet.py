"""When a serial line may be spoken on, and when what is heard may be believed.

A reply that comes after its timeout would be taken for the answer to the next request, for frames on a serial line
carry no transaction id. So after a timeout the line must be quiet for longer than any reply took yet, and the next
reply counts only when nothing comes behind it for as long again.
"""

from __future__ import annotations

import asyncio

_FRAME_GAP_CHARACTERS = 3.5
"""MODBUS over Serial Line V1.02, 2.5.1.1."""
_SAFETY = 2.0
_PATIENCE = 3.0


class Quiet:
    """The silence of one line."""

    def __init__(self, timeout_seconds: float, delay_seconds: float, character_seconds: float = 0.0) -> None:
        self.is_unsure = False
        """Whether something may come that nobody asked for."""
        self._timeout = timeout_seconds
        self._delay = max(delay_seconds, _FRAME_GAP_CHARACTERS * character_seconds)
        self._slowest = 0.0
        self._asked = 0.0
        self._heard = 0.0
        self._count = 0

    @property
    def window_seconds(self) -> float:
        """How long silence must last: longer than the slowest reply took, late ones too."""
        return min(_PATIENCE * self._timeout, max(_SAFETY * self._slowest, self._timeout / 2))

    def asked(self) -> None:
        """Note that a request goes out."""
        self._asked = asyncio.get_running_loop().time()

    def heard(self, *, is_late: bool) -> None:
        """Note that bytes came; late ones came when nobody was waiting for them any more."""
        self._heard = asyncio.get_running_loop().time()
        self._count += 1
        if is_late and self._asked:
            self._slowest = max(self._slowest, min(self._heard - self._asked, _PATIENCE * self._timeout))

    def answered(self) -> None:
        """Note that the reply is there."""
        self._slowest = max(self._slowest, asyncio.get_running_loop().time() - self._asked)

    async def before_request(self, delay_seconds: float) -> None:
        """Keep the least time between what was heard last and the next request."""
        wait = self._heard + max(self._delay, delay_seconds) - asyncio.get_running_loop().time()
        if self._heard and wait > 0:
            await asyncio.sleep(wait)

    async def settle(self) -> bool:
        """Wait until the line has been quiet for the window; False when it never becomes so."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE * self._timeout
        while True:
            seen = self._count
            await asyncio.sleep(self.window_seconds)
            if self._count == seen:
                return True
            if loop.time() > deadline:
                return False

    async def is_followed_by_nothing(self) -> bool:
        """Tell whether the reply just heard was the last; then the line is trusted again."""
        seen = self._count
        await asyncio.sleep(self.window_seconds)
        self.is_unsure = self._count != seen
        return not self.is_unsure
