"""The example site is right, shows what a site may have, and tells the truth about defaults."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import pytest

from gateway.inventory import Channel
from gateway.settings import (
    HAZARDS,
    HistorySettings,
    InfluxdbSettings,
    JournalSettings,
    ModbusTcpSettings,
    MqttSettings,
    Site,
    check_site,
    load_site,
)

EXAMPLE = Path(__file__).parents[2] / "deploy" / "site.example.yaml"
OPTIONAL = re.compile(r"^(\s*)# (?!yaml-language-server)", re.MULTILINE)


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(EXAMPLE, environment={})


@pytest.fixture
def uncommented(tmp_path: Path) -> Path:
    """The example with every optional key written out."""
    file = tmp_path / "site.yaml"
    file.write_text(OPTIONAL.sub(r"\1", EXAMPLE.read_text()))
    return file


@pytest.fixture
def channels(site: Site) -> list[Channel]:
    return list(site.inventory.channels.values())


def test_the_example_has_neither_faults_nor_warnings() -> None:
    checked = check_site(EXAMPLE)

    assert (checked.faults, checked.warnings) == ((), ())


def test_the_example_is_right_with_every_optional_key_too(uncommented: Path) -> None:
    checked = check_site(uncommented)

    assert "\nstores:\n  journal:\n" in uncommented.read_text()
    assert (checked.faults, checked.warnings) == ((), ())


def test_optional_keys_of_the_example_show_their_defaults(site: Site, uncommented: Path) -> None:
    written_out = check_site(uncommented).site

    assert written_out is not None
    broker = written_out.collectors["district"]
    assert isinstance(broker, MqttSettings)
    # The kinds of collectors that the example has none of are written as comments only.
    shown = {name: settings for name, settings in written_out.collectors.items() if name in site.collectors}
    collectors = {**shown, "district": replace(broker, username=None, tls=None)}
    # So are the keys of a device that it does not have.
    city = written_out.inventory
    devices = {name: device for name, device in city.devices.items() if name in site.inventory.devices}
    channels = {name: channel for name, channel in city.channels.items() if name in site.inventory.channels}
    inventory = replace(city, devices=devices, channels=channels)
    journal = replace(written_out.journal, yielding=())
    same = replace(written_out, collectors=collectors, inventory=inventory, journal=journal, influxdb=None)
    assert replace(same, source=site.source) == site
    assert (journal, written_out.history) == (JournalSettings(), HistorySettings())
    assert written_out.influxdb == InfluxdbSettings("http://127.0.0.1:8086", "city", "lifeline")


@pytest.mark.parametrize(
    "settings", [MqttSettings, ModbusTcpSettings, JournalSettings, HistorySettings, InfluxdbSettings]
)
def test_the_example_names_every_setting(settings: type) -> None:
    text = EXAMPLE.read_text()
    names = {field.name for field in fields(settings)} - {"id", "password", "token", "yielding"}

    missing = {name for name in names if not re.search(rf"\b{name}: ", text)}

    assert not missing


def test_the_example_shows_channels_of_six_lifelines_over_both_protocols(site: Site, channels: list[Channel]) -> None:
    devices, assets = site.inventory.devices, site.inventory.assets
    over_mqtt = [channel for channel in channels if devices[channel.device].unit is None]
    modbus = [settings for settings in site.collectors.values() if isinstance(settings, ModbusTcpSettings)]

    assert len(channels) >= 60
    assert len(over_mqtt) >= len(channels) / 2
    assert len(modbus) >= 2
    assert set(Counter(assets[channel.asset].lifeline for channel in channels)) == {
        "gas", "water", "drainage", "bridge", "tunnel", "road",
    }  # fmt: skip


def test_every_ladder_belongs_to_a_lifeline_of_its_hazard(site: Site, channels: list[Channel]) -> None:
    for channel in channels:
        lifeline = site.inventory.assets[channel.asset].lifeline

        assert all(lifeline in HAZARDS[ladder.hazard].lifelines for ladder in channel.ladders)
