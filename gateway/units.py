"""Quantities and units: what is measured, its one canonical unit (UCUM), and what else a device may send it in.

A unit that fits every quantity of its dimension stands in UNITS; one that needs to know the substance (ppm of CH4 to
%LEL) stands with its quantity. Adding a quantity or a unit is one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of one dimension: base value = value * factor + shift."""

    symbol: str
    dimension: str
    factor: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something that is measured, with its canonical unit and its names."""

    name: str
    unit: str
    zh: str
    en: str
    also: Mapping[str, float] = field(default_factory=dict)
    """Units of another dimension that this quantity accepts → factor to the canonical unit."""
    is_derived: bool = False
    """No device sends it: a hazard's model (gateway/hazards) works it out for an asset."""

    def from_unit(self, unit: str) -> tuple[float, float]:
        """Return (factor, shift) that make a value in `unit` canonical; ValueError when the unit does not fit.

        >>> QUANTITIES["combustible_gas"].from_unit("[ppm]")
        (0.002, 0.0)
        >>> QUANTITIES["water_pressure"].from_unit("bar")
        (0.1, 0.0)
        """
        if unit in self.also:
            return self.also[unit], 0.0
        return _between(unit, self.unit)

    def units(self) -> list[str]:
        """Return every unit in which a device may send this quantity, the canonical one first."""
        dimension = UNITS[self.unit].dimension
        others = [unit.symbol for unit in UNITS.values() if unit.dimension == dimension and unit.symbol != self.unit]
        return [self.unit, *others, *self.also]


def convert(value: float, from_unit: str, to_unit: str) -> float:
    """Convert between two units of one dimension.

    >>> convert(2.5, "L/s", "m3/h")
    9.0
    >>> convert(300.15, "K", "Cel")
    27.0
    """
    factor, shift = _between(from_unit, to_unit)
    return value * factor + shift


def _between(from_unit: str, to_unit: str) -> tuple[float, float]:
    source, target = UNITS.get(from_unit), UNITS.get(to_unit)
    if source is None or target is None:
        raise ValueError(f"unknown unit {(from_unit if source is None else to_unit)!r}")
    if source.dimension != target.dimension:
        raise ValueError(f"{from_unit} is a unit of {source.dimension}, {to_unit} one of {target.dimension}")
    return source.factor / target.factor, (source.shift - target.shift) / target.factor


