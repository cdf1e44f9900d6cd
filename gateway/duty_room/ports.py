"""What the duty room asks of its neighbours; `app` hands them in. Knows nothing of HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal, Protocol

from gateway.clock import Clock
from gateway.early_warning import Drilled, DrillKind, EarlyWarning, Finding, Wrote
from gateway.early_warning.account import Account
from gateway.health import Health
from gateway.inventory import Inventory
from gateway.model import Bytes8, Floats, Int64s
from gateway.settings import AtCap


class LedgerPort(Protocol):
    """Early warnings, and the operator's step."""

    def warnings(self, *, include_closed: bool = False, limit: int = 200) -> list[EarlyWarning]:
        """Return warnings, the most urgent first."""
        ...

    def warning(self, wanted: str) -> EarlyWarning | None:
        """Return one warning, open or closed."""
        ...

    def late_findings(self) -> list[Finding]:
        """Return what would have been a warning had it been known in time."""
        ...

    def acknowledge(
        self, warning: str, *, person: str, note: str = "", revision: int | None = None
    ) -> Future[EarlyWarning]:
        """Note that a person has seen a warning."""
        ...

    def subscribe(self, callback: Callable[[EarlyWarning | Finding], None]) -> Callable[[], None]:
        """Call back with each change, on any thread; return what ends that."""
        ...


class WritePort(Protocol):
    """Values written to devices."""

    async def write(self, device: str, point: str, value: float, *, person: str) -> Wrote:
        """Write and file it; `NotAllowed` says why not."""
        ...


class DrillPort(Protocol):
    """Faults staged in service."""

    @property
    def is_running(self) -> bool:
        """Whether a drill is under way, its recovery included."""
        ...

    def begin(self, kind: DrillKind, *, unit: str, seconds: float, person: str) -> None:
        """Start a drill; `NotAllowed` says why not."""
        ...

    def outcomes(self, limit: int = 20) -> list[Drilled]:
        """Return how the newest drills ended, the newest first."""
        ...


class StagePort(Protocol):
    """What a visitor of a simulated district may break."""

    @property
    def words(self) -> Sequence[str]:
        """What there is to break, in the order of its buttons."""
        ...

    async def stage(self, word: str, /) -> str:
        """Let it happen now and say what; `NotAllowed` says why not."""
        ...


class LatestReading(Protocol):
    """The newest reading of a channel."""

    @property
    def time_ns(self) -> int:
        """Source time."""
        ...

    @property
    def value(self) -> float:
        """Value in the channel's unit, NaN when missing."""
        ...

    @property
    def quality(self) -> int:
        """QARTOD flag."""
        ...

    @property
    def flags(self) -> int:
        """What else is known."""
        ...


class Rows(Protocol):
    """Readings of one channel as columns."""

    @property
    def time_ns(self) -> Int64s:
        """Source times, going up."""
        ...

    @property
    def value(self) -> Floats:
        """Values."""
        ...

    @property
    def quality(self) -> Bytes8:
        """QARTOD flags."""
        ...


class BucketRows(Protocol):
    """Readings of one channel, many to a bucket; NaN where a bucket is empty."""

    @property
    def start_ns(self) -> Int64s:
        """Where each bucket begins."""
        ...

    @property
    def end_ns(self) -> Int64s:
        """Where each bucket ends."""
        ...

    @property
    def low(self) -> Floats:
        """Smallest value."""
        ...

    @property
    def high(self) -> Floats:
        """Largest value."""
        ...

    @property
    def last(self) -> Floats:
        """Last value."""
        ...

    @property
    def rows(self) -> Int64s:
        """How many readings."""
        ...

    @property
    def worst_quality(self) -> Bytes8:
        """The worst QARTOD flag."""
        ...


class HistoryPort(Protocol):
    """What was measured."""

    def latest(self) -> Mapping[int, LatestReading]:
        """Return the newest reading of each channel by its number."""
        ...

    def read(self, channel: int, start_ns: int, end_ns: int, limit: int | None, /) -> Rows:
        """Return readings in [start, end), at most `limit`."""
        ...

    def buckets(self, channel: int, start_ns: int, end_ns: int, count: int, /) -> BucketRows:
        """Return [start, end) in so many buckets."""
        ...


class ReloadPort(Protocol):
    """The site file taken over again while the gateway runs."""

    async def reload(self, *, dry_run: bool, force: bool, watch_seconds: float) -> Mapping[str, object]:
        """Say what would change and, unless it is a dry run or refused, begin; `NotAllowed` or `ConfigError` why not.

        The answer has the keys of a `ReloadDocument`.
        """
        ...

    def told(self) -> Mapping[str, object]:
        """Say how far the newest reload has come, with the same keys."""
        ...


class WhyPort(Protocol):
    """Why a channel warned or did not."""

    def __call__(self, channel: str, at_ns: int, /) -> Mapping[str, object]:
        """Return a `WhyDocument` of a channel at a moment; `KeyError` for one that is not there."""
        ...


class AccountPort(Protocol):
    """All that a finding rests on."""

    def __call__(self, finding: Finding, /) -> Account:
        """Return its account, filled from the past as far as that is known."""
        ...


@dataclass(frozen=True, slots=True)
class DutyRoomPorts:
    """Everything that the page and the API know of the house."""

    inventory: Inventory
    numbers: Mapping[str, int]
    """Channel id → number."""
    ledger: LedgerPort
    history: HistoryPort
    health: Health
    clock: Clock
    language: Literal["zh", "en"] = "zh"
    at_cap: AtCap = "thin"
    """What happens when the journal is full."""
    drills: DrillPort | None = None
    """Faults staged in service; None where nothing runs that could fail."""
    writes: WritePort | None = None
    """Writes to devices; None where no collector runs."""
    reloads: ReloadPort | None = None
    """Takes over a changed site file; None where nothing runs that could."""
    why: WhyPort | None = None
    """Explains a channel; None where nothing detects."""
    account: AccountPort | None = None
    """Tells all that a finding rests on; None where nothing detects."""
    stages: StagePort | None = None
    """Breaks something in a simulated district; None on every real site."""
