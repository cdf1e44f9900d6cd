"""What a report shows of a back-test: which plots, in which order, with which words. Knows no HTML.

Rule 1: what an engineer must act on comes first: misses, false alarms, harmless events raised, then hits.
Rule 2: the number of plots is bounded; of many false alarms some of each rule are drawn, and what is left out is said.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.backtest.drawing import Drawer, Plot
from gateway.backtest.scoring import Alarm, Judged, Outcome
from gateway.backtest.spans import written
from gateway.model import SECOND
from gateway.settings.hazards import HAZARDS
from gateway.units import QUANTITIES

LEVELS = {"blue": "蓝 blue", "yellow": "黄 yellow", "orange": "橙 orange", "red": "红 red"}
_MOST_MISSED, _MOST_FALSE, _MOST_HARMLESS, _MOST_FOUND = 40, 40, 20, 20
_MOST_SOURCES = 12


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its plots."""

    id: str
    heading: str
    total: int
    plots: Sequence[Plot]


def sections(judged: Judged, drawer: Drawer, zone: ZoneInfo) -> list[Section]:
    """Return what is drawn, in the order in which an engineer asks for it."""
    missed = [one for one in judged.outcomes if one.alarm is None]
    found = [one for one in judged.outcomes if one.alarm is not None]
    raised = [one for one in judged.benign if one.alarm is not None]
    false = chosen(judged.false_alarms, _MOST_FALSE)
    found_first = sorted(found, key=lambda one: -(one.delay_seconds or 0.0))[:_MOST_FOUND]
    return [
        Section(
            "missed",
            "漏报 Missed",
            len(missed),
            [_plot_of_outcome(drawer, one, zone) for one in missed[:_MOST_MISSED]],
        ),
        Section(
            "false",
            "误报 False alarms",
            len(judged.false_alarms),
            [_plot_of_alarm(drawer, one, zone) for one in false],
        ),
        Section(
            "harmless",
            "良性事件被报 Harmless events raised",
            len(raised),
            [_plot_of_outcome(drawer, one, zone) for one in raised[:_MOST_HARMLESS]],
        ),
        Section(
            "found",
            "命中（延迟最长的在前） Found, the latest first",
            len(found),
            [_plot_of_outcome(drawer, one, zone) for one in found_first],
        ),
    ]


def chosen(alarms: Sequence[Alarm], most: int) -> list[Alarm]:
    """Return so many alarms, in the order of time: one of each hazard, rule and asset first, then the next of each.

    A day on which forty sensors fell silent must not crowd out the one alarm that was otherwise.
    """
    turns: dict[tuple[str, str], list[Alarm]] = defaultdict(list)
    seen: Counter[tuple[str, str, str]] = Counter()
    ranked: list[tuple[int, int, Alarm]] = []
    for alarm in alarms:
        key = alarm.hazard, alarm.rule, alarm.asset
        seen[key] += 1
        turns[key[:2]].append(alarm)
        ranked.append((seen[key], len(turns[key[:2]]), alarm))
    ranked.sort(key=lambda one: (one[1], one[0], one[2].learned_ns))
    return sorted((alarm for _, _, alarm in ranked[:most]), key=lambda one: (one.learned_ns, one.id))


def sources(alarms: Sequence[Alarm]) -> tuple[list[tuple[str, str, str, str]], int]:
    """Return where false alarms come from (hazard, rule, assets, how many), the most first, and how many rows more."""
    by_rule: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for alarm in alarms:
        by_rule[alarm.hazard, alarm.rule][alarm.asset] += 1
    ranked = sorted(by_rule.items(), key=lambda one: -one[1].total())
    rows = [(hazard_title(hazard), rule, _assets(assets), str(assets.total())) for (hazard, rule), assets in ranked]
    return rows[:_MOST_SOURCES], max(0, len(rows) - _MOST_SOURCES)


def hazard_title(hazard: str) -> str:
    """Return a hazard's name in Chinese and as the site file writes it."""
    known = HAZARDS.get(hazard)
    return f"{known.zh} {hazard}" if known else hazard


def because(alarm: Alarm) -> str:
    """Return what an alarm said, with the value and the limit in their unit."""
    parts = [f"{hazard_title(alarm.hazard)} · {LEVELS.get(alarm.level, alarm.level)}"]
    if alarm.value is not None:
        known = QUANTITIES.get(alarm.quantity)
        name = f"{known.zh} {alarm.quantity}" if known else "值 value"
        limit = "" if alarm.limit is None else f"（限值 limit {alarm.limit:g}）"
        parts.append(f"{name} {alarm.value:.4g} {alarm.unit}".rstrip() + limit)
    parts.append(f"规则 rule {alarm.rule}")
    return "；".join(parts)


def clock(time_ns: int, zone: ZoneInfo) -> str:
    """Return a moment in local time."""
    return datetime.fromtimestamp(time_ns / SECOND, zone).strftime("%Y-%m-%d %H:%M:%S")


def _plot_of_outcome(drawer: Drawer, outcome: Outcome, zone: ZoneInfo) -> Plot:
    event, alarm = outcome.event, outcome.alarm
    heading = f"{event.kind} · {event.place or '地点不详 no place'} · {clock(event.start_ns, zone)}"
    if event.end_ns > event.start_ns:
        heading += f" · 历时 lasting {written((event.end_ns - event.start_ns) / SECOND)}"
    if alarm is not None:
        words = [f"延迟 delay {written(outcome.delay_seconds)}"]
        if outcome.lead_seconds is not None:
            words.append(f"提前量 lead time {written(outcome.lead_seconds)}")
        if outcome.repeats:
            words.append(f"重复 repeats {outcome.repeats}")
        said = "；".join([*words, because(alarm), _drawn(drawer, alarm.channel)])
        return drawer.draw(alarm.channel, heading, said, event, [alarm])
    channel, is_pointed = drawer.channel_for(event)
    said = "未报警 no alarm"
    if outcome.standing is not None:
        said += f"；此前的预警仍在 a warning stood since {clock(outcome.standing.learned_ns, zone)}"
    said += f"；{_drawn(drawer, channel)}"
    if not is_pointed:
        said += "（标注地点不在站点文件中，取变化最大者 the labelled place has no channel: the one that moved most）"
    return drawer.draw(channel, heading, said, event, [])


def _plot_of_alarm(drawer: Drawer, alarm: Alarm, zone: ZoneInfo) -> Plot:
    heading = f"{alarm.asset} · {clock(alarm.learned_ns, zone)}"
    said = f"{because(alarm)}；{_drawn(drawer, alarm.channel)}"
    return drawer.draw(alarm.channel, heading, said, None, [alarm])


def _drawn(drawer: Drawer, channel: str) -> str:
    return f"图中 drawn: {channel} [{drawer.unit_of(channel)}]"


def _assets(assets: Mapping[str, int]) -> str:
    names = list(_named(assets))
    more = f" … +{len(assets) - len(names)}" if len(assets) > len(names) else ""
    return ", ".join(names) + more


def _named(assets: Mapping[str, int]) -> Iterator[str]:
    for name, count in sorted(assets.items(), key=lambda one: (-one[1], one[0]))[:6]:
        yield f"{name} ×{count}" if count > 1 else name
