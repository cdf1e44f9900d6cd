"""The open warnings and the late findings as they stand, in memory. Decides which warning a finding belongs to."""

from __future__ import annotations

from collections.abc import Callable

from gateway.early_warning import (
    Acknowledged,
    Drilled,
    EarlyWarning,
    Event,
    Finding,
    Level,
    Observed,
    Redecoded,
    State,
    Wrote,
    fold,
    warning_id,
)

MAX_LATE = 200
"""Late findings shown; all of them stay in the ledger."""


class Book:
    """What stands after the events applied so far; a copy is cheap and independent."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._open: dict[tuple[str, str], EarlyWarning] = {}
        self._by_id: dict[str, tuple[str, str]] = {}
        self._late: dict[str, Finding] = {}

    def copy(self) -> Book:
        """Return a book that may be changed without changing this one."""
        new = Book(self._site)
        new._open = dict(self._open)
        new._by_id = dict(self._by_id)
        new._late = dict(self._late)
        return new

    @property
    def open_warnings(self) -> list[EarlyWarning]:
        """Every warning that is not closed."""
        return list(self._open.values())

    @property
    def late_findings(self) -> list[Finding]:
        """What would have been a warning had it been known in time, the newest first."""
        return sorted(self._late.values(), key=lambda finding: (-finding.learned_ns, finding.id))

    def open_warning(self, wanted: str) -> EarlyWarning | None:
        """Return an open warning by its id."""
        key = self._by_id.get(wanted)
        return None if key is None else self._open[key]

    def place(self, finding: Finding, is_taken: Callable[[str], bool]) -> str | None:
        """Return the id of the warning that a finding belongs to, a new one if need be; None for none."""
        standing = self._open.get((finding.hazard, finding.asset))
        held = standing.findings.get(finding.id) if standing is not None else None
        if standing is not None and held is not None and not (finding.is_late and held.level is Level.NONE):
            return standing.id
        if finding.is_late or finding.level is Level.NONE:
            return None
        if standing is not None:
            return standing.id
        # Two episodes may begin in the same nanosecond, the first warning being closed before the second is known.
        start_ns = finding.start_ns
        while is_taken(new := warning_id(self._site, finding.hazard, finding.asset, start_ns)):
            start_ns += 1
        return new

    def apply(self, event: Event) -> EarlyWarning | Finding | None:
        """Take over one event; return the warning or the late finding that it changed."""
        if isinstance(event, Drilled | Redecoded | Wrote):
            return None
        if isinstance(event, Acknowledged):
            return self._keep(fold(self.open_warning(event.warning), event))
        if event.warning is not None:
            self._late.pop(event.finding.id, None)
            return self._keep(fold(self.open_warning(event.warning), event))
        return self._apply_late(event)

    def _apply_late(self, event: Observed) -> Finding | None:
        finding = event.finding
        held = self._late.get(finding.id)
        if (held is None and not finding.is_late) or (held is not None and finding.time_ns < held.time_ns):
            return None
        self._late[finding.id] = finding
        if len(self._late) > MAX_LATE:
            del self._late[min(self._late, key=lambda each: (self._late[each].learned_ns, each))]
        return finding

    def _keep(self, warning: EarlyWarning) -> EarlyWarning:
        key = (warning.hazard, warning.asset)
        if warning.state is State.CLOSED:
            self._open.pop(key, None)
            self._by_id.pop(warning.id, None)
        else:
            self._open[key] = warning
            self._by_id[warning.id] = key
        return warning
