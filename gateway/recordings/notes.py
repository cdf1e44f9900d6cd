"""What is odd about a recording, said once a kind with its first lines, counted after that."""

from __future__ import annotations

from dataclasses import dataclass

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Note:
    """Lines of one kind: how many, the place of the first, and what was said of the first few."""

    kind: str
    count: int
    lines: tuple[tuple[int, str], ...]
    """Line numbers from 1 and a sentence each; 0 for the file as a whole."""


class Notes:
    """Everything odd about one recording.

    >>> notes = Notes()
    >>> for line in (3, 7, 9, 12, 13):
    ...     notes.add("number", line, "'abc' is not a number")
    >>> notes.as_text("a.csv")[-2:]
    ["a.csv:9: number: 'abc' is not a number", 'a.csv: number: 2 more like these']
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._lines: dict[str, list[tuple[int, str]]] = {}

    def add(self, kind: str, line: int, text: str, count: int = 1) -> None:
        """Say something of a line; of many alike only the first few are kept."""
        self._counts[kind] = self._counts.get(kind, 0) + count
        lines = self._lines.setdefault(kind, [])
        if len(lines) < _SHOWN:
            lines.append((line, text))

    def drop(self, kind: str) -> None:
        """Take back all that was said of a kind."""
        self._counts.pop(kind, None)
        self._lines.pop(kind, None)

    def all(self) -> list[Note]:
        """Return the notes in the order of their first lines."""
        notes = [Note(kind, count, tuple(self._lines[kind])) for kind, count in self._counts.items()]
        return sorted(notes, key=lambda note: note.lines[0][0])

    def as_text(self, file: str) -> list[str]:
        """Return one line for people for each thing said."""
        lines = []
        for note in self.all():
            lines += [f"{file}{f':{line}' if line else ''}: {note.kind}: {text}" for line, text in note.lines]
            if note.count > len(note.lines) and len(note.lines) == _SHOWN:
                lines.append(f"{file}: {note.kind}: {note.count - len(note.lines):,} more like these")
        return lines
