"""What is wrong with one ladder taken by itself: keys that its kind does not know, sides it does not have."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.documents import Document, Path
from gateway.inventory import LEVELS, Course
from gateway.settings.ladder_kinds import LADDER_KINDS
from gateway.settings.written import WrittenLadder, WrittenSite
from gateway.units import QUANTITIES

_OWN_KEYS = ("ahead_seconds", "window_seconds", "band_hz", "latch_seconds", "course")
_EPOCH = date(1970, 1, 1)


def check_kind(document: Document, at: Path, written: WrittenLadder) -> None:
    """Add a fault for each key of a ladder that does not go with what it is of."""
    name, kind = ".".join(map(str, at)), LADDER_KINDS[written.of]
    for key in _OWN_KEYS:
        if getattr(written, key) and key not in kind.keys:
            owners = ", ".join(one.of for one in LADDER_KINDS.values() if key in one.keys)
            document.fault((*at, key), f"{name}: {key} means nothing to 'of: {written.of}'", f"it is for {owners}")
    quantity = QUANTITIES.get(written.quantity or "")
    if quantity is not None and quantity.is_derived and (written.of != "value" or written.ahead_seconds):
        key = "of" if written.of != "value" else "ahead_seconds"
        message = f"{name}: a quantity that is worked out is judged by its value, as it is"
        document.fault((*at, key), message, f"leave {key} out")
    if not kind.is_signed and written.direction == "below":
        message = f"{name}: 'of: {written.of}' looks either way"
        document.fault((*at, "direction"), message, "leave direction out")
    if written.of == "line" and written.band_hz is None:
        message = f"{name}: 'of: line' needs the band in which the line is looked for"
        document.fault(at, message, "e.g. band_hz: [2.1, 2.6], a line and a tenth round about", at_key=True)
    if written.band_hz and not written.band_hz[0] < written.band_hz[1]:
        message = f"{name}.band_hz must go from low to high, got [{written.band_hz[0]:g}, {written.band_hz[1]:g}]"
        document.fault((*at, "band_hz"), message)
    if written.votes and written.votes[0] > written.votes[1]:
        m, n = written.votes
        document.fault((*at, "votes"), f"{name}: {m} of {n} can never agree", "write [m, n] with m at most n")
    _check_rungs(document, at, written)


def _check_rungs(document: Document, at: Path, written: WrittenLadder) -> None:
    name, kind = ".".join(map(str, at)), LADDER_KINDS[written.of]
    rungs = {level: written.rungs[level] for level in LEVELS if level in written.rungs}
    word = written.direction
    for (lower, first), (higher, second) in pairwise(rungs.items()):
        if not (second > first if word == "above" else second < first):
            message = f"{name}: {higher} must be {word} {lower} {first:g}, got {second:g}"
            document.fault((*at, "rungs", higher), message, f"direction is {word}")
    if written.of == "value" or document.is_faulty(at):
        return
    sign = 1.0 if word == "above" else -1.0
    lowest = next(iter(rungs), None)
    if lowest is not None and rungs[lowest] * sign <= 0:
        side = "above 0" if word == "above" else "below 0: it falls"
        message = f"{name}: rungs of 'of: {written.of}' must be {side}, got {rungs[lowest]:g}"
        document.fault((*at, "rungs", lowest), message, f"they are in {kind.unit_of('units')}")
    if kind.most is not None:
        for level, rung in rungs.items():
            if rung > kind.most:
                message = f"{name}: 'of: {written.of}' never gets beyond {kind.most:g}, got {rung:g}"
                document.fault((*at, "rungs", level), message)


def days_of(box: WrittenSite) -> Course:
    """Return the days of a site as courses know them."""
    try:
        # The zone's time without summer time: a course must not jump with the clocks.
        moment = datetime(2026, 1, 1, tzinfo=UTC).astimezone(ZoneInfo(box.timezone))
        offset = (moment.utcoffset() or timedelta()) - (moment.dst() or timedelta())
        seconds = round(offset.total_seconds())
    except (ZoneInfoNotFoundError, OSError, ValueError):
        # A zone that is not there is a fault of its own.
        seconds = 0
    holidays, workdays = (tuple(sorted((day - _EPOCH).days for day in days)) for days in (box.holidays, box.workdays))
    return Course("day", seconds, holidays, workdays)
