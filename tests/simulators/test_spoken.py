"""Devices whose protocol no simulated device speaks are said, not stumbled over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import ConfigError
from gateway.inventory import Device, Inventory
from gateway.model import SECOND
from gateway.profiles import read_profile
from simulators.instruments import Instruments
from simulators.reports import Reports
from simulators.spoken import unspoken

HEAT = Device("heat-1", read_profile("heating/heat_meter"), "bus", "HS-1")
METHANE = Device("gas-1", read_profile("gas/manhole_methane"), "air", "MH-1")


def test_a_meter_that_nobody_simulates_is_one_line_with_its_profile_and_what_is_spoken() -> None:
    inventory = Inventory("town", "", "UTC", {}, {"gas-1": METHANE, "heat-1": HEAT}, {})

    with pytest.raises(ConfigError) as refused:
        Reports(inventory, {}, Instruments(), start_ns=1_750_000_000 * SECOND)

    (fault,) = refused.value.faults
    assert str(fault) == (
        "devices.heat-1:1:1: error: no simulated device speaks cjt188, heating/heat_meter "
        "(they speak decentlab, hj212, json, milesight, modbus, senml, senml_cbor, sl651, sparkplug)"
    )


def test_a_sparkplug_device_behind_an_edge_node_is_none_of_ours() -> None:
    profile = replace(METHANE.profile, protocol="sparkplug")
    behind = replace(METHANE, profile=profile, station="edge-7/gas")
    alone = replace(METHANE, id="gas-2", profile=profile, station="edge-8")

    assert unspoken([behind, alone]) == {"gas-1": "sparkplug behind an edge node, gas/manhole_methane"}
