"""The journal's reader that counts: every reading by channel and hour, and the facts that explain what is missing.

Rule 1: counts and place are one transaction, so that a kill counts nothing twice and nothing never.
Rule 2: what a device answered counts once it is in the journal, for nothing else was acknowledged. A poll that was
        missed leaves no record; it shows as a gap against the channel's own period, and the facts say why.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gateway.journal import Entry
from gateway.model import SECOND
from gateway.proof.counting import Counted, Counting
from gateway.proof.proof_file import ProofFile

_COMMIT_NS = 600 * SECOND
_COMMIT_ROWS = 1_000_000
"""Counts are put on disk so often, for each time wears flash; until then the journal holds what they count."""


class Proof:
    """The counts of one gateway; applied to by one thread."""

    name = "proof"

    def __init__(self, folder: Path) -> None:
        self._file = ProofFile(folder)
        self._counting = Counting(self._file)
        self._applied = self._file.position
        self._committed_ns: int | None = None
        self._unwritten: tuple[Counted, int] | None = None

    def position(self) -> int:
        """Return the place that is on disk."""
        return self._file.position

    def apply(self, entries: Sequence[Entry]) -> int:
        """Count entries beyond the last one applied; no entries at all: put everything on disk now."""
        new = [entry for entry in entries if entry.position > self._applied]
        if new:
            self._counting.add(new)
            self._applied = new[-1].position
            if self._committed_ns is None:
                self._committed_ns = self._counting.now_ns
        since_ns = 0 if self._committed_ns is None else abs(self._counting.now_ns - self._committed_ns)
        if not entries or since_ns >= _COMMIT_NS or self._counting.tally.rows >= _COMMIT_ROWS:
            self._commit()
        return self._file.position

    def close(self) -> None:
        """Put everything on disk and let go of the file."""
        try:
            self._commit()
        finally:
            self._file.close()

    def abandon(self) -> None:
        """Let go of the file without putting anything on disk; what was counted since is counted again."""
        self._file.close()

    def _commit(self) -> None:
        if self._applied == self._file.position:
            return
        # What a full disk did not take stays, and is written by the next commit, with its place.
        if self._unwritten is None:
            self._unwritten = self._counting.take(), self._applied
        counted, position = self._unwritten
        self._file.commit(position, *counted, began_ns=self._counting.began_ns or 0, now_ns=self._counting.now_ns)
        self._unwritten = None
        self._committed_ns = self._counting.now_ns
