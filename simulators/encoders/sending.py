"""What an encoder is given: who sends which raw numbers, when, and as which message of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

from gateway.model import SECOND
from gateway.profiles import FieldPlace, Profile
from simulators.devices import raw_of

BEIJING = timezone(timedelta(hours=8))
"""The zone of stations whose protocols write local time."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One message of one device."""

    profile: Profile
    station: str
    """The device's own id, as its protocol writes it."""
    values: Mapping[str, float]
    """Point → value in the canonical unit, NaN for none."""
    time_ns: int
    sequence: int = 0
    """How many messages it has sent before."""
    calibrated: frozenset[str] = frozenset()
    """Points to which somebody holds test gas."""
    waves: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Point of samples → those since `time_ns`, in the canonical unit."""

    def fields(self) -> Iterator[tuple[str, float]]:
        """Yield the protocol's name and the number on the wire of each point that has a value."""
        for name, value in self.values.items():
            point = self.profile.points[name]
            if isinstance(point.place, FieldPlace) and not math.isnan(value):
                raw = raw_of(point, value)
                if raw is not None:
                    yield point.place.path[0], raw

    def local(self) -> datetime:
        """Return its time as a station's own clock on the wall shows it."""
        return datetime.fromtimestamp(self.time_ns // SECOND, UTC).astimezone(BEIJING)


def plain(number: float) -> str:
    """Return a number without an exponent.

    >>> plain(12.0), plain(0.00015), plain(-3.25)
    ('12', '0.00015', '-3.25')
    """
    text = f"{number:.9f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
