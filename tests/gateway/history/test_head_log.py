from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gateway.history.columns import Columns
from gateway.history.head import Unlogged
from gateway.history.head_log import HeadLog, decode, encode


def runs(channel: list[int], length: list[int], *, quality: int = 1, flags: int = 0) -> Unlogged:
    rows = sum(length)
    return Unlogged(
        np.array(channel, np.int32),
        np.array(length, np.uint32),
        np.array([number % 2 == 0 for number in channel]),
        np.array(channel, np.int64) * 1000,
        Columns(
            np.arange(rows, dtype=np.int64),
            np.arange(rows) / 10,
            np.full(rows, quality, np.uint8),
            np.full(rows, flags, np.uint16),
        ),
    )


@pytest.mark.parametrize(("quality", "flags"), [(1, 0), (4, 0), (1, 3), (9, 513)])
def test_an_entry_comes_back_as_it_was(quality: int, flags: int) -> None:
    written = runs([7, 8, 2], [3, 0, 4], quality=quality, flags=flags)

    found = decode(encode(written))

    assert found.rows.same_as(written.rows)
    for name in ("channel", "length", "fresh", "received_ns"):
        assert getattr(found, name).tolist() == getattr(written, name).tolist()


def test_a_flipped_bit_anywhere_is_found_out() -> None:
    entry = encode(runs([1, 2], [2, 1]))

    for at in range(len(entry)):
        damaged = bytearray(entry)
        damaged[at] ^= 1
        with pytest.raises(ValueError, match="damaged entry"):
            decode(bytes(damaged))


@pytest.mark.parametrize("length", [0, 3, 13, 40])
def test_a_cut_off_entry_is_found_out(length: int) -> None:
    with pytest.raises(ValueError, match="damaged entry"):
        decode(encode(runs([1, 2], [2, 1]))[:length])


def test_place_entries_and_channels_are_there_after_reopening(tmp_path: Path) -> None:
    log = HeadLog(tmp_path / "head.db")
    log.remember_channels({"P-1.meter.flow": 4, "P-1.meter.pressure": 9})
    log.commit(runs([1], [2]), 10, forget_before=0)
    log.commit(runs([2], [3]), 20, forget_before=0)
    log.commit(runs([], []), 30, forget_before=2)
    log.close()

    log = HeadLog(tmp_path / "head.db")

    assert log.position == 30
    assert [entry for entry, _ in log.entries()] == [2]
    assert (log.row_count, log.next_entry) == (3, 3)
    assert log.channels() == {"P-1.meter.flow": 4, "P-1.meter.pressure": 9}
    log.close()
