"""A town to look at: an inventory of five lifelines, and a history in memory behind the duty room's ports."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gateway.early_warning import Drilled, DrillKind
from gateway.errors import NotAllowed
from gateway.inventory import Asset, Channel, Device, Inventory, Ladder
from gateway.model import SECOND, Bytes8, Floats, Int64s
from gateway.profiles import Profile

GAS = Ladder(
    "manhole_gas", "gas_leak", "above", {"yellow": 20, "orange": 50, "red": 100}, 2, 10, 600, "CJJ/T 146 (from memory)"
)
PRESSURE = Ladder("low_pressure", "pipe_burst", "below", {"yellow": 0.18, "red": 0.14}, 0.01, 30, 300, "CJJ 92")
LEVEL = Ladder("road_water", "waterlogging", "above", {"blue": 0.8, "orange": 1.5}, 0.05, 60, 600, "GB 50014")
CARBON = Ladder("tunnel_co", "air_hazard", "above", {"yellow": 70, "red": 150}, 5, 60, 600, "JTG/T D70/2-02")
FORECAST = Ladder(
    *("underpass_forecast", "waterlogging", "above", {"blue": 0.15, "orange": 0.27}, 0.02, 120, 900, "GB 51222"),
    quantity="forecast_level",
)
NIGHTS = Ladder(
    *("night_flow", "pipe_leak", "above", {"yellow": 20}, 2, 0, 0, "minimum night flow"), quantity="night_flow_rise"
)

# kind, lifeline, names, points: (point, quantity, unit, title, ladder, usual value, daily swing)
_KINDS: tuple[tuple[str, str, tuple[str, ...], tuple[tuple[str, str, str, str, Ladder | None, float, float], ...]], ...]
_KINDS = (
    (
        "MH",
        "gas",
        ("长江中路 231 号井", "徽州大道 12 号井", "芜湖路 7 号井", "桐城路 88 号井"),
        (
            ("ch4", "combustible_gas", "%{LEL}", "甲烷浓度", GAS, 1.5, 1.0),
            ("temperature", "temperature", "Cel", "井内温度", None, 18.0, 4.0),
            ("battery", "battery_voltage", "V", "", None, 3.6, 0.02),
        ),
    ),
    (
        "DMA",
        "water",
        ("南一环 DMA 进口", "包河工业区 DMA 进口", "滨湖 DMA 进口"),
        (
            ("flow", "water_flow", "m3/h", "瞬时流量", None, 140.0, 60.0),
            ("pressure", "water_pressure", "MPa", "管网压力", PRESSURE, 0.32, 0.04),
        ),
    ),
    ("UP", "drainage", ("铜陵路下穿", "裕溪路下穿"), (("level", "water_level", "m", "水位", LEVEL, 0.3, 0.1),)),
    (
        "BR",
        "bridge",
        ("南淝河大桥",),
        (
            ("strain", "strain", "um/m", "主梁应变", None, -80.0, 35.0),
            ("tilt_x", "tilt", "deg", "纵向倾角", None, 0.21, 0.02),
            ("tilt_y", "tilt", "deg", "横向倾角", None, -0.08, 0.01),
        ),
    ),
    (
        "TU",
        "tunnel",
        ("五里墩隧道",),
        (
            ("co", "carbon_monoxide", "[ppm]", "一氧化碳浓度", CARBON, 22.0, 14.0),
            ("wind_speed", "wind_speed", "m/s", "风速", None, 2.8, 0.9),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Latest:
    time_ns: int
    value: float
    quality: int
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Rows:
    time_ns: Int64s
    value: Floats
    quality: Bytes8


@dataclass(frozen=True, slots=True)
class Buckets:
    start_ns: Int64s
    end_ns: Int64s
    low: Floats
    high: Floats
    last: Floats
    rows: Int64s
    worst_quality: Bytes8


@dataclass(slots=True)
class MemoryHistory:
    """Readings in plain lists."""

    held: dict[int, dict[int, tuple[float, int]]] = field(default_factory=dict)
    newest: dict[int, Latest] = field(default_factory=dict)

    def write(self, channel: int, time_ns: int, value: float, quality: int = 1, flags: int = 0) -> None:
        self.held.setdefault(channel, {})[time_ns] = (value, quality)
        newest = self.newest.get(channel)
        if newest is None or newest.time_ns <= time_ns:
            self.newest[channel] = Latest(time_ns, value, quality, flags)

    def latest(self) -> Mapping[int, Latest]:
        return dict(self.newest)

    def read(self, channel: int, start_ns: int, end_ns: int, limit: int | None = None) -> Rows:
        rows = sorted((time, *row) for time, row in self.held.get(channel, {}).items() if start_ns <= time < end_ns)
        rows = rows[:limit]
        return Rows(
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], np.float64),
            np.array([row[2] for row in rows], np.uint8),
        )

    def buckets(self, channel: int, start_ns: int, end_ns: int, count: int) -> Buckets:
        rows = self.read(channel, start_ns, end_ns)
        edges = np.linspace(start_ns, end_ns, count + 1).astype(np.int64)
        found = [(rows.time_ns >= low) & (rows.time_ns < high) for low, high in itertools.pairwise(edges)]
        parts = [(rows.value[each], rows.quality[each]) for each in found]
        return Buckets(
            edges[:-1],
            edges[1:],
            np.array([value.min() if value.size else math.nan for value, _ in parts]),
            np.array([value.max() if value.size else math.nan for value, _ in parts]),
            np.array([value[-1] if value.size else math.nan for value, _ in parts]),
            np.array([value.size for value, _ in parts], np.int64),
            np.array([quality.max() if quality.size else 9 for _, quality in parts], np.uint8),
        )


@dataclass(frozen=True, slots=True)
class Signal:
    """What a channel of the town usually says."""

    usual: float
    swing: float

    def at(self, time_ns: int, random: np.random.Generator) -> float:
        day = 2 * math.pi * (time_ns / SECOND % 86_400) / 86_400
        return self.usual + self.swing * math.sin(day - 2) + self.swing * 0.12 * float(random.normal())


def town_inventory(report_seconds: float = 60.0) -> tuple[Inventory, dict[str, Signal]]:
    """Return the town, and what each of its channels usually says."""
    assets: dict[str, Asset] = {}
    devices: dict[str, Device] = {}
    channels: dict[str, Channel] = {}
    signals: dict[str, Signal] = {}
    for kind, lifeline, names, points in _KINDS:
        profile = Profile(f"{lifeline}/model", "", lifeline, "json", "", {}, ())
        for number, name in enumerate(names, 1):
            asset, device = f"{kind}-{number:02}", f"{lifeline}-{number:02}"
            assets[asset] = Asset(asset, kind, lifeline, name, (117.28, 31.86), {})
            devices[device] = Device(device, profile, "district", asset)
            for point, quantity, unit, title, ladder, usual, swing in points:
                channel = f"{asset}.{device}.{point}"
                channels[channel] = Channel(
                    id=channel,
                    asset=asset,
                    device=device,
                    point=point,
                    quantity=quantity,
                    unit=unit,
                    span=None,
                    report_seconds=report_seconds,
                    fresh_seconds=3 * report_seconds,
                    reorder_seconds=0,
                    stuck_seconds=None,
                    importance="normal",
                    title=title,
                    ladders=() if ladder is None else (ladder,),
                )
                signals[channel] = Signal(usual, swing)
    inventory = Inventory("town", "示范片区", "Asia/Shanghai", assets, devices, channels, (FORECAST, NIGHTS))
    return inventory, signals


class NoDrills:
    """Drills of a town where none was ever held."""

    is_running = False

    def begin(self, kind: DrillKind, *, unit: str, seconds: float, person: str) -> None:
        """Refuse."""
        raise NotAllowed(f"nobody drills here: {kind} {unit} {seconds} {person}")

    def outcomes(self, limit: int = 20) -> list[Drilled]:
        """Return none."""
        del limit
        return []
