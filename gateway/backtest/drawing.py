"""One plot for each hit, miss and false alarm, as the data and layout that Plotly draws. Knows no file and no page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gateway.backtest.events import LabelledEvent
from gateway.backtest.reduced import Drawn, Reduced
from gateway.backtest.scoring import Alarm
from gateway.inventory import Channel
from gateway.model import SECOND

_POINTS = 600
"""A screen is not wider."""
_BAND_SHARES = (0.05, 0.95)
_BAND_NS = 14 * 86_400 * SECOND
_LEAST_AROUND_NS = 3_600 * SECOND
_BUCKETS_AROUND = 60
_MILLISECOND = 1_000_000
_HOLE_STEPS = 3
"""So many usual steps without a value are a hole, over which no line goes."""
_FEW_POINTS = 100
_Cell = TypeVar("_Cell")
COLOURS = {"blue": "#1f6feb", "yellow": "#b58900", "orange": "#d9650b", "red": "#c4171b"}
"""Of a level, on white."""
EVENT, OTHER, HARMLESS = "rgba(196,23,27,.20)", "rgba(196,23,27,.07)", "rgba(46,125,50,.18)"
"""Of the event that a plot is about, of other labelled events, and of harmless ones."""
BAND = "rgba(110,110,110,.16)"
"""Of what was ordinary before."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot with its heading, ready for JSON."""

    heading: str
    said: str
    level: str
    """Of the alarm; empty when there was none."""
    traces: list[dict[str, Any]]
    layout: dict[str, Any]


