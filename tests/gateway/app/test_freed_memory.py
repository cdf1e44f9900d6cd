"""What was freed goes back to the system."""

from __future__ import annotations

import ctypes
import sys

import psutil
import pytest

from gateway.app.freed_memory import give_back


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library keeps what was freed")
def test_freed_memory_is_given_back() -> None:
    blocks = [b"%1000d" % number for number in range(100_000)]
    held_bytes = psutil.Process().memory_info().rss
    # Every tenth stays: what lies between cannot leave by the end of the heap.
    kept = blocks[::10]
    del blocks

    give_back()

    assert len(kept) == 10_000
    assert psutil.Process().memory_info().rss < held_bytes - 50_000_000


def test_a_library_that_cannot_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["gateway.app.freed_memory"].ctypes, "CDLL", lambda _name: object())

    assert not give_back()
