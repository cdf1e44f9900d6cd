"""Lengths along the pipes of an EPANET input file. Knows no hydraulics.

The distance of two pipes is that of the BattLeDIM competition: 0 for the same pipe, else the least distance between
their ends along pipes plus half of each one's length (KIOS, scoring_function.m).
"""

from __future__ import annotations

import heapq
import lzma
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def network_file(data: Path) -> Path | None:
    """Return the L-TOWN network in the folder or in the folder `battledim` beside it, None when there is none."""
    places = [data, data.parent / "battledim", data.resolve().parent / "battledim"]
    return next((path for place in places for path in sorted(place.glob("L-TOWN.inp*"))), None)


class Pipes:
    """Pipes with their ends and lengths in m; valves and pumps join nodes at no distance."""

    def __init__(self, text: str) -> None:
        self.pipes: dict[str, tuple[str, str, float]] = {}
        self._joined: dict[str, list[tuple[str, float]]] = {}
        section = ""
        for line in text.splitlines():
            words = line.partition(";")[0].split()
            if line.startswith("["):
                section = line.strip().strip("[]").upper()
            elif words and section in {"PIPES", "VALVES", "PUMPS"}:
                length = float(words[3]) if section == "PIPES" else 0.0
                self._join(words[1], words[2], length)
                if section == "PIPES":
                    self.pipes[words[0]] = words[1], words[2], length

    @classmethod
    def read(cls, path: Path) -> Pipes:
        """Return the pipes of a file, plain or .xz."""
        raw = path.read_bytes()
        return cls((lzma.decompress(raw) if path.suffix == ".xz" else raw).decode("utf-8", "replace"))

    def _join(self, one: str, other: str, length: float) -> None:
        self._joined.setdefault(one, []).append((other, length))
        self._joined.setdefault(other, []).append((one, length))

    def reaches(self, node: str) -> dict[str, float]:
        """Return the least length along pipes from a node to every node that it is joined to."""
        least = {node: 0.0}
        ahead = [(0.0, node)]
        while ahead:
            length, here = heapq.heappop(ahead)
            if length > least[here]:
                continue
            for other, more in self._joined.get(here, []):
                if length + more < least.get(other, math.inf):
                    least[other] = length + more
                    heapq.heappush(ahead, (length + more, other))
        return least

    def apart(self, one: str, other: str) -> float:
        """Return the distance of two pipes' middles by the competition's rule, in m; infinite for an unknown pipe."""
        if one == other:
            return 0.0
        if one not in self.pipes or other not in self.pipes:
            return math.inf
        (*ends, length), (*others, far) = self.pipes[one], self.pipes[other]
        between = min(self.reaches(str(end)).get(str(to), math.inf) for end in ends for to in others)
        return between + length / 2.0 + far / 2.0

    def from_middles(self, nodes: list[str]) -> tuple[list[str], NDArray[np.float64]]:
        """Return all pipes, and the length from each one's middle to each node, pipes by nodes."""
        lengths = [self.reaches(node) for node in nodes]
        rows = [
            [min(reach.get(start, math.inf), reach.get(end, math.inf)) + length / 2.0 for reach in lengths]
            for start, end, length in self.pipes.values()
        ]
        return list(self.pipes), np.array(rows)
