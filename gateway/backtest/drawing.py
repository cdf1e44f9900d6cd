"""One plot for each hit, miss and false alarm, as the data and layout that Plotly draws. Knows no file and no page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
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
_COLOURS = {"blue": "#1f6feb", "yellow": "#b58900", "orange": "#d9650b", "red": "#c4171b"}


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot with its heading, ready for JSON."""

    heading: str
    said: str
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

    def channel_for(self, event: LabelledEvent) -> str:
        """Return the channel to draw for an event that no alarm spoke of: its own, one on its asset, else any."""
        own = [name for name in self._numbers if name in event.channels]
        named = [name for name in self._numbers if self._channels[name].asset == event.place]
        near = [name for name in self._numbers if self._channels[name].asset in event.assets]
        return next(iter([*own, *named, *near, *self._numbers]), "")

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
        traces = [] if number is None else self._data(number, start_ns, end_ns)
        unit = self._channels[channel].unit if channel in self._channels else ""
        rungs = {level: limit for one in alarms for level, limit in one.rungs.items()}
        shapes = [
            *self._label_shapes(start_ns, end_ns),
            *([] if number is None else self._band_shape(number, start_ns)),
            *(_line(one, "y", _COLOURS.get(level, "#444"), "dash") for level, one in self._on_scale(rungs, traces)),
            *(_line(self._iso(one.learned_ns), "x", _COLOURS.get(one.level, "#444"), "solid") for one in alarms),
        ]
        layout = {
            "height": 260,
            "margin": {"l": 60, "r": 20, "t": 10, "b": 40},
            "showlegend": False,
            "xaxis": {"range": [self._iso(start_ns), self._iso(end_ns)], "type": "date"},
            "yaxis": {"title": {"text": f"{channel}<br>{unit}"}},
            "shapes": shapes,
            "plot_bgcolor": "#fff",
        }
        return Plot(heading, said, traces, layout)

    def _data(self, number: int, start_ns: int, end_ns: int) -> list[dict[str, Any]]:
        drawn = _thinned(self._reduced.drawn(number, start_ns, end_ns))
        times = [self._iso(one) for one in drawn.time_ns.tolist()]
        line = {"color": "#24496b", "width": 1}
        shared = {"type": "scatter", "mode": "lines", "x": times, "line": line, "connectgaps": False}
        # Two lines with the space between them filled: what lies between lowest and highest.
        return [
            {**shared, "y": _json(drawn.low), "name": "low"},
            {**shared, "y": _json(drawn.high), "name": "high", "fill": "tonexty", "fillcolor": "rgba(36,73,107,.35)"},
        ]

    def _label_shapes(self, start_ns: int, end_ns: int) -> Iterable[dict[str, Any]]:
        for one in self._labels:
            if one.end_ns >= start_ns and one.start_ns <= end_ns:
                colour = "rgba(46,125,50,.14)" if one.is_benign else "rgba(196,23,27,.12)"
                yield {
                    "type": "rect",
                    "xref": "x",
                    "yref": "paper",
                    "x0": self._iso(max(one.start_ns, start_ns)),
                    "x1": self._iso(min(one.end_ns, end_ns)),
                    "y0": 0,
                    "y1": 1,
                    "fillcolor": colour,
                    "line": {"width": 0},
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
                "fillcolor": "rgba(120,120,120,.16)",
                "line": {"width": 0},
                "layer": "below",
            }

    def _on_scale(self, rungs: dict[str, float], traces: Sequence[dict[str, Any]]) -> list[tuple[str, float]]:
        """Return the limits that do not squeeze the data into a line: those within two heights of them."""
        values = [value for trace in traces for value in trace["y"] if value is not None]
        if not values:
            return list(rungs.items())
        low, high = min(values), max(values)
        room = 2.0 * ((high - low) or abs(high) or 1.0)
        return [(level, limit) for level, limit in rungs.items() if low - room <= limit <= high + room]

    def _iso(self, time_ns: int) -> str:
        return datetime.fromtimestamp(time_ns / SECOND, self._zone).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


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


def _thinned(drawn: Drawn) -> Drawn:
    """Return no more points than a screen shows, lowest and highest kept."""
    each = -(-len(drawn.time_ns) // _POINTS)
    if each <= 1:
        return drawn
    count = len(drawn.time_ns) // each
    cut = count * each
    low = np.fmin.reduce(drawn.low[:cut].reshape(count, each), axis=1)
    high = np.fmax.reduce(drawn.high[:cut].reshape(count, each), axis=1)
    return Drawn(drawn.time_ns[:cut].reshape(count, each)[:, each // 2], low, high)


def _json(values: NDArray[np.float32]) -> list[float | None]:
    return [None if np.isnan(one) else float(f"{one:.6g}") for one in values.tolist()]
