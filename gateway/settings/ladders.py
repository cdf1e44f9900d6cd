"""The part `ladders` of a site file: the limits of each hazard, and to which channels they apply."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise

from gateway.documents import Document, Path, Value
from gateway.inventory import LEVELS, Channel, Ladder
from gateway.settings.devices import hint
from gateway.settings.hazards import HAZARDS
from gateway.settings.written import WrittenLadder, check_id
from gateway.units import QUANTITIES


def read_ladders(
    document: Document,
    value: Value,
    channels: Collection[str],
    broken: Collection[str],
    assets: Collection[str] = (),
) -> tuple[Ladder, ...]:
    """Return the ladders that are right; `broken` are the devices whose channels are not known."""
    ladders: list[Ladder] = []
    meanings: dict[tuple[str | None, ...], str] = {}
    for name, part in document.mapping(("ladders",), value).items():
        at = ("ladders", name)
        check_id(document, at, name)
        written = document.check(at, part, WrittenLadder)
        if written is None:
            continue
        _check_subject(document, at, written, channels, broken)
        _check_asset(document, at, written, assets)
        if written.hazard not in HAZARDS:
            near = hint(document, written.hazard, HAZARDS) or f"there are {', '.join(HAZARDS)}"
            document.fault((*at, "hazard"), f"ladders.{name}: unknown hazard {written.hazard!r:.60}", near)
        rungs: dict[str, float] = {level: written.rungs[level] for level in LEVELS if level in written.rungs}
        _check_monotone(document, at, rungs, written.direction)
        if document.is_faulty(at):
            continue
        meaning = (written.quantity, written.channel, written.asset, written.hazard, written.direction, written.of)
        if (first := meanings.setdefault(meaning, name)) != name:
            message = f"ladders.{name} is about the same as ladders.{first}"
            document.fault(
                at, message, "one ladder for each quantity, channel or asset, hazard and direction", at_key=True
            )
        ladders.append(
            Ladder(
                name=name,
                hazard=written.hazard,
                direction=written.direction,
                rungs=rungs,
                deadband=written.deadband,
                on_seconds=written.on_seconds,
                off_seconds=written.off_seconds,
                basis=written.basis,
                quantity=written.quantity,
                channel=written.channel,
                asset=written.asset,
                ahead_seconds=written.ahead_seconds,
                of=written.of,
            )
        )
    return tuple(ladders)


def is_derived(ladder: Ladder) -> bool:
    """Return whether a ladder is over a quantity that is worked out for assets, not measured."""
    return ladder.quantity is not None and QUANTITIES[ladder.quantity].is_derived


def ladders_of(channel: str, quantity: str, ladders: Iterable[Ladder]) -> tuple[Ladder, ...]:
    """Return the ladders of one channel: its own, and those of its quantity that its own do not replace.

    A ladder replaces another of the same hazard and direction.
    """
    own = [ladder for ladder in ladders if ladder.channel == channel]
    replaced = {(ladder.hazard, ladder.direction, ladder.of) for ladder in own}
    shared = [
        ladder
        for ladder in ladders
        if ladder.quantity == quantity and (ladder.hazard, ladder.direction, ladder.of) not in replaced
    ]
    return (*own, *shared)


def check_channel(
    document: Document,
    at: Path,
    name: str,
    channels: Collection[str],
    broken: Collection[str],
    *,
    at_key: bool = False,
) -> None:
    """Add a fault when there is no such channel; the channels of a device at fault are not held against the file."""
    device = name.split(".")[1:2]
    if name in channels or (device and device[0] in broken):
        return
    near = [channel for channel in channels if device and channel.split(".")[1] == device[0]] or channels
    document.fault(at, f"there is no channel {name!r:.120}", hint(document, name, near), at_key=at_key)


def check_reach(document: Document, ladders: Iterable[Ladder], channels: Iterable[Channel]) -> None:
    """Warn of ladders that can never warn, or never end a warning."""
    users: dict[str, list[Channel]] = defaultdict(list)
    for channel in channels:
        for ladder in channel.ladders:
            users[ladder.name].append(channel)
    for ladder in ladders:
        if is_derived(ladder):
            continue
        if ladder.of == "shift" and users[ladder.name]:
            continue
        if not users[ladder.name]:
            document.warn(("ladders", ladder.name), f"ladders.{ladder.name} applies to no channel", at_key=True)
        for level, limit in ladder.rungs.items():
            far = [channel for channel in users[ladder.name] if channel.span and not _within(limit, channel.span)]
            if far:
                message = f"ladders.{ladder.name}: {level} at {limit:g} is outside the span of {_some(far)}"
                document.warn(("ladders", ladder.name, "rungs", level), message, "no good reading gets there")
        stuck = [channel for channel in users[ladder.name] if not _can_end(ladder, channel)]
        if stuck:
            message = f"ladders.{ladder.name}: with this deadband a warning on {_some(stuck)} can never end"
            document.warn(("ladders", ladder.name, "deadband"), message)


def _check_subject(
    document: Document, at: Path, written: WrittenLadder, channels: Collection[str], broken: Collection[str]
) -> None:
    name = ".".join(map(str, at))
    if (written.quantity is None) == (written.channel is None):
        both = "both a quantity and a channel" if written.quantity else "neither a quantity nor a channel"
        document.fault(at, f"{name} names {both}", "it must name one of them", at_key=True)
    if written.quantity is not None and written.quantity not in QUANTITIES:
        near = hint(document, written.quantity, QUANTITIES) or "the list is in gateway/units.py"
        document.fault((*at, "quantity"), f"{name}: unknown quantity {written.quantity!r:.60}", near)
    quantity = QUANTITIES.get(written.quantity or "")
    if quantity is not None and quantity.is_derived and written.ahead_seconds:
        message = f"{name}: a quantity that is worked out is not judged ahead of time"
        document.fault((*at, "ahead_seconds"), message, "leave ahead_seconds out")
    if written.of == "shift":
        _check_shift(document, at, written)
    if written.channel is not None:
        check_channel(document, (*at, "channel"), written.channel, channels, broken)


def _check_shift(document: Document, at: Path, written: WrittenLadder) -> None:
    quantity = QUANTITIES.get(written.quantity or "")
    if (quantity is not None and quantity.is_derived) or written.ahead_seconds or written.direction == "below":
        message = f"{'.'.join(map(str, at))}: 'of: shift' is for measured values, either way, as they are"
        document.fault((*at, "of"), message, "leave ahead_seconds and direction out")


def _check_asset(document: Document, at: Path, written: WrittenLadder, assets: Collection[str]) -> None:
    if written.asset is None:
        return
    name = ".".join(map(str, at))
    quantity = QUANTITIES.get(written.quantity or "")
    if quantity is None or not quantity.is_derived:
        derived = ", ".join(each.name for each in QUANTITIES.values() if each.is_derived)
        message = f"{name}: 'asset' is for quantities that are worked out for assets"
        document.fault((*at, "asset"), message, f"these are {derived}; name a channel otherwise", at_key=True)
    elif written.asset not in assets:
        message = f"{name}: there is no asset {written.asset!r:.80}"
        document.fault((*at, "asset"), message, hint(document, written.asset, assets))


def _check_monotone(document: Document, at: Path, rungs: Mapping[str, float], direction: str) -> None:
    steps = list(rungs.items())
    word = "above" if direction == "above" else "below"
    for (lower, first), (higher, second) in pairwise(steps):
        if not (second > first if direction == "above" else second < first):
            message = f"{'.'.join(map(str, at))}: {higher} must be {word} {lower} {first:g}, got {second:g}"
            document.fault((*at, "rungs", higher), message, f"direction is {direction}")


def _within(value: float, span: tuple[float, float]) -> bool:
    return span[0] <= value <= span[1]


def _can_end(ladder: Ladder, channel: Channel) -> bool:
    if channel.span is None:
        return True
    lowest = next(iter(ladder.rungs.values()))
    if ladder.direction == "above":
        return lowest - ladder.deadband >= channel.span[0]
    return lowest + ladder.deadband <= channel.span[1]


def _some(channels: list[Channel]) -> str:
    more = f" and {len(channels) - 1} more" if len(channels) > 1 else ""
    return f"{channels[0].id}{more}"
