"""What can be asked of the ledger's thread, and what each does inside its transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.early_warning import Acknowledged, Drilled, EarlyWarning, Event, Finding, Observed, Redecoded, Wrote
from gateway.errors import NotAllowed
from gateway.ledger.book import Book
from gateway.ledger.chain import event_id
from gateway.ledger.storage import Storage

LedgerChange: TypeAlias = EarlyWarning | Finding
"""What a subscriber is told: a warning as it stands now, or a late finding that belongs to none."""


@dataclass(slots=True)
class Desk:
    """Where one transaction works: a book of its own, the file, the time, and what has changed so far."""

    book: Book
    storage: Storage
    now_ns: int
    changes: dict[str, LedgerChange] = field(default_factory=dict)

    def write(self, event: Event) -> None:
        """Append one event and apply it; the caller made sure that it is new."""
        changed = self.book.apply(event)
        self.storage.append(event)
        if isinstance(changed, EarlyWarning):
            self.storage.index(changed)
        if changed is not None:
            self.changes.pop(changed.id, None)
            self.changes[changed.id] = changed


@dataclass(frozen=True, slots=True, eq=False)
class RecordFindings:
    """Findings to append as one whole."""

    findings: Sequence[Finding]
    done: Future[None] = field(default_factory=Future)

    def apply(self, desk: Desk) -> None:
        """Append those that are new, each in the warning it belongs to."""
        for finding in self.findings:
            if not desk.storage.has_event(event_id(Observed(None, finding))):
                desk.write(Observed(desk.book.place(finding, desk.storage.has_warning), finding))


@dataclass(frozen=True, slots=True, eq=False)
class Acknowledge:
    """A person's step."""

    warning: str
    person: str
    note: str
    revision: int | None
    done: Future[EarlyWarning] = field(default_factory=Future)

    def apply(self, desk: Desk) -> EarlyWarning:
        """Append the step unless it is there already; return the warning after it, or raise `NotAllowed`."""
        if not self.person:
            raise NotAllowed("an acknowledgement needs the name of the person")
        warning = desk.book.open_warning(self.warning) or desk.storage.closed_warning(self.warning)
        if warning is None:
            raise NotAllowed(f"there is no warning {self.warning}")
        if self._is_made(desk.storage, warning):
            return warning
        if self.revision is not None and self.revision != warning.revision:
            raise NotAllowed(
                f"the warning has changed: it is at revision {warning.revision}, the step was made on {self.revision};"
                " look at it again"
            )
        desk.write(self._event(warning.revision, desk.now_ns))
        after = desk.changes[warning.id]
        assert isinstance(after, EarlyWarning)  # noqa: S101 - a step changes its warning
        return after

    def _is_made(self, storage: Storage, warning: EarlyWarning) -> bool:
        """Whether this very step is in the ledger; without a revision, whether it was the newest step of a person."""
        if self.revision is not None:
            return storage.has_event(event_id(self._event(self.revision, 0)))
        made = next((step for step in reversed(warning.steps) if step.person), None)
        seen = not warning.needs_acknowledgement
        return seen and made is not None and (made.person, made.note) == (self.person, self.note)

    def _event(self, revision: int, time_ns: int) -> Acknowledged:
        return Acknowledged(self.warning, self.person, self.note, time_ns, revision)


@dataclass(frozen=True, slots=True, eq=False)
class RememberChannels:
    """Channel numbers to keep."""

    channels: Mapping[str, int]
    done: Future[None] = field(default_factory=Future)

    def apply(self, desk: Desk) -> None:
        """Keep those that are new."""
        desk.storage.remember_channels(self.channels)


@dataclass(frozen=True, slots=True, eq=False)
class RecordDrill:
    """How a drill ended."""

    drill: Drilled
    done: Future[None] = field(default_factory=Future)

    def apply(self, desk: Desk) -> None:
        """Append it, unless it is there already."""
        if not desk.storage.has_event(event_id(self.drill)):
            desk.write(self.drill)


@dataclass(frozen=True, slots=True, eq=False)
class RecordRedecoding:
    """A correction by another profile to file."""

    step: Redecoded
    done: Future[None] = field(default_factory=Future)

    def apply(self, desk: Desk) -> None:
        """Append it, unless it is there already."""
        if not desk.storage.has_event(event_id(self.step)):
            desk.write(self.step)


@dataclass(frozen=True, slots=True, eq=False)
class RecordWrite:
    """A write to a device to file."""

    wrote: Wrote
    done: Future[None] = field(default_factory=Future)

    def apply(self, desk: Desk) -> None:
        """Append it, unless it is there already."""
        if not desk.storage.has_event(event_id(self.wrote)):
            desk.write(self.wrote)


Request: TypeAlias = RecordFindings | Acknowledge | RememberChannels | RecordDrill | RecordRedecoding | RecordWrite
