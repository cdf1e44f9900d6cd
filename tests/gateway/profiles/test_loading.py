"""A device profile loads whole or says everything that is wrong with it."""

from __future__ import annotations

import math

import pytest

from gateway.errors import ConfigError
from gateway.profiles import FieldPlace, RegisterPlace, load_profile, load_profiles, profile_ids, read_profile

FILE = "device_profiles/water/meter.yaml"
MODBUS = """\
id: water/meter
title: a meter
lifeline: water
protocol: modbus
source: its manual
points:
  flow:
    quantity: water_flow
    unit: L/s
    register: {kind: input, address: 0x10, type: int32, byte_order: CDAB}
    scale: 0.01
    offset: -1
    sentinels: [-1]
    span: [-10, 10]
frames:
  - source: computed
    request: 01 04 00 10 00 02 70 0e
    reply: 01 04 04 00 64 00 00 bb 9b
    values: {flow: 0}
"""
JSON = """\
id: gas/node
title: a node
lifeline: gas
protocol: json
source: its manual
time: {path: [meta, "a.b"], format: iso8601}
points:
  ch4: {quantity: combustible_gas, unit: "%", path: data.0.ch4}
  firmware: {is_text: true, path: fw}
frames:
  - source: computed
    reply: '{"data":[{"ch4":null}],"fw":"1.2"}'
    time: 2026-01-01T08:00:00.001+08:00
    values: {ch4: null, firmware: null}
"""


def _faults(text: str, file: str = FILE) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_profile(text, file)
    return [str(fault).removeprefix(f"{file}:") for fault in caught.value.faults]


def test_a_modbus_profile_says_where_its_points_lie_and_how_they_become_canonical() -> None:
    profile = load_profile(MODBUS, FILE)

    flow = profile.points["flow"]
    assert flow.place == RegisterPlace("input", 16, "int32", "CDAB")
    assert (flow.scale, flow.offset, flow.factor, flow.shift) == (0.01, -1.0, 3.6, 0.0)
    assert flow.sentinels == (-1.0,)
    assert flow.title == "流量"
    assert profile.frames[0].request == bytes.fromhex("010400100002700e")


def test_a_json_profile_says_the_paths_of_its_points_and_its_time() -> None:
    profile = load_profile(JSON, "node.yaml")

    assert profile.points["ch4"].place == FieldPlace(("data", "0", "ch4"))
    assert profile.points["ch4"].factor == 20
    assert profile.points["firmware"].is_text
    assert (profile.time_path, profile.time_format) == (("meta", "a.b"), "iso8601")
    assert profile.frames[0].time_ns == 1_767_225_600_001_000_000
    assert math.isnan(profile.frames[0].values["ch4"])


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("unit: L/s", "unit: l/s", "9:11: error: points.flow: unknown unit 'l/s' (did you mean 'L/s'?)"),
        ("unit: L/s", "unit: bar", "9:11: error: points.flow: bar is a unit of pressure, m3/h one of flow"),
        (
            "water_flow",
            "waterflow",
            "8:15: error: points.flow: unknown quantity 'waterflow' (did you mean 'water_flow'?)",
        ),
        (
            "water_flow",
            "forecast_level",
            "8:15: error: points.flow: no device sends 'forecast_level' (it is worked out)",
        ),
        ("int32", "int24", "10:50: error: points.flow.register.type must be 'int16'"),
        ("span: [-10, 10]", "span: [10, 10]", "14:11: error: points.flow.span must go from low to high, got [10, 10]"),
        ("  flow:\n", "  Flow:\n", "7:3: error: point 'Flow' must be lower-case letters, digits and _"),
        ("70 0e", "70 0", "17:14: error: frames.0.request must be bytes in hex"),
        ("{flow: 0}", "{flwo: 0}", "19:14: error: frames.0: there is no point 'flwo' (did you mean 'flow'?)"),
        ("{flow: 0}", "{flwo: 0}", "7:3: error: no frame shows a value of point 'flow'"),
        ("    request: 01 04 00 10 00 02 70 0e\n", "", "16:5: error: frames.0 must hold the request too"),
        ("id: water/meter", "id: water/metre", "1:5: error: id 'water/metre' must be the file's folder and name"),
        ("lifeline: water", "lifeline: gas", "1:5: error: id 'water/meter' must start with the lifeline, gas/"),
        ("source: its manual", "time: {path: t}", "5:1: error: time is for json"),
        ("source: its manual\n", "", "1:1: error: 'source' is missing"),
        ("protocol: modbus", "protocol: json", "7:3: error: points.flow must have 'path' and no 'register'"),
    ],
)
def test_a_fault_of_a_profile_has_its_place(old: str, new: str, fault: str) -> None:
    assert old in MODBUS

    faults = _faults(MODBUS.replace(old, new))

    assert any(found.startswith(fault) for found in faults), faults


def test_constants_of_a_unit_are_for_registers_and_the_named_fields_of_a_protocol() -> None:
    constants = "calibration: {form: linear, constants: {gain: 2}}"
    of_json = JSON.replace("path: data.0.ch4", f"path: data.0.ch4, {constants}")

    assert any("not for json" in fault for fault in _faults(of_json, "node.yaml"))


def test_all_faults_of_a_profile_come_at_once() -> None:
    faults = _faults(MODBUS.replace("L/s", "bar").replace("CDAB", "CADB").replace("{flow: 0}", "{x: 0}"))

    assert len(faults) == 4


def test_a_profile_without_a_frame_does_not_load() -> None:
    faults = _faults(MODBUS[: MODBUS.index("frames:")])

    assert faults == ["1:1: error: 'frames' is missing"]


def test_every_profile_of_the_package_loads() -> None:
    profiles = load_profiles()

    assert list(profiles) == profile_ids()
    assert {"gas/manhole_methane", "water/tuf2000m"} <= profiles.keys()


@pytest.mark.parametrize("name", ["gas/none", "gas/../water/tuf2000m", "none", "", "gas/", "../gateway/x"])
def test_a_profile_that_is_not_there_is_a_key_error(name: str) -> None:
    with pytest.raises(KeyError):
        read_profile(name)
