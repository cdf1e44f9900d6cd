"""What was learned of the units of a line, kept over a restart.

That is where long reads are refused, and how often counters rolled over. A file that is lost or torn costs only the
learning.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.codecs.modbus_plan import Cut
from gateway.model import SECOND

_MOST_CUTS = 1_000
_HOUR = 3_600

logger = logging.getLogger(__name__)


class _WrittenUnit(BaseModel):
    model_config = ConfigDict(extra="ignore")

    cuts: Annotated[list[Cut], Field(max_length=_MOST_CUTS)] = []
    learned_ns: int = 0
    laps: dict[str, tuple[int, float]] = {}


@dataclass(slots=True)
class UnitMemory:
    """What is known of one unit."""

    cuts: list[Cut] = field(default_factory=list)
    learned_ns: int = 0
    """When the first of the cuts was learned, UTC."""
    laps: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Counter → how often it rolled over, and what it showed when that was last noted."""
    is_changed: bool = False

    def learn(self, cuts: Sequence[Cut], now_ns: int) -> None:
        """Remember where blocks must begin."""
        if not self.cuts:
            self.learned_ns = now_ns
        self.cuts = sorted({*self.cuts, *cuts})[:_MOST_CUTS]
        self.is_changed = True

    def forget(self, hours: float, now_ns: int) -> bool:
        """Drop cuts that are too old, so that a new firmware gets its chance; tell whether there were any."""
        if not self.cuts or 0 <= now_ns - self.learned_ns <= hours * _HOUR * SECOND:
            return False
        self.cuts = []
        self.is_changed = True
        return True


class LineMemory:
    """The memory of one line's units; without a path it lasts as long as the process."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._units: dict[str, UnitMemory] = {}
        if path is not None and path.exists():
            try:
                for device, written in json.loads(path.read_bytes()).items():
                    known = _WrittenUnit.model_validate(written)
                    self._units[device] = UnitMemory(list(known.cuts), known.learned_ns, dict(known.laps))
            except (OSError, ValueError, AttributeError, ValidationError) as error:
                logger.warning("%s cannot be read, its units are learned again: %s", path, error)

    def of(self, device: str) -> UnitMemory:
        """Return what is known of a device."""
        return self._units.setdefault(device, UnitMemory())

    async def save(self) -> None:
        """Write down what has changed."""
        if self._path is None or not any(unit.is_changed for unit in self._units.values()):
            return
        for unit in self._units.values():
            unit.is_changed = False
        text = json.dumps(
            {
                device: {"cuts": unit.cuts, "learned_ns": unit.learned_ns, "laps": unit.laps}
                for device, unit in self._units.items()
                if unit.cuts or unit.laps
            }
        )
        try:
            await asyncio.to_thread(_replace, self._path, text)
        except OSError as error:
            logger.warning("%s cannot be written: %s", self._path, error)


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)
