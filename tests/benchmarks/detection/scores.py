"""What a suite of recordings returns: scores, a line a file, the marks they are held to. Knows no suite."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Progress: TypeAlias = Callable[[str, float], None]
"""Called with what is being done, and the share of the work that is done."""


class NoRecordings(Exception):  # noqa: N818 - as the house names its errors
    """The folder holds no recording of this kind; the text says what was looked for."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One bound of a score: `must` decides, `aim` is reported beside it."""

    score: str
    sense: Literal[">=", "<="]
    must: float
    aim: float | None = None

    def missed_by(self, value: float, bound: float) -> float:
        """Return how far the value is on the wrong side of the bound, 0 when it holds, infinite when unknown."""
        if math.isnan(value):
            return math.inf
        return max(0.0, bound - value if self.sense == ">=" else value - bound)


@dataclass(frozen=True, slots=True)
class Scores:
    """What a suite measured."""

    values: Mapping[str, float]
    """Exactly the scores that `--json` prints."""
    marks: Sequence[Mark] = ()
    published: Sequence[tuple[str, Mapping[str, float]]] = ()
    """Others' rows: a name, and what they reached of the scores."""
    lines: Sequence[str] = ()
    """One line a file, or whatever explains the scores."""
    beside: Mapping[str, float] = field(default_factory=dict)
    """Figures that are told but are no score."""


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return "nan" if math.isnan(value) else f"{value:.4g}"


def told(suite: str, scores: Scores) -> str:
    """Return the scores as text: ours beside others', marks, what was missed, a line a file."""
    names = list(scores.values)
    rows = [("this run", scores.values), *scores.published]
    width = max(len(name) for name, _ in rows) + 2
    text = [suite, "", " " * width + "  ".join(f"{name:>20}" for name in names)]
    text += [f"{name:<{width}}" + "  ".join(f"{_number(row.get(each)):>20}" for each in names) for name, row in rows]
    text += ["", *(f"{name}: {_number(value)}" for name, value in scores.beside.items())] if scores.beside else []
    text += ["", *(_judged(mark, scores.values.get(mark.score, math.nan)) for mark in scores.marks)]
    return "\n".join([*text, "", *scores.lines]).rstrip()


def _judged(mark: Mark, value: float) -> str:
    missed = mark.missed_by(value, mark.must)
    verdict = "holds" if not missed else f"MISSED by {_number(missed)}"
    aim = ""
    if mark.aim is not None:
        far = mark.missed_by(value, mark.aim)
        aim = f"; aim {mark.sense} {_number(mark.aim)}: " + ("reached" if not far else f"{_number(far)} away")
    bound = f"{mark.score} {mark.sense} {_number(mark.must)}"
    return f"must: {bound}: {_number(value)}: {verdict}{aim}"
