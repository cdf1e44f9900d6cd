"""How late polls begin, over all lines: a box that has too much to do is seen before it drops polls."""

from __future__ import annotations

from collections import deque

_KEPT = 20_000


class PollLateness:
    """Start errors of the newest polls."""

    def __init__(self) -> None:
        self._late_ns: deque[int] = deque(maxlen=_KEPT)

    def note(self, late_ns: int) -> None:
        """Note how long after its moment a poll began."""
        self._late_ns.append(late_ns)

    def p99_seconds(self) -> float:
        """Return what 99 of 100 polls do not exceed, 0 without any."""
        # A copy: somebody polls while this is read from another thread.
        late = sorted(self._late_ns.copy())
        return late[len(late) * 99 // 100] / 1e9 if late else 0.0
