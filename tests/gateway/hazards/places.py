"""Small places on paper: a water zone, an underpass with a rain gauge, a road over a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gateway.inventory import Asset, Channel, Inventory, Ladder
from gateway.units import QUANTITIES
from tests.gateway.detection.scene import channel

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def ladder(name: str, hazard: str, quantity: str, rungs: Mapping[str, float], deadband: float = 0.0) -> Ladder:
    """Return a ladder without delays."""
    return Ladder(name, hazard, "above", rungs, deadband, 0.0, 0.0, "a test", quantity=quantity)


def measured(name: str, quantity: str, *ladders: Ladder, report_seconds: float = 60.0) -> Channel:
    """Return the channel `asset.device.point` of a quantity."""
    one = channel(name, *ladders, report_seconds=report_seconds)
    return replace(one, quantity=quantity, unit=QUANTITIES[quantity].unit)


def asset(name: str, lifeline: str, place: tuple[float, float] | None = None, **relations: str) -> Asset:
    """Return an asset, its relations each to one other."""
    return Asset(name, "any", lifeline, name, place, {word: (other,) for word, other in relations.items()})


def town(assets: Iterable[Asset], channels: Iterable[Channel], *ladders: Ladder) -> Inventory:
    """Return a site at UTC, with its ladders over derived quantities."""
    return Inventory(
        "town", "town", "UTC", {one.id: one for one in assets}, {}, {one.id: one for one in channels}, ladders
    )


LEAK = ladder("zone_night_flow", "pipe_leak", "night_flow_rise", {"blue": 10, "yellow": 20, "orange": 40}, deadband=2)
FLOOD = ladder(
    "underpass_forecast", "waterlogging", "forecast_level", {"blue": 0.15, "yellow": 0.27, "orange": 0.40}, 0.02
)
# The off-delay gives signs time to be seen anew when a snapshot was lost: the ledger knows no signs.
COLLAPSE = replace(
    ladder("road_risk", "road_collapse", "collapse_log_odds", {"blue": -2.5, "yellow": -1, "orange": 0.5}, 0.3),
    off_seconds=600.0,
)
SOIL = ladder("road_soil", "road_collapse", "soil_moisture", {"blue": 32, "yellow": 36, "orange": 40}, 1)
SETTLEMENT = ladder("road_settlement", "road_collapse", "settlement", {"blue": 10, "yellow": 20, "orange": 30}, 1)
RAIN = ladder("road_rain", "road_collapse", "rain_rate", {"blue": 16, "yellow": 30, "orange": 50}, 2)

BURST = ladder("zone_burst", "pipe_burst", "burst_flow_rise", {"yellow": 20, "orange": 50, "red": 100}, deadband=5)
FALL_OF_ZONE = ladder("zone_pressures", "pipe_leak", "zone_pressure_fall", {"yellow": 0.05, "orange": 1}, deadband=0.02)
WAVE = ladder("trunk_bursts", "pipe_burst", "burst_wave", {"yellow": 0.005, "orange": 0.02}, deadband=0.001)
PUMP = ladder("pump_stands", "pump_failure", "pump_overdue", {"yellow": 0.05, "orange": 0.2}, deadband=0.02)
BACKED_UP = ladder("sewer_backs_up", "sewer_blockage", "backed_up_level", {"blue": 0.1, "yellow": 0.3}, deadband=0.05)

INLET, OUTLET, PRESSURE = "P-1.meter.flow", "P-2.meter.flow", "P-3.gauge.pressure"


def zone(report_seconds: float = 300.0) -> Inventory:
    """Return a zone with an inlet, an outlet and a pressure."""
    return town(
        (
            asset("DMA", "water"),
            asset("P-1", "water", inlet_of="DMA"),
            asset("P-2", "water", outlet_of="DMA"),
            asset("P-3", "water", part_of="DMA"),
        ),
        (
            measured(INLET, "water_flow", report_seconds=report_seconds),
            measured(OUTLET, "water_flow", report_seconds=report_seconds),
            measured(PRESSURE, "water_pressure", report_seconds=report_seconds),
        ),
        LEAK,
    )


def gauged_zone() -> Inventory:
    """Return a zone with one inlet and four gauges, N-1 to N-4."""
    nodes = [f"N-{number}" for number in range(1, 5)]
    return town(
        (
            asset("DMA", "water"),
            asset("P-1", "water", inlet_of="DMA"),
            *(asset(n, "water", part_of="DMA") for n in nodes),
        ),
        (
            measured(INLET, "water_flow", report_seconds=300.0),
            *(measured(f"{node}.gauge.pressure", "water_pressure", report_seconds=300.0) for node in nodes),
        ),
        FALL_OF_ZONE,
    )


LOGGERS = ("TL-1.logger-1.pressure", "TL-2.logger-2.pressure")


def trunk_main(wave_m_s: float | None = 1_080.0, report_seconds: float = 0.01) -> Inventory:
    """Return a main with a pressure logger at 100 m and one at 1,500 m."""
    places = [
        replace(asset(name, "water", part_of="TM-1"), along_metres=metres)
        for name, metres in (("TL-1", 100.0), ("TL-2", 1_500.0))
    ]
    loggers = [measured(name, "water_pressure", report_seconds=report_seconds) for name in LOGGERS]
    return town((replace(asset("TM-1", "water"), wave_m_s=wave_m_s), *places), loggers, WAVE)


SUMP, RUNNING = "UP-1.radar.level", "PS-1.cabinet.running"


def pump_station(state: str = "pump_running") -> Inventory:
    """Return a sump and the pump that drains it."""
    return town(
        (asset("UP-1", "drainage"), replace(asset("PS-1", "drainage", drains="UP-1"), kind="pump")),
        (measured(SUMP, "water_level"), measured(RUNNING, state)),
        PUMP,
    )


ABOVE, BELOW, BRANCH, FALL = "SW-1.radar.level", "SW-2.radar.level", "SW-3.radar.level", "RG-1.bucket.rate"


def catchment() -> Inventory:
    """Return a sewer between two manholes, a branch that joins below it, and a rain gauge beside."""
    here = (117.0, 31.0)
    return town(
        (
            asset("SW-1", "drainage", here, upstream_of="SP-1"),
            replace(asset("SP-1", "drainage", here, upstream_of="SW-2"), kind="sewer"),
            asset("SW-2", "drainage", here),
            asset("SW-3", "drainage", here, upstream_of="SW-2"),
            asset("RG-1", "drainage", here),
        ),
        (
            *(measured(name, "water_level", report_seconds=300.0) for name in (ABOVE, BELOW, BRANCH)),
            measured(FALL, "rain_rate", report_seconds=300.0),
        ),
        BACKED_UP,
    )


DEPTH, GAUGE = "UP-1.radar.level", "RG-1.bucket.rate"


def underpass() -> Inventory:
    """Return an underpass two hundred metres from a rain gauge."""
    depth_ladder = ladder(
        "underpass_depth", "waterlogging", "water_level", {"blue": 0.05, "yellow": 0.15, "orange": 0.27, "red": 0.40}
    )
    return town(
        (asset("UP-1", "drainage", (117.0, 31.0)), asset("RG-1", "drainage", (117.002, 31.0))),
        (measured(DEPTH, "water_level", depth_ladder), measured(GAUGE, "rain_rate")),
        FLOOD,
    )


MOISTURE, ROD = "RD-1.node.soil", "RD-1.node.settle"
NEAR_LEVEL = "SW-1.radar.level"


def road() -> Inventory:
    """Return a road segment with a ground node, a sewer manhole 20 m away, and a rain gauge."""
    overflow = ladder("manhole_level", "sewer_overflow", "water_level", {"yellow": 2.0, "orange": 2.5}, 0.1)
    return town(
        (
            asset("RD-1", "road", (117.0, 31.0)),
            asset("SW-1", "drainage", (117.0002, 31.0)),
            asset("RG-1", "drainage", (117.01, 31.0)),
        ),
        (
            measured(MOISTURE, "soil_moisture", SOIL),
            measured(ROD, "settlement", SETTLEMENT),
            measured(NEAR_LEVEL, "water_level", overflow),
            measured(GAUGE, "rain_rate", RAIN),
        ),
        COLLAPSE,
    )
