"""What detection may ask of the past: the history's readings, and what the ledger has warned of."""

from __future__ import annotations

from collections.abc import Callable

from gateway.history import History
from gateway.history.columns import Columns
from gateway.ledger import Ledger


class KeptPast:
    """The past as this box keeps it; `history_place` tells how far the history was given the journal."""

    def __init__(self, history: History, ledger: Ledger, history_place: Callable[[], int]) -> None:
        self._history = history
        self._ledger = ledger
        self._history_place = history_place

    def read(self, channel: int, start_ns: int, end_ns: int) -> Columns:
        """Return the readings of a channel number in [start, end)."""
        return self._history.read(channel, start_ns, end_ns)

    def has_passed(self, position: int) -> bool:
        """Tell whether everything up to a position of the journal can be read."""
        return self._history_place() >= position

    def was_warned_of(self, finding: str) -> bool:
        """Tell whether a finding was ever part of a warning."""
        return self._ledger.was_warned_of(finding)
