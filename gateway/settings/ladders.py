"""The part `ladders` of a site file: the limits of each hazard, and to which channels they apply."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace

from gateway.documents import Document, Path, Value
from gateway.inventory import LEVELS, Channel, Course, Ladder
from gateway.settings.devices import hint
from gateway.settings.hazards import HAZARDS
from gateway.settings.ladder_checks import check_kind
from gateway.settings.ladder_kinds import unfit
from gateway.settings.written import WrittenLadder, check_id
from gateway.units import QUANTITIES

_EVERY_DAY = Course()


def read_ladders(
    document: Document,
    value: Value,
    channels: Collection[str],
    broken: Collection[str],
    assets: Collection[str] = (),
    *,
    days: Course = _EVERY_DAY,
) -> tuple[Ladder, ...]:
    """Return the ladders that are right; `broken` are the devices whose channels are not known."""
    ladders: list[Ladder] = []
    meanings: dict[tuple[object, ...], str] = {}
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
        check_kind(document, at, written)
        if document.is_faulty(at):
            continue
        subject = written.quantity, written.channel, written.asset
        meaning = (*subject, written.hazard, written.direction, written.of, written.band_hz)
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
                window_seconds=written.window_seconds,
                band_hz=written.band_hz,
                latch_seconds=written.latch_seconds,
                course=replace(days, of=written.course) if written.course else days,
                votes=written.votes or (1, 1),
            )
        )
    return tuple(ladders)


def is_derived(ladder: Ladder) -> bool:
    """Return whether a ladder is over a quantity that is worked out for assets, not measured."""
    return ladder.quantity is not None and QUANTITIES[ladder.quantity].is_derived


def ladders_of(channel: str, quantity: str, ladders: Iterable[Ladder], report_seconds: float) -> tuple[Ladder, ...]:
    """Return the ladders of one channel: its own, and those of its quantity that its own do not replace.

    A ladder replaces another of the same hazard and direction. A channel that reports too seldom for what a ladder
    looks for does not get it.
    """
    own = [ladder for ladder in ladders if ladder.channel == channel]
    replaced = {_meaning(ladder) for ladder in own}
    shared = [ladder for ladder in ladders if ladder.quantity == quantity and _meaning(ladder) not in replaced]
    return tuple(ladder for ladder in (*own, *shared) if not unfit(ladder, report_seconds))


def _meaning(ladder: Ladder) -> tuple[object, ...]:
    return ladder.hazard, ladder.direction, ladder.of, ladder.band_hz


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
    known = list(channels)
    for channel in known:
        for ladder in channel.ladders:
            users[ladder.name].append(channel)
    for ladder in ladders:
        if is_derived(ladder):
            continue
        if not users[ladder.name]:
            meant = [one for one in known if one.id == ladder.channel or one.quantity == ladder.quantity]
            _no_users(document, ladder, meant)
        if ladder.of != "value":
            continue
        for level, limit in ladder.rungs.items():
            far = [channel for channel in users[ladder.name] if channel.span and not _within(limit, channel.span)]
            if far:
                message = f"ladders.{ladder.name}: {level} at {limit:g} is outside the span of {_some(far)}"
                document.warn(("ladders", ladder.name, "rungs", level), message, "no good reading gets there")
        stuck = [channel for channel in users[ladder.name] if not _can_end(ladder, channel)]
        if stuck:
            message = f"ladders.{ladder.name}: with this deadband a warning on {_some(stuck)} can never end"
            document.warn(("ladders", ladder.name, "deadband"), message)


def _no_users(document: Document, ladder: Ladder, meant: list[Channel]) -> None:
    """Say why nobody has a ladder: a fault when it names a channel that it cannot watch."""
    at, name = ("ladders", ladder.name), f"ladders.{ladder.name}"
    reason = unfit(ladder, meant[0].report_seconds) if meant else ""
    if not reason:
        document.warn(at, f"{name} applies to no channel", at_key=True)
        return
    message = f"{name} cannot watch {_some(meant)}: {reason}"
    advice = f"it reports every {meant[0].report_seconds:g} s (report_seconds of the channel)"
    if ladder.channel:
        document.fault(at, message, advice, at_key=True)
    else:
        document.warn(at, message, advice, at_key=True)


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
    if written.channel is not None:
        check_channel(document, (*at, "channel"), written.channel, channels, broken)


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
