"""What a profile may say of Modbus beyond type and address, and what is wrong with it."""

from __future__ import annotations

import pytest

from gateway.errors import ConfigError
from gateway.profiles import Hole, Part, RegisterPlace, StatusRule, load_profile

FILE = "device_profiles/gas/panel.yaml"
PROFILE = """\
id: gas/panel
title: a panel
lifeline: gas
protocol: modbus
source: its manual
modbus:
  forbidden: [{kind: holding, first: 20, last: 29}]
  request_delay_seconds: 0.05
  warm_up: {address: 0x2500, settle_seconds: 2}
  serial: {baud: 19200, parity: E}
  statuses:
    - {point: status, bits: [4, 5], values: [1], means: maintenance, of: [gas]}
  commands:
    reset: {register: {kind: coil, address: 1, type: bool}}
points:
  gas:
    quantity: combustible_gas
    unit: "%{LEL}"
    register: {kind: holding, address: 10, type: uint16}
    sentinels: [65535, {value: 65534, means: over_range}]
    fast_above: 20
  gauge:
    quantity: water_level
    unit: cm
    register:
      kind: holding
      address: 11
      type: uint16
      parts: [{bits: [8, 15], scale: 100, most: 2}, {bits: [0, 7], bcd: true}]
  strain:
    quantity: strain
    unit: um/m
    register: {kind: holding, address: 12, type: uint16}
    calibration: {form: square, constants: {gain: 0.004, zero: null}}
  status: {quantity: status_bits, unit: "1", register: {kind: holding, address: 13, type: uint16}, poll: slow}
  serial: {is_text: true, register: {kind: holding, address: 40, type: text, words: 4}}
frames:
  - source: computed
    request: 01 03 00 0a 00 04 64 0b
    reply: 01 03 08 00 01 01 42 00 02 00 00 00 00
    values: {gas: 1, gauge: 1.42, strain: 0, status: 0}
    texts: {serial: "A1"}
"""


def test_a_profile_says_all_of_it() -> None:
    profile = load_profile(PROFILE, FILE)

    gauge, gas = profile.points["gauge"].place, profile.points["gas"]
    assert isinstance(gauge, RegisterPlace)
    assert gauge.parts == (Part((8, 15), 100.0, most=2), Part((0, 7), is_bcd=True))
    assert (gas.sentinels, gas.meanings, gas.fast_above) == ((65_535.0, 65_534.0), {65_534.0: "over_range"}, 20.0)
    assert profile.modbus.forbidden == (Hole("holding", 20, 29),)
    assert profile.modbus.statuses == (StatusRule("status", (4, 5), (1,), "maintenance", ("gas",)),)
    assert profile.modbus.commands["reset"].place.kind == "coil"
    assert profile.frames[0].texts == {"serial": "A1"}


def test_a_status_may_hold_unless_its_bits_are_a_number() -> None:
    profile = load_profile(PROFILE.replace("values: [1]", "unless: [0, 1]"), FILE)

    assert profile.modbus.statuses == (StatusRule("status", (4, 5), (0, 1), "maintenance", ("gas",), is_unless=True),)


def test_a_frame_brings_the_constants_of_the_unit_that_sent_it() -> None:
    text = PROFILE.replace("    texts: {serial", "    calibration: {strain: {zero: 1.5}}\n    texts: {serial")

    assert load_profile(text, FILE).frames[0].calibration == {"strain": {"zero": 1.5}}


def test_a_unit_brings_the_constants_that_its_profile_leaves_open() -> None:
    profile = load_profile(PROFILE, FILE)

    own = profile.calibrated({"strain": {"zero": 100.0}}).points["strain"].calibration

    assert own is not None
    assert own.coefficients() == pytest.approx((-40.0, 0.0, 0.004, 0.0))
    for wrong, said in (({}, "zero"), ({"strain": {"k": 1.0}}, "'k'"), ({"gas": {}}, "no calibration")):
        with pytest.raises(ValueError, match=said):
            profile.calibrated(wrong)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{kind: coil, address: 1, type: bool}", "{kind: coil, address: 1, type: uint16}", "a coil is of type bool"),
        ("type: text, words: 4", "type: text", "a text has 'words'"),
        ("bits: [8, 15]", "bits: [8, 16]", "must go from low to high below 16"),
        ("address: 40,", "address: 65534,", "reaches beyond register 65535"),
        ("first: 20, last: 29", "first: 11, last: 29", "covers point gauge"),
        ("first: 20", "first: 30", "must go from first to last"),
        ("of: [gas]", "of: [gass]", "there is no point 'gass' (did you mean 'gas'?)"),
        ("bits: [4, 5], values", "bit: 4, bits: [4, 5], values", "must have 'bit' or 'bits'"),
        ("values: [1]", "values: [1], unless: [0]", "must have 'values' or 'unless', not both"),
        ("    texts:", "    calibration: {strain: {k: 1}}\n    texts:", "'k' is no constant of square"),
        ("gain: 0.004", "gian: 0.004", "square has no constant 'gian'"),
        ("settle_seconds: 2", "count: 3, write: 1", "is for one holding register or coil"),
        ("    reset:", "    gas:", "is the name of a point"),
        ("is_text: true, register", "quantity: x, register", "needs is_text: true"),
    ],
)
def test_what_is_wrong_is_said(old: str, new: str, said: str) -> None:
    assert old in PROFILE

    with pytest.raises(ConfigError) as caught:
        load_profile(PROFILE.replace(old, new, 1), FILE)

    assert any(said in str(fault) for fault in caught.value.faults), caught.value
