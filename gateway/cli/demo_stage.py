"""How somebody stages something in a demo that runs: a word on its stdin, or a slip of paper in its folder.

A slip is a file `stage-WORD` in the demo's state folder; the demo takes it away when it has read it, so whoever may
write there may stage, and no socket is opened.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

from gateway.errors import Unreachable

_SLIP = "stage-"
_READY = "demo.pid"
_LOOK_SECONDS = 0.25
_TAKEN_SECONDS = 5.0


def hang_out(state: Path) -> None:
    """Say in a demo's folder that it runs and takes slips."""
    (state / _READY).write_text(f"{os.getpid()}\n")


def take_down(state: Path) -> None:
    """Say that no slips are taken any more."""
    for path in (state / _READY, *state.glob(f"{_SLIP}*")):
        path.unlink(missing_ok=True)


def hand_in(word: str, state: Path | None) -> Path:
    """Give a running demo a slip and return its folder once it was taken; Unreachable when no demo takes it."""
    folder = state or _newest()
    if folder is None or not (folder / _READY).is_file():
        where = f"in {state}" if state else "of yours"
        raise Unreachable(f"no demo {where} is running; start one with `lifeline demo`")
    slip = folder / f"{_SLIP}{word}"
    slip.touch()
    deadline = time.monotonic() + _TAKEN_SECONDS
    while slip.exists():
        if time.monotonic() > deadline:
            slip.unlink(missing_ok=True)
            raise Unreachable(f"the demo in {folder} does not answer")
        time.sleep(_LOOK_SECONDS / 5)
    return folder


async def words(state: Path, known: Sequence[str], complain: Callable[[str], None]) -> AsyncGenerator[str]:
    """Yield each word that is typed or handed in; what is none of them is complained about."""
    typed: asyncio.Queue[str] = asyncio.Queue()
    with contextlib.ExitStack() as stack:
        _listen(stack, typed)
        while True:
            said = _slips(state)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    said.append((await typed.get()).strip().lower())
            for word in filter(None, said):
                if word in known:
                    yield word
                else:
                    complain(f"{word!r:.20} cannot be staged; type {', '.join(known)}")


def _slips(state: Path) -> list[str]:
    """Take the slips that lie in a folder and return their words."""
    slips = sorted(state.glob(f"{_SLIP}*"))
    for slip in slips:
        slip.unlink(missing_ok=True)
    return [slip.name.removeprefix(_SLIP) for slip in slips]


def _newest() -> Path | None:
    """Return the folder of the demo that was started last, among those that keep nothing."""
    running = [path.parent for path in Path(tempfile.gettempdir()).glob(f"lifeline-demo-*/{_READY}")]
    return max(running, key=lambda folder: folder.stat().st_mtime, default=None)


def _listen(stack: contextlib.ExitStack, typed: asyncio.Queue[str]) -> None:
    """Read stdin line by line where there is one to read, without holding anything up."""
    try:
        number = sys.stdin.fileno()
        # A program in the background that reads its terminal is stopped by it.
        if os.isatty(number) and os.tcgetpgrp(number) != os.getpgrp():
            return
    except (OSError, ValueError, AttributeError):
        return
    loop = asyncio.get_running_loop()
    rest = bytearray()

    def read() -> None:
        said = os.read(number, 4096)
        rest.extend(said)
        *lines, left = bytes(rest).split(b"\n")
        rest[:] = left[-4096:]
        for line in lines:
            typed.put_nowait(line.decode(errors="replace"))
        if not said:
            loop.remove_reader(number)

    try:
        loop.add_reader(number, read)
    except (OSError, ValueError):
        # Files and /dev/null never become readable.
        return
    stack.callback(loop.remove_reader, number)
