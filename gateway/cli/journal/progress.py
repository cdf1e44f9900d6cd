"""The bar on stderr while a whole journal is read; nothing where nobody looks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_BAR = 30
_LOOK_SECONDS = 0.2


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], object]]:
    """Give a function that is told how many bytes of how many are done."""
    shown = 0.0

    def show(done: int, total: int) -> None:
        nonlocal shown
        if time.monotonic() - shown < _LOOK_SECONDS or not total:
            return
        shown = time.monotonic()
        part = round(_BAR * done / total)
        text = f"{'█' * part}{'░' * (_BAR - part)} {done / total:4.0%}  {what}"
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    try:
        yield show
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
