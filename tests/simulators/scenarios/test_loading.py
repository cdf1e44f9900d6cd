from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.model import SECOND
from gateway.settings import HAZARDS, Site, check_site
from simulators.scenarios.loading import load_scenario, shipped
from simulators.scenarios.scenario import Scenario, Stage

TEXT = """scenario: try
start: "2025-06-16T08:00:00"
learn: 1 h
lasts: 2 h
district: {gas: 2}
happens:
  - {at: 30 min, kind: gas_leak, asset: G-1, amount: 0.5}
instruments:
  - {at: 1 h, kind: stuck, device: gas-2, point: ch4}
expect:
  - want: gas_leak on MH-1 within 30 min
"""


def _load(folder: Path, text: str = TEXT) -> Scenario:
    path = folder / "try.yaml"
    path.write_text(text)
    return load_scenario(path, HAZARDS)


def _site(scenario: Scenario, folder: Path) -> Site:
    path = folder / "site.yaml"
    path.write_text(scenario.site_text())
    site = check_site(path).site
    assert site is not None
    return site


def test_a_scenario_is_read_in_absolute_times(tmp_path: Path) -> None:
    scenario = _load(tmp_path)

    assert scenario.start_ns == 1_750_032_000 * SECOND
    assert scenario.start_ns - scenario.learn_ns == 3600 * SECOND
    assert scenario.events[0].time_ns - scenario.start_ns == 1800 * SECOND


def test_a_stage_knows_the_truth_of_world_and_instruments(tmp_path: Path) -> None:
    scenario = _load(tmp_path)

    with Stage(scenario, _site(scenario, tmp_path).inventory) as stage:
        hazards = {(window.asset, window.hazard) for window in stage.windows}

    assert hazards == {("G-1", "gas_leak"), ("MH-2", "sensor_fault")}


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_every_shipped_scenario_can_be_staged_and_wants_something_that_is_met(path: Path, tmp_path: Path) -> None:
    scenario = load_scenario(path)

    with Stage(scenario, _site(scenario, tmp_path).inventory) as stage:
        assert list(stage.reports.until(scenario.learn_ns + 600 * SECOND))

    assert scenario.name == path.stem
    assert any(not expectation.pending for expectation in scenario.expectations)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("district: {gas: 2}", "district: {gass: 2}", r"try.yaml:5:\d+: .*no 'gass'.*did you mean 'gas'"),
        ("lasts: 2 h", "lasts: 2 weeks", r"try.yaml:4:\d+"),
        ('"2025-06-16T08:00:00"', '"yesterday"', r"try.yaml:2:\d+: .*start must be a local date and time"),
        ("at: 30 min", "at: 3 h", r"try.yaml:7:\d+: .*behind the end"),
        ("kind: stuck", "kind: sticky", r"try.yaml:9:\d+: .*'sticky' is no fault"),
        ("within 30 min", "soon", r"try.yaml:11:\d+: .*an expectation reads"),
        ("  - want:", "  - pending: no\n    want:", r"try.yaml:10:\d+"),
        ("expect:", "wanted: 3\nexpect:", r"try.yaml:10:\d+: .*unknown key 'wanted'"),
        ("asset: G-1", "asset: G-9", r"try.yaml:7:41: .*no asset 'G-9' here .did you mean 'G-1'"),
        ("on MH-1", "on MH1", r"try.yaml:11:11: .*no asset 'MH1' here .did you mean 'MH-1'"),
        ("device: gas-2", "device: gas-9", r"try.yaml:9:36: .*no device 'gas-9' here .did you mean 'gas-"),
        ("expect:", "report_seconds: {gas-9: 60}\nexpect:", r"try.yaml:10:18: .*no device 'gas-9'"),
        ("district: {gas: 2}\n", "", r"try.yaml:1:1: .*'district' is missing .*site: FILE, network: FILE"),
        ("district: {gas: 2}", "district: {gas: 2}\nsite: a.yaml", r"try.yaml:5:\d+: .*not both"),
        ("district: {gas: 2}", "site: nowhere.yaml", r"try.yaml:5:7: .*cannot read 'nowhere.yaml'"),
        ("district: {gas: 2}", "network: nowhere.inp", r"try.yaml:5:\d+: .*cannot read 'nowhere.inp'"),
        (
            "lasts: 2 h",
            "lasts: -1 h",
            r"try.yaml:4:8: error: lasts must be a number with s, min, h or d, .* got '-1 h'",
        ),
        ("lasts: 2 h", "lasts: 0 s", r"try.yaml:4:8: error: lasts must be longer than nothing, got '0 s'"),
        ("amount: 0.5", "amount: 0.5, lasts: 0 s", r"try.yaml:7:\d+: .*lasts must be longer than nothing"),
        ("lasts: 2 h", "lasts: 99999 d", r"try.yaml:4:8: error: lasts must be at most 3660 d"),
        ("scenario: try", "scenario: A try", r"try.yaml:1:11: error: scenario must have small letters"),
        ("08:00:00", "08:00:00Z", r"try.yaml:2:8: error: start must be .*, without an offset, got .*timezone: says"),
        ("2025-06-16", "0001-06-16", r"try.yaml:2:8: error: start must lie between 1990 and 2200"),
        ("at: 1 h", "at: 2 h", r"try.yaml:9:10: error: instruments.0.at lies behind the end of the scenario"),
        (
            "expect:",
            "weather: {storms: [{at: 3 h, mm: 20}]}\nexpect:",
            r"try.yaml:10:25: error: weather.storms.0.at lies behind the end",
        ),
        ("gas_leak on", "gas_leek on", r"try.yaml:11:11: error: .*no hazard 'gas_leek' .did you mean 'gas_leak'"),
        ("gas_leak on MH-1 within 30 min", "no gas_leek on MH-1", r"try.yaml:11:11: error: .*no hazard 'gas_leek'"),
        (TEXT, "- a\n", r"try.yaml:1:1: error: the file must be a mapping of keys to values\Z"),
        ("district: {gas: 2}", "network: {gauges: 3}", r"try.yaml:5:\d+: .*a file is missing"),
    ],
)
def test_a_wrong_line_is_named_with_its_place(old: str, new: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        _load(tmp_path, TEXT.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("asset: G-1", "asset: MH-1", r"try.yaml:7:\d+: .*no such asset here, only G-1"),
        (", amount: 0.5", "", r"try.yaml:7:\d+: .*gas_leak at G-1: amount is missing: m3/h of gas"),
        ("amount: 0.5", "amount: -0.5", r"try.yaml:7:\d+: .*amount must be m3/h"),
        ("kind: gas_leak", "kind: burst", r"try.yaml:7:\d+: .*'burst' cannot happen here"),
        ("point: ch4", "point: ch5", r"try.yaml:9:\d+: .*has no point 'ch5'"),
    ],
)
def test_what_the_district_cannot_do_is_named_with_its_place(old: str, new: str, said: str, tmp_path: Path) -> None:
    scenario = _load(tmp_path, TEXT.replace(old, new))

    with pytest.raises(ConfigError, match=said):
        Stage(scenario, _site(scenario, tmp_path).inventory)