# The smallest unit of a dimension is its base, so that factors are whole and their ratios exactly rounded.
UNITS: Mapping[str, Unit] = {
    unit.symbol: unit
    for unit in (
        Unit("1", "number"),
        Unit("%", "share", 1e7),
        Unit("[ppm]", "share", 1e3),
        Unit("[ppb]", "share"),
        Unit("%{LEL}", "explosive share"),
        Unit("%{RH}", "relative humidity"),
        Unit("m", "length", 1e6),
        Unit("cm", "length", 1e4),
        Unit("mm", "length", 1e3),
        Unit("um", "length"),
        Unit("km", "length", 1e9),
        Unit("Pa", "pressure"),
        Unit("hPa", "pressure", 100.0),
        Unit("kPa", "pressure", 1e3),
        Unit("MPa", "pressure", 1e6),
        Unit("mbar", "pressure", 100.0),
        Unit("bar", "pressure", 1e5),
        Unit("m[H2O]", "pressure", 9806.65),
        Unit("Cel", "temperature"),
        Unit("K", "temperature", 1.0, -273.15),
        Unit("[degF]", "temperature", 5 / 9, -160 / 9),
        Unit("m3/h", "flow", 1e3),
        Unit("m3/s", "flow", 3.6e6),
        Unit("m3/d", "flow", 1e3 / 24),
        Unit("L/s", "flow", 3.6e3),
        Unit("s", "time"),
        Unit("ms", "time", 0.001),
        Unit("L/min", "flow", 60.0),
        Unit("L/h", "flow"),
        Unit("m3", "volume", 1e3),
        Unit("L", "volume"),
        Unit("m/s", "speed", 1e3),
        Unit("cm/s", "speed", 10.0),
        Unit("mm/s", "speed"),
        Unit("km/h", "speed", 1e3 / 3.6),
        Unit("mm/h", "rain rate"),
        Unit("mm/min", "rain rate", 60.0),
        Unit("mg/L", "mass concentration", 1e6),
        Unit("g/L", "mass concentration", 1e9),
        Unit("ug/L", "mass concentration", 1e3),
        Unit("mg/m3", "mass concentration", 1e3),
        Unit("ug/m3", "mass concentration"),
        Unit("{NTU}", "turbidity"),
        Unit("[pH]", "acidity"),
        Unit("uS/cm", "conductivity"),
        Unit("mS/cm", "conductivity", 1e3),
        Unit("V", "voltage", 1e3),
        Unit("mV", "voltage"),
        Unit("A", "current", 1e3),
        Unit("mA", "current"),
        Unit("W", "power"),
        Unit("kW", "power", 1e3),
        Unit("MW", "power", 1e6),
        Unit("kW.h", "energy", 3.6),
        Unit("MW.h", "energy", 3.6e3),
        Unit("MJ", "energy"),
        Unit("GJ", "energy", 1e3),
        Unit("dB{SPL}", "sound level"),
        Unit("dB{mW}", "signal level"),
        Unit("deg", "angle"),
        Unit("rad", "angle", 57.29577951308232),
        Unit("mrad", "angle", 0.05729577951308232),
        Unit("um/m", "strain"),
        Unit("mm/m", "strain", 1e3),
        Unit("m/s2", "acceleration", 1e3),
        Unit("mm/s2", "acceleration"),
        Unit("[g]", "acceleration", 9806.65),
        Unit("kN", "force", 1e3),
        Unit("N", "force"),
        Unit("MN", "force", 1e6),
        Unit("t", "mass", 1e3),
        Unit("kg", "mass"),
        Unit("Hz", "frequency"),
        Unit("m-1", "extinction", 1e3),
        Unit("km-1", "extinction"),
        Unit("lx", "illuminance"),
    )
}
"""Every unit by its UCUM symbol; curly braces are UCUM annotations."""

# Pairs of mg/m3 and ppm follow the molar volume at 0 °C: GB 6222 and GBZ 2 print CO 30 mg/m3 = 24 ppm.
_MOLAR_LITRES = 22.414
# Methane's lower explosive limit is 5 % by volume: 1 %LEL = 0.05 %vol = 500 ppm.
_METHANE_LEL_PERCENT = 5.0
_METHANE = {"%": 100 / _METHANE_LEL_PERCENT, "[ppm]": 0.01 / _METHANE_LEL_PERCENT}

