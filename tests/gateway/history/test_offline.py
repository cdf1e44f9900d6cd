"""A history is read from its files as the running one reads itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gateway.health import Health
from gateway.history import History
from gateway.history.history import Pace
from gateway.history.offline import OfflineHistory
from gateway.journal import Entry
from gateway.model import SECOND, Instant, batch_of
from gateway.settings import HistorySettings

START = 1_700_000_000 * SECOND


def fill(history: History, *, rows: int, first: int = 0, position: int = 1, value: float = 0.0) -> None:
    """Give a history rows of two channels, one a second each."""
    received_ns = START + (first + rows) * SECOND
    columns = [
        (channel, START + at * SECOND, value + at + channel / 10, 1, 0)
        for at in range(first, first + rows)
        for channel in (1, 2)
    ]
    history.apply([Entry(position, batch_of(columns, Instant(received_ns, 0, "b")), received_ns)])


@pytest.fixture
def history(tmp_path: Path) -> History:
    history = History.open(tmp_path, settings=HistorySettings(), health=Health(), pace=Pace(rows=100))
    history.remember_channels({"P-1.f.flow": 1, "P-2.f.flow": 2})
    return history


def test_a_running_history_is_read_sealed_and_unsealed(history: History, tmp_path: Path) -> None:
    for number in range(14):
        fill(history, rows=100, first=100 * number, position=number + 1)
    fill(history, rows=100, first=50, position=15, value=0.5)

    found = OfflineHistory(tmp_path).read(1, START + 20 * SECOND, START + 1_380 * SECOND)
    wanted = history.read(1, START + 20 * SECOND, START + 1_380 * SECOND)

    assert len(found) == 1_360
    assert found.same_as(wanted)
    history.close()


def test_a_stopped_history_is_read_too(history: History, tmp_path: Path) -> None:
    fill(history, rows=30)
    history.close()

    offline = OfflineHistory(tmp_path)

    assert offline.channels() == {"P-1.f.flow": 1, "P-2.f.flow": 2}
    assert offline.read(2, START, START + 5 * SECOND).value.tolist() == [0.2, 1.2, 2.2, 3.2, 4.2]
    assert offline.read(2, START, START + 5 * SECOND, 2).value.tolist() == [0.2, 1.2]
    assert offline.damaged == 0


def test_buckets_are_those_of_the_running_history(history: History, tmp_path: Path) -> None:
    fill(history, rows=900)

    found = OfflineHistory(tmp_path).buckets(1, START, START + 1_000 * SECOND, 7)
    wanted = history.buckets(1, START, START + 1_000 * SECOND, 7)

    np.testing.assert_array_equal(found.low, wanted.low)
    np.testing.assert_array_equal(found.rows, wanted.rows)
    history.close()


def test_nothing_is_written(history: History, tmp_path: Path) -> None:
    fill(history, rows=30)
    history.close()
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.db")}

    OfflineHistory(tmp_path).read(1, START, START + SECOND)

    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.db")} == before


def test_a_folder_without_a_history_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no history in"):
        OfflineHistory(tmp_path)
