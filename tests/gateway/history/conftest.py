"""What the tests of the history share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from gateway.health import Health
from gateway.history import History, Pace
from gateway.settings import HistorySettings
from tests.gateway.history.story import Story

Opener: TypeAlias = Callable[..., History]
OFTEN = Pace(rows=2_000)


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def open_history(tmp_path: Path, health: Health) -> Iterator[Opener]:
    """Open the history of one folder again and again; all are closed at the end."""
    opened: list[History] = []

    def opener(*, cap_bytes: int = 4_000_000_000, pace: Pace = OFTEN, folder: str = "history") -> History:
        settings = HistorySettings(cap_bytes=cap_bytes)
        history = History.open(tmp_path / folder, settings=settings, health=health, pace=pace)
        opened.append(history)
        return history

    yield opener
    for history in opened:
        history.close()
