"""The truth of a scenario as rows of labels, such as `lifeline backtest --events` judges by as a rehearsal does.

Rule 1: each window is one row; rows that are one trouble in several stages or places have the same word in `trouble`.
What comes of trouble is a stage of it when it has its hazard and lies where it may be named. What is seen at no
channel belongs to the same at a place that has one.
Rule 2: `danger` is when harm begins; trouble that a gateway may foresee says in `ahead` how long before that it may.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.clock import to_iso
from gateway.inventory import Inventory
from gateway.model import SECOND
from simulators.instruments import KINDS
from simulators.models.contract import Window
from simulators.scenarios.happenings import HAPPENINGS
from simulators.scenarios.judging import ahead_ns, brought_by, named

COLUMNS = (
    *("start", "end", "kind", "asset", "also", "hazard", "brings", "benign"),
    *("trouble", "danger", "ahead", "detail"),
)
_HARMS = frozenset({"flood", "tank_low", "tank_high", "low_pressure", "collapse"})
"""What comes of trouble and is itself the danger."""


def write_labels(
    path: Path, windows: Sequence[Window], kin: Mapping[str, frozenset[str]], inventory: Inventory
) -> None:
    """Write one row a window, in the order of their beginnings."""
    windows = sorted(windows, key=lambda one: (one.start_ns, one.asset, one.kind))
    troubles = troubles_of(windows, kin, frozenset(channel.asset for channel in inventory.channels.values()))
    together: dict[int, list[Window]] = defaultdict(list)
    for window, head in zip(windows, troubles, strict=True):
        together[head].append(window)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        rows.writeheader()
        for window, head in zip(windows, troubles, strict=True):
            first, stages = windows[head], together[head]
            danger_ns = _danger_ns(window, stages)
            ahead = ahead_ns(window.hazard) // SECOND
            rows.writerow(
                {
                    "start": to_iso(window.start_ns),
                    "end": to_iso(window.end_ns),
                    "kind": window.kind,
                    "asset": window.asset,
                    "also": "|".join(sorted((named(window, kin) - {window.asset}) & inventory.assets.keys())),
                    "hazard": window.hazard,
                    "brings": "|".join(sorted(brought_by(window.hazard))),
                    "benign": "" if window.hazard else "yes",
                    "trouble": f"{first.kind} {first.asset} {to_iso(first.start_ns)}" if len(stages) > 1 else "",
                    "danger": "" if danger_ns is None else to_iso(danger_ns),
                    "ahead": f"{ahead}s" if ahead else "",
                    "detail": json.dumps(dict(window.detail), ensure_ascii=False) if window.detail else "",
                }
            )


def troubles_of(
    windows: Sequence[Window], kin: Mapping[str, frozenset[str]], measured: frozenset[str]
) -> Sequence[int]:
    """Return for each window the place of the first one of its trouble; `measured` are the assets with channels.

    >>> leak = Window(0, 90, "washout", "RD-1", "road_collapse")
    >>> fall = Window(60, 90, "collapse", "RD-1", "road_collapse")
    >>> troubles_of([leak, fall, Window(70, 90, "collapse", "RD-2", "road_collapse")], {}, frozenset({"RD-1", "RD-2"}))
    [0, 0, 2]
    """
    of_hazard: dict[str, list[int]] = defaultdict(list)
    for place, window in enumerate(windows):
        of_hazard[window.hazard].append(place)
    heads = list(range(len(windows)))
    for place, window in enumerate(windows):
        if not window.hazard or window.kind in HAPPENINGS or window.kind in KINDS:
            continue
        others = [other for other in of_hazard[window.hazard] if other != place]
        causes = [other for other in others if _is_stage(window, windows[other], kin)]
        if not causes and window.asset not in measured:
            causes = [
                other for other in others if _is_same(window, windows[other]) and windows[other].asset in measured
            ]
        if causes:
            old, new = sorted((_head(heads, place), _head(heads, causes[0])))
            heads[new] = old
    return [_head(heads, place) for place in range(len(windows))]


def _head(heads: Sequence[int], place: int) -> int:
    while heads[place] != place:
        place = heads[place]
    return place


def _is_stage(window: Window, cause: Window, kin: Mapping[str, frozenset[str]]) -> bool:
    is_before = cause.start_ns < window.start_ns or (cause.start_ns == window.start_ns and cause.kind in HAPPENINGS)
    return is_before and window.start_ns <= cause.end_ns and window.asset in named(cause, kin)


def _is_same(window: Window, other: Window) -> bool:
    return window.kind == other.kind and other.start_ns <= window.end_ns and window.start_ns <= other.end_ns


def _danger_ns(window: Window, stages: Sequence[Window]) -> int | None:
    """Return when the harm of some trouble begins; None when the truth does not say."""
    fails_after = window.detail.get("fails_after_seconds")
    if window.hazard and isinstance(fails_after, float):
        return window.start_ns + round(fails_after * SECOND)
    if window.kind in _HARMS or ahead_ns(window.hazard):
        return window.start_ns
    harms = [one.start_ns for one in stages if one.kind in _HARMS and one.start_ns >= window.start_ns]
    return min(harms, default=None)
