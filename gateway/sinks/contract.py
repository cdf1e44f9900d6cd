"""What every sink promises. One thread at a time calls it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gateway.model import Batch


class Rejected(NamedTuple):
    """A row of a batch that the other side refuses for ever, as it was sent, and why."""

    row: int
    detail: str
    sent: bytes


class Sink(Protocol):
    """Somewhere else that keeps readings; the same reading twice is one reading there."""

    @property
    def name(self) -> str:
        """The sink's name, as `stores` of the site file says it."""
        ...

    def write(self, batch: Batch) -> Sequence[Rejected]:
        """Return when every row is there but the rejected ones.

        Raises Unreachable for "keep and retry": some rows may be there already, and all of them are written again.
        """
        ...

    def hurry(self) -> None:
        """Give a write that runs or is still to come a few seconds and no more: the gateway stops. Any thread."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
