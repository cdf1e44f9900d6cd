"""The text of an EPANET or SWMM file, by sections: what it names, and where. Judges nothing; the libraries do that.

Both formats are lines of words in sections, `;` begins a comment, and a section is known by its first four letters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_LETTERS = 4
"""By so many letters EPANET and SWMM tell a section."""
_ONLY_SWMM = frozenset({"COND", "OUTF", "SUBC", "XSEC", "RAIN", "DIVI", "ORIF", "WEIR"})
_NODES = ("JUNCTIONS", "RESERVOIRS", "TANKS", "OUTFALLS", "STORAGE", "DIVIDERS")
_LINKS = ("PIPES", "PUMPS", "VALVES", "CONDUITS", "ORIFICES", "WEIRS", "OUTLETS")
_LINK_WORDS = 3
_POINT_WORDS = 3


class Row(NamedTuple):
    """One line of a section."""

    line: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NetworkText:
    """What stands in a file."""

    sections: dict[str, list[Row]]
    """First four letters of a section, in capitals → its lines."""

    @property
    def is_swmm(self) -> bool:
        """Tell a drainage network from a water network."""
        return not _ONLY_SWMM.isdisjoint(self.sections)

    @property
    def nodes(self) -> dict[str, str]:
        """Return each node with the section that it stands in."""
        return {row.words[0]: section for section in _NODES for row in self.rows(section)}

    @property
    def links(self) -> dict[str, tuple[str, str, str]]:
        """Return each link with its section and the nodes at its two ends."""
        return {
            row.words[0]: (section, row.words[1], row.words[2])
            for section in _LINKS
            for row in self.rows(section)
            if len(row.words) >= _LINK_WORDS
        }

    @property
    def points(self) -> dict[str, tuple[float, float]]:
        """Return where nodes stand on the file's own map; those without a place are left out."""
        return dict(self._points())

    def rows(self, section: str) -> list[Row]:
        """Return the lines of a section, none when it is not there."""
        return self.sections.get(section[:_LETTERS].upper(), [])

    def _points(self) -> Iterator[tuple[str, tuple[float, float]]]:
        for row in self.rows("COORDINATES"):
            if len(row.words) >= _POINT_WORDS:
                try:
                    yield row.words[0], (float(row.words[1]), float(row.words[2]))
                except ValueError:
                    continue


def network_text(file: Path) -> NetworkText:
    """Read a file; OSError when it cannot be read. Bytes that are no UTF-8 stand in comments and titles."""
    return sections_of(file.read_text(encoding="utf-8", errors="replace"))


def sections_of(text: str) -> NetworkText:
    r"""Return the sections of a text.

    >>> sections_of("[PIPES]\n;id\nP1 J1 J2 400 ; DN300\n[Coordinates]\nJ1 3 4").links
    {'P1': ('PIPES', 'J1', 'J2')}
    """
    sections: dict[str, list[Row]] = {}
    rows: list[Row] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = tuple(line.partition(";")[0].split())
        if words and words[0].startswith("["):
            rows = sections.setdefault(words[0][1:].rstrip("]")[:_LETTERS].upper(), [])
        elif words:
            rows.append(Row(number, words))
    return NetworkText(sections)
