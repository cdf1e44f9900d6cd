"""Units convert exactly and every quantity of the domain is known."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.units import QUANTITIES, UNITS, convert

DOMAIN = {
    "well beside a gas pipe": ["combustible_gas", "temperature", "immersion", "battery_voltage"],
    "regulator station": ["gas_pressure", "gas_flow", "temperature", "valve_closed"],
    "household": ["gas_alarm", "valve_closed", "carbon_monoxide"],
    "water network node": ["water_pressure", "water_flow", "leak_noise", "turbidity", "chlorine"],
    "DMA inlet": ["water_flow", "water_pressure", "water_volume"],
    "sewer manhole": [
        "water_level", "sewage_flow", "velocity", "conductivity", "chemical_oxygen_demand", "combustible_gas",
        "hydrogen_sulfide", "cover_tilt",
    ],
    "waterlogging": ["ponding_depth", "rainfall", "barrier_closed"],
    "rain gauge": ["rainfall", "rain_rate"],
    "pump station": ["water_level", "pump_running", "motor_current", "sewage_flow"],
    "heating": ["supply_temperature", "return_temperature", "water_pressure", "make_up_flow", "heat_energy"],
    "bridge": [
        "strain", "deflection", "acceleration", "tilt", "crack_width", "displacement", "cable_force", "temperature",
        "wind_speed", "vehicle_weight", "axle_load", "vehicle_speed",
    ],
    "tunnel": ["carbon_monoxide", "nitrogen_dioxide", "extinction", "wind_speed", "illuminance", "fire", "water_level"],
    "utility tunnel": [
        "oxygen", "hydrogen_sulfide", "carbon_monoxide", "combustible_gas", "temperature", "humidity", "water_level",
        "smoke", "intrusion", "cable_temperature", "displacement",
    ],
    "road": ["settlement", "soil_moisture", "displacement", "void_anomaly"],
    "slope": ["displacement", "crack_width", "tilt", "rainfall", "pore_pressure", "soil_moisture"],
}  # fmt: skip


@pytest.mark.parametrize("row", DOMAIN)
def test_every_indicator_of_the_domain_has_a_quantity(row: str) -> None:
    missing = set(DOMAIN[row]) - QUANTITIES.keys()

    assert not missing


@pytest.mark.parametrize("name", QUANTITIES)
def test_a_quantity_has_a_known_unit_and_both_names(name: str) -> None:
    quantity = QUANTITIES[name]

    assert quantity.name == name
    assert quantity.from_unit(quantity.unit) == (1.0, 0.0)
    assert quantity.zh
    assert quantity.en
    assert all(quantity.from_unit(unit)[0] > 0 for unit in quantity.units())


@pytest.mark.parametrize(
    ("quantity", "value", "unit", "canonical"),
    [
        # GB 15322 and GB/T 50493: LEL of methane is 5 %vol, so 20 %LEL = 1 %vol = 10,000 ppm.
        ("combustible_gas", 1.0, "%", 20.0),
        ("combustible_gas", 10_000.0, "[ppm]", 20.0),
        ("water_pressure", 1.4, "bar", 0.14),
        ("water_pressure", 140.0, "kPa", 0.14),
        ("gas_pressure", 0.2, "MPa", 200.0),
        ("water_flow", 36.6, "L/s", 131.76),
        ("water_flow", 0.01, "m3/s", 36.0),
        ("ponding_depth", 0.27, "m", 27.0),
        ("extinction", 12.0, "km-1", 0.012),
        ("temperature", 300.15, "K", 27.0),
        ("temperature", 212.0, "[degF]", 100.0),
        ("tilt", 10.0, "mrad", 0.5729577951308232),
        # GB 6222 and GBZ 2 print 30 mg/m3 = 24 ppm for CO.
        ("carbon_monoxide", 30.0, "mg/m3", 24.0),
    ],
)
def test_a_value_becomes_canonical(quantity: str, value: float, unit: str, canonical: float) -> None:
    factor, shift = QUANTITIES[quantity].from_unit(unit)

    assert math.isclose(value * factor + shift, canonical, rel_tol=5e-4)


@given(st.sampled_from(sorted(UNITS)), st.data(), st.floats(-1e6, 1e6))
def test_converting_there_and_back_changes_nothing(unit: str, data: st.DataObject, value: float) -> None:
    same = sorted(other.symbol for other in UNITS.values() if other.dimension == UNITS[unit].dimension)
    other = data.draw(st.sampled_from(same))

    back = convert(convert(value, unit, other), other, unit)

    assert math.isclose(back, value, rel_tol=1e-9, abs_tol=1e-6)


@pytest.mark.parametrize(
    ("from_unit", "to_unit", "message"),
    [("furlong", "m", "unknown unit 'furlong'"), ("m", "bar", "m is a unit of length, bar one of pressure")],
)
def test_units_that_do_not_fit_are_refused(from_unit: str, to_unit: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        convert(1.0, from_unit, to_unit)