class Drawer:
    """Draws channels of one recording around events and alarms."""

    def __init__(
        self,
        reduced: Reduced,
        numbers: dict[str, int],
        channels: dict[str, Channel],
        zone: ZoneInfo,
        labels: Sequence[LabelledEvent],
    ) -> None:
        self._reduced, self._numbers, self._channels = reduced, numbers, channels
        self._zone, self._labels = zone, labels

    def channel_for(self, event: LabelledEvent) -> tuple[str, bool]:
        """Return the channel to draw for an event that no alarm spoke of, and whether the label points to it.

        Its own, one on its asset or beside it; else the one that moved most during the event.
        """
        own = [name for name in self._numbers if name in event.channels]
        named = [name for name in self._numbers if self._channels[name].asset == event.place]
        near = [name for name in self._numbers if self._channels[name].asset in event.assets]
        pointed = next(iter([*own, *named, *near]), "")
        if pointed or not self._numbers:
            return pointed, True
        moved = {
            name: self._reduced.departure(number, event.start_ns, event.end_ns, _BAND_NS)
            for name, number in self._numbers.items()
        }
        return max(moved, key=lambda name: moved[name]), False

    def unit_of(self, channel: str) -> str:
        """Return a channel's unit, nothing for one that the site file does not have."""
        return self._channels[channel].unit if channel in self._channels else ""

    def draw(self, channel: str, heading: str, said: str, event: LabelledEvent | None, alarms: Sequence[Alarm]) -> Plot:
        """Draw a channel around an event and alarms, at least one of which there is."""
        moments = [moment for one in alarms for moment in (one.start_ns, one.learned_ns)]
        if event is not None:
            moments += [event.start_ns, event.end_ns]
        first, last = min(moments), max(moments)
        around = max(
            round(0.3 * (last - first)),
            round(_BUCKETS_AROUND * self._reduced.width_seconds * SECOND),
            _LEAST_AROUND_NS,
        )
        start_ns, end_ns = first - around, last + around
        number = self._numbers.get(channel)
        drawn = None if number is None else _thinned(self._reduced.drawn(number, start_ns, end_ns))
        traces = [] if drawn is None or number is None else self._traces(drawn, self._reduced.step_ns(number))
        rungs = {level: limit for one in alarms for level, limit in one.rungs.items()}
        on_scale = [] if drawn is None else _on_scale(rungs, drawn)
        shapes = [
            *self._label_shapes(channel, event, start_ns, end_ns),
            *([] if number is None else self._band_shape(number, start_ns if event is None else event.start_ns)),
            *(_line(one, "y", COLOURS.get(level, "#444"), "dash") for level, one in on_scale),
            *(_line(self._iso(one.learned_ns), "x", COLOURS.get(one.level, "#444"), "solid") for one in alarms),
        ]
        unit = self.unit_of(channel)
        layout = {
            "height": 260,
            "margin": {"l": 48, "r": 12, "t": 22, "b": 36},
            "showlegend": False,
            "hovermode": "x unified",
            "xaxis": {"range": [self._iso(start_ns), self._iso(end_ns)], "type": "date", "tickformatstops": _TICKS},
            "yaxis": {"automargin": True, "nticks": 6, "zeroline": False},
            "shapes": shapes,
            "annotations": [_in_corner(unit), *(_beside(level, one) for level, one in on_scale)],
            "plot_bgcolor": "#fff",
        }
        return Plot(heading, said, alarms[0].level if alarms else "", traces, layout)

    def _traces(self, drawn: Drawn, step_ns: int) -> list[dict[str, Any]]:
        """Return a line where each place has one value, else lowest and highest with what lies between filled."""
        spoken = np.flatnonzero(~np.isnan(drawn.low))
        if not spoken.size:
            return []
        usual_ns = max(step_ns, int(drawn.time_ns[-1] - drawn.time_ns[0]) // max(len(drawn.time_ns) - 1, 1))
        holes = np.flatnonzero(np.diff(drawn.time_ns[spoken]) > _HOLE_STEPS * usual_ns) + 1
        parts = np.split(spoken, holes)
        shared: dict[str, Any] = {
            "type": "scatter",
            "mode": "lines+markers" if spoken.size <= _FEW_POINTS else "lines",
            "line": {"color": "#24496b", "width": 1.5},
            "marker": {"size": 4},
            "connectgaps": False,
            **self._times(drawn, parts),
        }
        if np.array_equal(drawn.low[spoken], drawn.high[spoken]):
            return [{**shared, "y": _json(drawn.low, parts), "name": "值 value"}]
        around = [np.append(part, part[::-1]) for part in parts]
        between = [drawn.low[part].tolist() + drawn.high[part[::-1]].tolist() for part in parts]
        filled = {
            "type": "scatter",
            "mode": "lines",
            "line": {"width": 0},
            "fill": "toself",
            "fillcolor": "rgba(36,73,107,.35)",
            "hoverinfo": "skip",
            "y": _apart([_short(one) for one in values] for values in between),
        }
        return [
            filled | self._times(drawn, around),
            {**shared, "y": _json(drawn.low, parts), "name": "低 low"},
            {**shared, "y": _json(drawn.high, parts), "name": "高 high"},
        ]

    def _times(self, drawn: Drawn, parts: Sequence[NDArray[np.intp]]) -> dict[str, Any]:
        """Return the local time of each place in milliseconds, short for a page; nothing between the parts."""
        first_ns, last_ns = int(drawn.time_ns[0]), int(drawn.time_ns[-1])
        one_offset = self._offset(first_ns) if self._offset(first_ns) == self._offset(last_ns) else None

        def local(time_ns: int) -> int:
            offset = self._offset(time_ns) if one_offset is None else one_offset
            return time_ns // _MILLISECOND + round(offset.total_seconds() * 1_000)

        return {"x": _apart([local(one) for one in drawn.time_ns[part].tolist()] for part in parts)}

    def _label_shapes(
        self, channel: str, own: LabelledEvent | None, start_ns: int, end_ns: int
    ) -> Iterable[dict[str, Any]]:
        """Yield the event of the plot, and the others at its place or at one that nobody knows."""
        asset = self._channels[channel].asset if channel in self._channels else ""
        for one in self._labels:
            is_here = one is own or one.fits_place(asset, channel)
            if is_here and one.end_ns >= start_ns and one.start_ns <= end_ns:
                colour = EVENT if one is own else OTHER
                yield {
                    "type": "rect",
                    "xref": "x",
                    "yref": "paper",
                    "x0": self._iso(max(one.start_ns, start_ns)),
                    "x1": self._iso(min(one.end_ns, end_ns)),
                    "y0": 0,
                    "y1": 1,
                    "fillcolor": HARMLESS if one.is_benign else colour,
                    # A moment has no width: its edge is what can be seen of it.
                    "line": {"width": 1 if one is own else 0, "color": "rgba(196,23,27,.6)"},
                    "layer": "below",
                }

    def _band_shape(self, number: int, before_ns: int) -> Iterable[dict[str, Any]]:
        band = self._reduced.band(number, before_ns, _BAND_NS, _BAND_SHARES)
        if band is not None:
            yield {
                "type": "rect",
                "xref": "paper",
                "yref": "y",
                "x0": 0,
                "x1": 1,
                "y0": band[0],
                "y1": band[1],
                "fillcolor": BAND,
                "line": {"width": 0},
                "layer": "below",
            }

    def _iso(self, time_ns: int) -> str:
        return datetime.fromtimestamp(time_ns / SECOND, self._zone).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]

    def _offset(self, time_ns: int) -> timedelta:
        return datetime.fromtimestamp(time_ns / SECOND, self._zone).utcoffset() or timedelta()


