"""What lies where in a network file: which nodes are far apart, and which is the next one up or down the pipes."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence

from simulators.models.network_text import NetworkText

_CENTRE = (117.28, 31.84)
_EXTENT_DEGREES = 0.03
_LONGITUDE, _LATITUDE = 180.0, 90.0


def spread(names: Sequence[str], count: int, points: Mapping[str, tuple[float, float]]) -> list[str]:
    """Return so many of the names, far from each other; evenly along the list where there is no map.

    >>> spread(["A", "B", "C"], 2, {"A": (0, 0), "B": (1, 0), "C": (9, 0)})
    ['A', 'C']
    """
    count = min(count, len(names))
    placed = [name for name in names if name in points]
    if len(placed) < len(names) or count == 0:
        return [names[number * len(names) // count] for number in range(count)]
    chosen = [names[0]]
    nearest = {name: _squared(points[name], points[names[0]]) for name in names}
    while len(chosen) < count:
        farthest = max(names, key=lambda name: nearest[name])
        chosen.append(farthest)
        nearest = {name: min(value, _squared(points[name], points[farthest])) for name, value in nearest.items()}
    return chosen


def locations(points: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Return longitude and latitude of each point: as they are when they can be that, else shrunk to a town."""
    if not points:
        return {}
    xs, ys = [x for x, _ in points.values()], [y for _, y in points.values()]
    if max(map(abs, xs)) <= _LONGITUDE and max(map(abs, ys)) <= _LATITUDE and max(xs) - min(xs) < 1.0:
        return dict(points)
    scale = _EXTENT_DEGREES / (max(max(xs) - min(xs), max(ys) - min(ys)) or 1.0)
    return {
        name: (round(_CENTRE[0] + (x - min(xs)) * scale, 6), round(_CENTRE[1] + (y - min(ys)) * scale, 6))
        for name, (x, y) in points.items()
    }


def next_of(text: NetworkText, start: str, wanted: Collection[str], *, is_up: bool = False) -> str | None:
    """Return the nearest wanted node down (or up) the pipes from a node, itself included; None when there is none."""
    return next(along(text, start, wanted, is_up=is_up), None)


def along(text: NetworkText, start: str, wanted: Collection[str], *, is_up: bool = False) -> Iterator[str]:
    """Yield the wanted nodes down (or up) the pipes from a node, itself included, the nearest first."""
    ways: dict[str, list[str]] = defaultdict(list)
    for _, before, after in text.links.values():
        ways[after if is_up else before].append(before if is_up else after)
    seen, queue = {start}, deque([start])
    while queue:
        here = queue.popleft()
        if here in wanted:
            yield here
        queue.extend(other for other in dict.fromkeys(ways[here]) if other not in seen)
        seen.update(ways[here])


def _squared(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2)
