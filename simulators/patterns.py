"""What a healthy channel of each quantity does, one line a quantity, in the canonical unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pattern:
    """The range of a healthy channel, the rhythm in which it is passed through, and how rough it is."""

    rhythm: str
    low: float
    high: float
    decimals: int
    """Digits after the point that a device sends in the canonical unit."""
    roughness: float = 0.04
    """Noise from one reading to the next, as a share of the range."""


PATTERNS: Mapping[str, Pattern] = {
    "combustible_gas": Pattern("steady", 0.3, 3.2, 2, 0.1),
    "gas_pressure": Pattern("relief", 92.0, 104.0, 2),
    "gas_flow": Pattern("demand", 15.0, 140.0, 1),
    "water_pressure": Pattern("relief", 0.30, 0.42, 4),
    "water_flow": Pattern("demand", 42.0, 128.0, 2),
    "velocity": Pattern("demand", 0.35, 1.10, 3),
    "leak_noise": Pattern("traffic", 18.0, 34.0, 1),
    "turbidity": Pattern("steady", 0.12, 0.35, 3),
    "chlorine": Pattern("demand", 0.35, 0.60, 3),
    "supply_temperature": Pattern("relief", 72.0, 80.0, 2),
    "return_temperature": Pattern("relief", 42.0, 48.0, 2),
    "heat_power": Pattern("relief", 600.0, 1400.0, 1),
    "make_up_flow": Pattern("steady", 0.4, 1.2, 3),
    "water_level": Pattern("demand", 0.35, 0.85, 3),
    "air_gap": Pattern("relief", 2.6, 3.4, 3),
    "ponding_depth": Pattern("steady", 0.0, 0.6, 2, 0.1),
    "sewage_flow": Pattern("demand", 20.0, 70.0, 2),
    "rain_rate": Pattern("steady", 0.0, 0.0, 1),
    "rainfall": Pattern("steady", 0.0, 0.0, 1),
    "rain_total": Pattern("steady", 0.0, 0.0, 1),
    "conductivity": Pattern("demand", 620.0, 840.0, 1),
    "chemical_oxygen_demand": Pattern("demand", 160.0, 320.0, 1),
    "ammonia_nitrogen": Pattern("demand", 18.0, 34.0, 2),
    "dissolved_oxygen": Pattern("warmth", 2.0, 4.5, 2),
    "acidity": Pattern("steady", 7.1, 7.5, 2),
    "cover_tilt": Pattern("steady", 0.2, 1.2, 2, 0.15),
    "motor_current": Pattern("demand", 22.0, 31.0, 2),
    "carbon_monoxide": Pattern("traffic", 1.5, 14.0, 2),
    "nitrogen_dioxide": Pattern("traffic", 0.02, 0.16, 3),
    "hydrogen_sulfide": Pattern("steady", 0.2, 1.4, 2, 0.1),
    "ammonia": Pattern("steady", 0.2, 1.4, 2, 0.1),
    "oxygen": Pattern("steady", 20.6, 20.9, 2),
    "extinction": Pattern("traffic", 0.0006, 0.0026, 5),
    "illuminance": Pattern("warmth", 60.0, 180.0, 1),
    "temperature": Pattern("warmth", 13.0, 24.0, 2),
    "humidity": Pattern("relief", 52.0, 74.0, 1),
    "cable_temperature": Pattern("demand", 24.0, 38.0, 2),
    "wind_speed": Pattern("traffic", 1.2, 4.2, 2, 0.1),
    "wind_direction": Pattern("steady", 150.0, 220.0, 1, 0.1),
    "strain": Pattern("warmth", -28.0, 34.0, 2, 0.08),
    "deflection": Pattern("traffic", -6.0, 4.0, 2, 0.08),
    "acceleration": Pattern("traffic", -0.03, 0.03, 4, 0.3),
    "frequency": Pattern("steady", 2.41, 2.45, 4),
    "tilt": Pattern("warmth", -0.012, 0.014, 4, 0.08),
    "crack_width": Pattern("warmth", 0.11, 0.15, 4),
    "displacement": Pattern("warmth", 2.0, 5.0, 3),
    "settlement": Pattern("warmth", 0.4, 0.9, 3),
    "convergence": Pattern("warmth", 0.2, 0.6, 3),
    "cable_force": Pattern("warmth", 2310.0, 2360.0, 1),
    "soil_moisture": Pattern("steady", 22.0, 26.0, 2),
    "pore_pressure": Pattern("steady", 12.0, 16.0, 2),
    "groundwater_level": Pattern("steady", 4.1, 4.4, 3),
    "battery_voltage": Pattern("warmth", 3.58, 3.64, 3),
    "battery_level": Pattern("warmth", 86.0, 89.0, 1),
    "signal_quality": Pattern("steady", 86.0, 97.0, 1),
    "signal_level": Pattern("steady", -88.0, -76.0, 1),
    "sound_speed": Pattern("warmth", 1462.0, 1478.0, 2),
}
"""Quantity → its pattern; a quantity without one stays in the middle of its span, a state stays 0."""
OF_POINTS: Mapping[tuple[str, str], Pattern] = {
    ("gas_pressure", "inlet_pressure"): Pattern("relief", 285.0, 320.0, 1),
    ("water_pressure", "return_pressure"): Pattern("steady", 0.20, 0.24, 4),
}
"""Quantity and point → its pattern, where a device has two of one quantity: before a regulator, back at a plant."""
