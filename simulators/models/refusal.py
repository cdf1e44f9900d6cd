"""How a library of the field says no: a file that it will not read, and a world that it cannot go on with.

Rule 1: every sentence names the file, the line where the library tells it, and the library's own code and text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gateway.errors import Fault

# EPANET: "Error 202: illegal numeric value long in [PIPES] section:", the line itself below it. SWMM: the same, with
# "ERROR 205: ... at line 12 of [OPTIONS] section:".
_SAID = re.compile(r"\s*(?:(?:Error|ERROR) (?P<code>\d+): *)+(?P<text>.*)")
_AT_LINE = re.compile(r" *at line (?P<line>\d+)")
_SECTION = re.compile(r" *(?:in|of) \[(?P<section>\w+)\] section:?|:$")
_SUMMARIES = frozenset({"200"})
"""Codes that only say that there were others."""


class FileRefused(ValueError):  # noqa: N818 - a word that reads
    """A network file that its library does not take; one fault a complaint, each with its line where it is known."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("; ".join(map(str, faults)))


class BrokenOff(Exception):  # noqa: N818 - a word that reads
    """A world that cannot go on: a solver failed in the middle of a run. One sentence with the file and the reason."""


def refused(library: str, file: Path, report: str, otherwise: str) -> FileRefused:
    """Return what a library says against a file in its report; `otherwise` when the report says nothing."""
    lines = _text_of(file).splitlines()
    faults = [_fault(library, file, lines, one) for one in _complaints(report)]
    if not faults:
        faults = [Fault(str(file), 1, 1, f"{library} refuses it: {' '.join(otherwise.split())}")]
    return FileRefused(faults)


def failure_in(report: str) -> str:
    """Return the last error in a report as `110: cannot solve …`, empty when there is none."""
    found = [f"{code}: {text}" for code, text, _ in _complaints(report)]
    return found[-1] if found else ""


def _complaints(report: str) -> Iterator[tuple[str, str, str]]:
    """Yield the code, the sentence and the line of the file that it quotes of each error in a report."""
    lines = report.splitlines()
    said = [(number, found) for number, line in enumerate(lines) if (found := _SAID.fullmatch(line))]
    real = [one for one in said if one[1]["code"] not in _SUMMARIES]
    for number, found in real or said:
        quoted = lines[number + 1].strip() if number + 1 < len(lines) and "section" in found["text"] else ""
        yield found["code"], found["text"].strip(), quoted


def _fault(library: str, file: Path, lines: Sequence[str], complaint: tuple[str, str, str]) -> Fault:
    code, text, quoted = complaint
    told = _AT_LINE.search(text)
    number = int(told["line"]) if told else _line_of(lines, text, quoted)
    in_section = _SECTION.search(text)
    section = in_section["section"] if in_section else None
    text = " ".join(_SECTION.sub("", _AT_LINE.sub("", text)).split())
    where = f" in [{section}]" if section else ""
    shown = f": {quoted!r:.120}" if quoted else ""
    return Fault(str(file), number, 1, f"{library} error {code}: {text}{where}{shown}")


def _line_of(lines: Sequence[str], text: str, quoted: str) -> int:
    """Return the line that a complaint quotes, else the first that begins with what its last word names."""
    if quoted:
        return _first(number for number, line in enumerate(lines, 1) if _same(line, quoted))
    words = text.split()
    named = words[-1] if words else ""
    return _first(number for number, line in enumerate(lines, 1) if line.split()[:1] == [named])


def _same(line: str, quoted: str) -> bool:
    bare, _, _ = line.partition(";")
    return bare.split() == quoted.partition(";")[0].split()


def _first(numbers: Iterable[int]) -> int:
    return next(iter(numbers), 1)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
