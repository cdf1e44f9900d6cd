"""The hazards that a ladder may name, with the lifelines they belong to. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.profiles import LIFELINES


@dataclass(frozen=True, slots=True)
class Hazard:
    """What a warning is about, and the lifelines it belongs to."""

    name: str
    zh: str
    en: str
    lifelines: tuple[str, ...]


HAZARDS: Mapping[str, Hazard] = {
    hazard.name: hazard
    for hazard in (
        Hazard("gas_leak", "燃气泄漏", "gas leak", ("gas", "utility_tunnel", "drainage")),
        Hazard("pressure_abnormal", "压力异常", "abnormal pressure", ("gas", "water", "heating")),
        Hazard("pipe_burst", "爆管", "pipe burst", ("water", "heating")),
        Hazard("pipe_leak", "管道漏损", "pipe leak", ("water",)),
        Hazard("water_quality", "水质异常", "water quality", ("water",)),
        Hazard("waterlogging", "积水内涝", "waterlogging", ("drainage", "road", "tunnel")),
        Hazard("sewer_overflow", "管网冒溢", "sewer overflow", ("drainage",)),
        Hazard("sewer_blockage", "管网淤堵", "sewer blockage", ("drainage",)),
        Hazard("pump_failure", "水泵故障", "pump failure", ("drainage", "water")),
        Hazard("cover_displaced", "井盖移位", "manhole cover displaced", ("drainage", "gas", "water", "heating")),
        Hazard("heat_leak", "供热泄漏", "heat leak", ("heating",)),
        Hazard("supply_abnormal", "供应异常", "abnormal supply", ("heating", "water")),
        Hazard("overload", "超载", "overload", ("bridge",)),
        Hazard("structural_change", "结构变化", "structural change", ("bridge",)),
        Hazard("strike", "撞击", "strike", ("bridge",)),
        Hazard("scour_or_settlement", "冲刷或沉降", "scour or settlement", ("bridge",)),
        Hazard("deformation", "变形", "deformation", ("tunnel", "utility_tunnel")),
        Hazard("air_hazard", "空气异常", "air hazard", ("tunnel", "utility_tunnel", "drainage", "gas")),
        Hazard("flooding", "进水", "flooding", ("tunnel", "utility_tunnel")),
        Hazard("fire", "火灾", "fire", ("tunnel", "utility_tunnel")),
        Hazard("slope_failure", "边坡失稳", "slope failure", ("slope",)),
        # A rain gauge of the drainage gives signs of it.
        Hazard("road_collapse", "路面塌陷", "road collapse", ("road", "drainage")),
        Hazard("sensor_fault", "传感器故障", "sensor fault", LIFELINES),
        Hazard("sensor_silent", "传感器失联", "sensor silent", LIFELINES),
    )
}
"""Every hazard by its name."""