_TICKS = [
    {"dtickrange": [None, 60_000], "value": "%H:%M:%S\n%Y-%m-%d"},
    {"dtickrange": [60_000, 86_400_000], "value": "%H:%M\n%Y-%m-%d"},
    {"dtickrange": [86_400_000, None], "value": "%m-%d\n%Y"},
]


def _on_scale(rungs: dict[str, float], drawn: Drawn) -> list[tuple[str, float]]:
    """Return the limits that do not squeeze the data into a line: those within two heights of them."""
    if np.isnan(drawn.low).all():
        return list(rungs.items())
    low, high = float(np.nanmin(drawn.low)), float(np.nanmax(drawn.high))
    room = 2.0 * ((high - low) or abs(high) or 1.0)
    return [(level, limit) for level, limit in rungs.items() if low - room <= limit <= high + room]


def _line(at: str | float, axis: str, colour: str, dash: str) -> dict[str, Any]:
    """Return a line right across the plot at a place on one axis."""
    other = "y" if axis == "x" else "x"
    return {
        "type": "line",
        f"{axis}ref": axis,
        f"{other}ref": "paper",
        f"{axis}0": at,
        f"{axis}1": at,
        f"{other}0": 0,
        f"{other}1": 1,
        "line": {"color": colour, "width": 2 if dash == "solid" else 1, "dash": dash},
    }


def _in_corner(text: str) -> dict[str, Any]:
    """Return a text above the left axis: beside it, it would lie on the numbers of a narrow screen."""
    place = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "right", "yanchor": "bottom"}
    return {"text": text, "showarrow": False, "font": {"size": 11}} | place


def _beside(level: str, limit: float) -> dict[str, Any]:
    """Return the words on the line of a limit."""
    place = {"xref": "paper", "yref": "y", "x": 1, "y": limit, "xanchor": "right", "yanchor": "bottom"}
    font = {"size": 11, "color": COLOURS.get(level, "#444")}
    return {"text": f"{level} {limit:g}", "showarrow": False, "font": font} | place


def _thinned(drawn: Drawn) -> Drawn:
    """Return no more points than a screen shows, lowest and highest kept."""
    each = -(-len(drawn.time_ns) // _POINTS)
    if each <= 1:
        return drawn
    count = -(-len(drawn.time_ns) // each)
    rest = np.full(count * each - len(drawn.time_ns), np.nan, np.float32)
    low = np.fmin.reduce(np.append(drawn.low, rest).reshape(count, each), axis=1)
    high = np.fmax.reduce(np.append(drawn.high, rest).reshape(count, each), axis=1)
    width_ns = int(drawn.time_ns[1] - drawn.time_ns[0])
    return Drawn(drawn.time_ns[::each] + width_ns * (each // 2), low, high)


def _json(values: NDArray[np.float32], parts: Sequence[NDArray[np.intp]]) -> list[float | None]:
    return _apart([_short(one) for one in values[part].tolist()] for part in parts)


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def _apart(parts: Iterable[Sequence[_Cell]]) -> list[_Cell | None]:
    """Return the parts in one list with nothing between them."""
    cells: list[_Cell | None] = []
    for part in parts:
        cells += [None, *part] if cells else part
    return cells
