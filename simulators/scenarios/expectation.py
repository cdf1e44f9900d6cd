"""What a scenario expects of the gateway, in a sentence that reads as one.

pipe_burst on P-12 within 2 min
gas_leak on MH-1 within 10 min, at least orange
no gas_leak on MH-2
at most 1 false warning a day
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from simulators.scenarios.durations import seconds_of, written

LEVELS = ("blue", "yellow", "orange", "red")
_WANT = re.compile(
    r"(?P<hazard>\w+) on (?P<asset>[\w:-]+) within (?P<within>[\d.]+\s*\w+)(?:, at least (?P<level>\w+))?"
)
_NONE = re.compile(r"no (?P<hazard>\w+) on (?P<asset>[\w:-]+)")
_FALSE = re.compile(r"at most (?P<count>\d+) false warnings? a day")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An early warning that must come in time."""

    hazard: str
    asset: str
    within_seconds: float
    level: str = "blue"

    def __str__(self) -> str:
        """Return the sentence."""
        more = f", at least {self.level}" if self.level != "blue" else ""
        return f"{self.hazard} on {self.asset} within {written(self.within_seconds)}{more}"


@dataclass(frozen=True, slots=True)
class Unwanted:
    """An early warning that must not come."""

    hazard: str
    asset: str

    def __str__(self) -> str:
        """Return the sentence."""
        return f"no {self.hazard} on {self.asset}"


@dataclass(frozen=True, slots=True)
class FewFalse:
    """How many warnings without a cause are borne."""

    a_day: int

    def __str__(self) -> str:
        """Return the sentence."""
        return f"at most {self.a_day} false warning{'' if self.a_day == 1 else 's'} a day"


Sentence = Wanted | Unwanted | FewFalse


@dataclass(frozen=True, slots=True)
class Expectation:
    """One sentence, and why it is not yet met where that is known."""

    sentence: Sentence
    pending: str = ""


def read_sentence(text: str) -> Sentence:
    """Return what a sentence expects; ValueError says how to write one.

    >>> str(read_sentence("gas_leak on MH-1 within 600 s, at least orange"))
    'gas_leak on MH-1 within 10 min, at least orange'
    """
    text = text.strip()
    if found := _WANT.fullmatch(text):
        level = found["level"] or "blue"
        if level not in LEVELS:
            raise ValueError(f"a level is one of {', '.join(LEVELS)}, got {level!r:.20}")
        return Wanted(found["hazard"], found["asset"], seconds_of(found["within"]), level)
    if found := _NONE.fullmatch(text):
        return Unwanted(found["hazard"], found["asset"])
    if found := _FALSE.fullmatch(text):
        return FewFalse(int(found["count"]))
    raise ValueError(
        "an expectation reads 'HAZARD on ASSET within TIME[, at least LEVEL]', 'no HAZARD on ASSET' or "
        f"'at most N false warnings a day', got {text!r:.80}"
    )