QUANTITIES: Mapping[str, Quantity] = {
    quantity.name: quantity
    for quantity in (
        # Gas
        Quantity("combustible_gas", "%{LEL}", "可燃气体浓度", "combustible gas", _METHANE),
        Quantity("ethane", "[ppm]", "乙烷浓度", "ethane"),
        Quantity("gas_pressure", "kPa", "燃气压力", "gas pressure"),
        Quantity("gas_flow", "m3/h", "燃气流量", "gas flow"),
        Quantity("gas_volume", "m3", "累计气量", "gas volume"),
        Quantity("sample_flow", "L/min", "采样流量", "flow of sampled gas"),
        # Water supply and heating
        Quantity("water_pressure", "MPa", "水压", "water pressure"),
        Quantity("water_flow", "m3/h", "流量", "flow"),
        Quantity("make_up_flow", "m3/h", "补水流量", "make-up flow"),
        Quantity("water_volume", "m3", "累计水量", "water volume"),
        Quantity("velocity", "m/s", "流速", "flow velocity"),
        Quantity("leak_noise", "dB{SPL}", "漏水噪声", "leak noise"),
        Quantity("turbidity", "{NTU}", "浊度", "turbidity"),
        Quantity("chlorine", "mg/L", "余氯", "free chlorine"),
        Quantity("supply_temperature", "Cel", "供水温度", "supply temperature"),
        Quantity("return_temperature", "Cel", "回水温度", "return temperature"),
        Quantity("heat_power", "kW", "热功率", "heat power"),
        Quantity("heat_energy", "kW.h", "累计热量", "heat energy"),
        # Drainage, waterlogging, rain
        Quantity("water_level", "m", "水位", "water level"),
        Quantity("air_gap", "m", "空高", "air gap"),
        Quantity("ponding_depth", "cm", "积水深度", "ponding depth"),
        Quantity("sewage_flow", "m3/h", "污水流量", "sewage flow"),
        Quantity("rainfall", "mm", "降雨量", "rainfall"),
        Quantity("rain_total", "mm", "累计降雨量", "rain since counting began"),
        Quantity("rain_rate", "mm/h", "雨强", "rain rate"),
        Quantity("rain_nowcast", "mm", "未来半小时降雨预报", "rain expected within 30 minutes"),
        Quantity("conductivity", "uS/cm", "电导率", "conductivity"),
        Quantity("chemical_oxygen_demand", "mg/L", "化学需氧量", "chemical oxygen demand"),
        Quantity("ammonia_nitrogen", "mg/L", "氨氮", "ammonia nitrogen"),
        Quantity("dissolved_oxygen", "mg/L", "溶解氧", "dissolved oxygen"),
        Quantity("acidity", "[pH]", "酸碱度", "pH"),
        Quantity("cover_tilt", "deg", "井盖倾角", "cover tilt"),
        Quantity("motor_current", "A", "电机电流", "motor current"),
        Quantity("electric_voltage", "V", "供电电压", "mains voltage"),
        Quantity("electric_power", "kW", "用电功率", "electric power"),
        Quantity("electric_energy", "kW.h", "累计电量", "electric energy"),
        Quantity("total_phosphorus", "mg/L", "总磷", "total phosphorus"),
        Quantity("total_nitrogen", "mg/L", "总氮", "total nitrogen"),
        Quantity("suspended_solids", "mg/L", "悬浮物", "suspended solids"),
        Quantity("redox_potential", "mV", "氧化还原电位", "redox potential"),
        # Air of tunnels, utility tunnels, manholes
        Quantity("carbon_monoxide", "[ppm]", "一氧化碳浓度", "carbon monoxide", {"mg/m3": _MOLAR_LITRES / 28.01}),
        Quantity("nitrogen_dioxide", "[ppm]", "二氧化氮浓度", "nitrogen dioxide", {"mg/m3": _MOLAR_LITRES / 46.01}),
        Quantity("hydrogen_sulfide", "[ppm]", "硫化氢浓度", "hydrogen sulfide", {"mg/m3": _MOLAR_LITRES / 34.08}),
        Quantity("ammonia", "[ppm]", "氨气浓度", "ammonia", {"mg/m3": _MOLAR_LITRES / 17.03}),
        Quantity("oxygen", "%", "氧气浓度", "oxygen"),
        Quantity("extinction", "m-1", "消光系数", "extinction coefficient"),
        Quantity("illuminance", "lx", "照度", "illuminance"),
        Quantity("temperature", "Cel", "温度", "temperature"),
        Quantity("humidity", "%{RH}", "相对湿度", "relative humidity"),
        Quantity("cable_temperature", "Cel", "电缆温度", "cable temperature"),
        Quantity("wind_speed", "m/s", "风速", "wind speed"),
        Quantity("wind_direction", "deg", "风向", "wind direction"),
        Quantity("visibility", "m", "能见度", "visibility"),
        Quantity("fine_particles", "ug/m3", "细颗粒物", "particles below 2.5 um"),
        Quantity("particles", "ug/m3", "可吸入颗粒物", "particles below 10 um"),
        Quantity("sulfur_dioxide", "ug/m3", "二氧化硫浓度", "sulfur dioxide"),
        Quantity("ozone", "ug/m3", "臭氧浓度", "ozone"),
        Quantity("air_pressure", "hPa", "气压", "air pressure"),
        # Bridges, tunnels, slopes, roads
        Quantity("strain", "um/m", "应变", "strain"),
        Quantity("deflection", "mm", "挠度", "deflection"),
        Quantity("acceleration", "m/s2", "加速度", "acceleration"),
        Quantity("frequency", "Hz", "自振频率", "natural frequency"),
        Quantity("tilt", "deg", "倾角", "tilt"),
        Quantity("crack_width", "mm", "裂缝宽度", "crack width"),
        Quantity("displacement", "mm", "位移", "displacement"),
        Quantity("settlement", "mm", "沉降", "settlement"),
        Quantity("convergence", "mm", "收敛", "convergence"),
        Quantity("cable_force", "kN", "索力", "cable force"),
        Quantity("axle_load", "t", "轴重", "axle load"),
        Quantity("vehicle_weight", "t", "车辆总重", "vehicle weight"),
        Quantity("vehicle_speed", "km/h", "车速", "vehicle speed"),
        Quantity("soil_moisture", "%", "土壤含水率", "soil moisture"),
        Quantity("pore_pressure", "kPa", "孔隙水压力", "pore pressure"),
        Quantity("groundwater_level", "m", "地下水位", "groundwater level"),
        # States: 0 is normal, 1 is the state that the name says
        Quantity("immersion", "1", "水浸", "water immersion"),
        Quantity("valve_closed", "1", "阀门关闭", "valve closed"),
        Quantity("pump_running", "1", "水泵运行", "pump running"),
        Quantity("barrier_closed", "1", "道闸关闭", "barrier closed"),
        Quantity("cover_open", "1", "井盖打开", "cover open"),
        Quantity("door_open", "1", "箱门打开", "door open"),
        Quantity("intrusion", "1", "入侵", "intrusion"),
        Quantity("smoke", "1", "烟雾报警", "smoke"),
        Quantity("fire", "1", "火灾报警", "fire"),
        Quantity("gas_alarm", "1", "燃气报警", "gas alarm"),
        Quantity("mains_lost", "1", "市电断电", "mains lost"),
        Quantity("void_anomaly", "1", "雷达空洞异常", "radar void anomaly"),
        # Worked out for an asset
        Quantity("night_flow_rise", "%", "夜间最小流量增幅", "rise of the night flow", is_derived=True),
        Quantity("forecast_level", "m", "半小时后水位", "level in half an hour", is_derived=True),
        Quantity("zone_pressure_fall", "m[H2O]", "分区压力偏低", "fall of a zone's pressures", is_derived=True),
        Quantity("burst_flow_rise", "%", "进水流量突增", "sudden rise of the inflow", is_derived=True),
        Quantity("burst_wave", "MPa", "爆管压力波降幅", "fall of a burst's wave", is_derived=True),
        Quantity("pump_overdue", "m", "应启泵未启水位差", "level past the start of the pump", is_derived=True),
        Quantity("backed_up_level", "m", "旱天壅水高度", "dry-weather rise above a sewer", is_derived=True),
        Quantity("pattern_break", "1", "协同异常指数", "break of what moves together", is_derived=True),
        Quantity("collapse_log_odds", "1", "塌陷对数几率", "log-odds of a collapse", is_derived=True),
        # The device itself
        Quantity("battery_voltage", "V", "电池电压", "battery voltage"),
        Quantity("battery_level", "%", "电池电量", "battery level"),
        Quantity("clock_offset", "s", "时钟偏差", "clock offset"),
        Quantity("clock_synchronised", "1", "网络校时", "clock synchronised"),
        Quantity("signal_quality", "%", "信号质量", "signal quality"),
        Quantity("signal_level", "dB{mW}", "信号强度", "signal level"),
        Quantity("sound_speed", "m/s", "声速", "speed of sound"),
        Quantity("status_bits", "1", "状态字", "status bits"),
    )
}
"""Every quantity by its name."""
