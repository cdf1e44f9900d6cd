"""The line that a fault is on, with a caret under the place. Secrets in it are masked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from gateway.errors import Fault

_WIDTH = 100
_LARGEST = 4_000_000
# Where a secret ends is not certain in a faulty line, so the rest of the line goes with it.
_SECRET = re.compile(
    r"(?:password|passwd|secret|token)(?!_env|_file)\w*[\"']?\s*[:=：]\s*(?P<value>\S.*)"
    r"|[^\s/\"'\[{,:]+(?P<login>:[^\s@/]+)@",
    re.IGNORECASE,
)


def with_excerpts(faults: Iterable[Fault], word: str = "error") -> str:
    """Return each fault as text, followed by its line and a caret where the file can be read."""
    files: dict[str, list[str]] = {}
    lines: list[str] = []
    for fault in faults:
        if fault.file not in files:
            files[fault.file] = _lines_of(Path(fault.file))
        lines.append(str(fault).replace(": error: ", f": {word}: ", 1))
        found = files[fault.file]
        if fault.line <= len(found) and found[fault.line - 1].strip():
            lines += excerpt(found[fault.line - 1], fault.column)
    return "\n".join(lines)


def excerpt(line: str, column: int) -> list[str]:
    """Return a line and under it a caret at a column (from 1); of a long line only what is near.

    >>> for text in excerpt("site: {id: x, langauge: zh, password: hunter2}", 15):
    ...     print(text)
        site: {id: x, langauge: zh, password: ********
                      ^
    """
    shown, before = _masked(line.replace("\t", " ")), column - 1
    if len(shown) > _WIDTH:
        start = max(0, min(before - _WIDTH // 2, len(shown) - _WIDTH))
        is_cut = start + _WIDTH < len(shown)
        shown = ("…" if start else "") + shown[start : start + _WIDTH] + ("…" if is_cut else "")
        before -= start - bool(start)
    gap = "".join("  " if unicodedata.east_asian_width(letter) in "WF" else " " for letter in shown[:before])
    return [f"    {shown}", f"    {gap}^"]


def _masked(line: str) -> str:
    def mask(found: re.Match[str]) -> str:
        name = "value" if found["value"] is not None else "login"
        start, end = found.start(name) - found.start(), found.end(name) - found.start()
        return found[0][:start] + "*" * (end - start) + found[0][end:]

    return _SECRET.sub(mask, line)


def _lines_of(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _LARGEST:
            return []
        raw = path.read_bytes()
    except OSError:
        return []
    # What is no text (UTF-16, an archive) is not shown.
    return [] if b"\0" in raw else raw.decode("utf-8-sig", "replace").splitlines()
