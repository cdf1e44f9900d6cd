"""How each lifeline and the gateway are: the one place where what the page counts is counted."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from gateway.clock import to_iso
from gateway.duty_room.documents import JournalDocument, LifelineDocument, NearestDocument, VitalSigns
from gateway.duty_room.ports import DutyRoomPorts, LatestReading
from gateway.duty_room.shapes import LEVEL_NAMES, conditions_of
from gateway.early_warning import EarlyWarning, Level
from gateway.inventory import Channel, Ladder
from gateway.model import SECOND, Quality

_MILLISECOND = 1_000_000
# A weak battery is no danger that a city comes near to.
_OF_THE_DEVICE = frozenset({"sensor_fault", "sensor_silent"})


def vital_signs(ports: DutyRoomPorts, latest: Mapping[int, LatestReading]) -> VitalSigns:
    """Count everything as it stands now."""
    now_ns = ports.clock.now().utc_ns
    warnings = ports.ledger.warnings(limit=10_000)
    unseen = [warning for warning in warnings if warning.needs_acknowledgement]
    oldest = min((warning.learned_ns for warning in unseen), default=None)
    newest = max((reading.time_ns for reading in latest.values()), default=None)
    return VitalSigns(
        now_ms=now_ns // _MILLISECOND,
        lifelines=_lifelines(ports, latest, warnings, now_ns),
        warnings_open=len(warnings),
        warnings_unacknowledged=len(unseen),
        oldest_unacknowledged=None if oldest is None else to_iso(oldest),
        newest_reading_ms=None if newest is None else newest // _MILLISECOND,
        journal=_journal(ports),
        conditions=conditions_of(ports.health.conditions()),
    )


def _journal(ports: DutyRoomPorts) -> JournalDocument:
    seconds = ports.health.gauges().get("journal_seconds_to_full", math.inf)
    return JournalDocument(seconds_to_full=round(seconds) if math.isfinite(seconds) else None, at_cap=ports.at_cap)


def _lifelines(
    ports: DutyRoomPorts, latest: Mapping[int, LatestReading], warnings: Iterable[EarlyWarning], now_ns: int
) -> list[LifelineDocument]:
    assets = ports.inventory.assets
    channels: defaultdict[str, list[Channel]] = defaultdict(list)
    for channel in ports.inventory.channels.values():
        channels[assets[channel.asset].lifeline].append(channel)
    raised: defaultdict[str, list[EarlyWarning]] = defaultdict(list)
    for warning in warnings:
        asset = assets.get(warning.asset)
        raised[asset.lifeline if asset else ""].append(warning)
    newest = {channel: latest[number] for channel, number in ports.numbers.items() if number in latest}
    return [
        _lifeline(name, channels[name], raised[name], newest, now_ns) for name in dict.fromkeys([*channels, *raised])
    ]


def _lifeline(
    name: str,
    channels: list[Channel],
    warnings: list[EarlyWarning],
    newest: Mapping[str, LatestReading],
    now_ns: int,
) -> LifelineDocument:
    fresh = bad = 0
    nearest: NearestDocument | None = None
    for channel in channels:
        reading = newest.get(channel.id)
        if reading is None or is_stale(reading.time_ns, channel, now_ns):
            continue
        fresh += 1
        if reading.quality > Quality.UNKNOWN or not math.isfinite(reading.value):
            bad += 1
            continue
        ladders = (ladder for ladder in channel.ladders if ladder.of == "value" and ladder.hazard not in _OF_THE_DEVICE)
        share = max((share_of_limit(ladder, reading.value) for ladder in ladders), default=0.0)
        if share > 0 and (nearest is None or share > nearest.share):
            nearest = NearestDocument(channel=channel.id, share=round(share, 3))
    levels = Counter(LEVEL_NAMES[warning.level] for warning in warnings)
    return LifelineDocument(
        lifeline=name,
        assets=len({channel.asset for channel in channels}),
        channels=len(channels),
        fresh=fresh,
        stale=len(channels) - fresh,
        bad=bad,
        warnings=dict(levels),
        unacknowledged=sum(warning.needs_acknowledgement for warning in warnings),
        worst_level=LEVEL_NAMES[max((warning.level for warning in warnings), default=Level.NONE)],
        nearest=nearest,
    )


def is_stale(time_ns: int, channel: Channel, now_ns: int) -> bool:
    """Whether a channel has been quiet for longer than it promises."""
    return now_ns - time_ns > channel.fresh_seconds * SECOND


def share_of_limit(ladder: Ladder, value: float) -> float:
    """Return how much of the way to the lowest limit a value has gone; 1 is at it, 0 is far away.

    Only a ladder with positive limits has a way to measure; any other is 1 or 0.
    """
    if ladder.direction == "above":
        limit = min(ladder.rungs.values())
        if limit <= 0:
            return float(value >= limit)
        return max(0.0, value / limit)
    limit = max(ladder.rungs.values())
    if value <= 0 or limit <= 0:
        return float(value <= limit)
    return limit / value