@pytest.mark.parametrize(
    ("district", "event", "said"),
    [
        ("water: 2", "kind: burst, asset: DMA-1, amount: 9", "no such asset here, only P-1"),
        ("water: 2", "kind: pump_failure, asset: P-1", "nothing here can have it"),
        (
            "waterworks: 2",
            "kind: pump_runs_on, asset: WP-1}\n  - {at: 40 min, kind: pump_failure, asset: WP-1",
            "a pump cannot stand and run on at one time",
        ),
        ("drainage: 2", "kind: pump_failure, asset: PS-1, amount: 3", "it has no amount, got 3"),
        ("drainage: 2", "kind: blockage, asset: SP-1, amount: 101", "above 0 and at most 100, got 101"),
        ("gas_main: 2", "kind: supply_failure, asset: RS-1, amount: 150", "above 0 and at most 100, got 150"),
        ("heating: 2", "kind: boiler_failure, asset: HP-1, amount: 1500", "above 0 and at most 56.29, got 1500"),
        ("utility_tunnel: 1", "kind: foul_air, asset: UT-1, amount: 30", "above 0 and at most 20.9, got 30"),
        ("tunnel: 1", "kind: jam, asset: TN-1, amount: 0.5", "above 1, got 0.5"),
        ("slope: 1", "kind: creep, asset: SL-1, amount: 20", "lasts is missing: until it fails"),
        ("bridge: 1", "kind: damage, asset: BR-1-S1, amount: 96", "96 % in all is a fallen bridge"),
    ],
)
def test_an_impossible_event_is_refused_with_its_line(district: str, event: str, said: str, tmp_path: Path) -> None:
    text = TEXT.replace("gas: 2", district).replace("kind: gas_leak, asset: G-1, amount: 0.5", event)
    before, _, _ = text.partition("instruments:")
    scenario = _load(tmp_path, f"{before}expect:\n  - want: at most 0 false warnings a day\n")

    with pytest.raises(ConfigError, match=rf"try.yaml:[78]:\d+: .*{said}"):
        Stage(scenario, _site(scenario, tmp_path).inventory)


def test_damages_of_a_span_add_up_to_a_bridge_that_still_stands(tmp_path: Path) -> None:
    text = TEXT.replace("gas: 2", "bridge: 1").replace(
        "gas_leak, asset: G-1, amount: 0.5", "damage, asset: BR-1-S1, amount: 60"
    )
    before, _, _ = text.partition("instruments:")
    twice = before + "  - {at: 40 min, kind: damage, asset: BR-1-S1, amount: 40}\n"
    scenario = _load(tmp_path, f"{twice}expect:\n  - want: at most 0 false warnings a day\n")

    with pytest.raises(ConfigError, match=r"try.yaml:8:\d+: .*100 % in all is a fallen bridge"):
        Stage(scenario, _site(scenario, tmp_path).inventory)
