"""Listeners for stations in a site file: what is allowed, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.settings import Hj212Settings, OpcuaSettings, Sl651Settings, check_site, load_site

PROFILE = """
id: water/outfall
title: an outfall
lifeline: water
protocol: hj212
source: made up
points:
  cod: {quantity: chemical_oxygen_demand, unit: mg/L, path: w01018-Rtd}
frames:
  - source: HJ 212-2017
    reply: "##0000"
    values: {cod: 42.5}
"""
SITE = """
site: {id: town}
assets:
  OF-1: {kind: outfall, lifeline: water}
collectors:
  stations:
    kind: hj212
    listen_host: 0.0.0.0
    listen_port: 9212
    allow: [10.20.0.0/16]
    checksum: lenient
    timezone: Asia/Urumqi
    stations:
      outfall-1: {id: 010000A8900016F000169DC0, password_env: OUTFALL_1}
devices:
  outfall-1: {profile: ./outfall.yaml, collector: stations, asset: OF-1}
"""


def written(folder: Path, text: str) -> Path:
    (folder / "outfall.yaml").write_text(PROFILE)
    site = folder / "site.yaml"
    site.write_text(text)
    return site


def test_a_listener_knows_its_networks_stations_and_passwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTFALL_1", "123456")

    settings = load_site(written(tmp_path, SITE)).collectors["stations"]

    assert isinstance(settings, Hj212Settings)
    assert [str(network) for network in settings.allow] == ["10.20.0.0/16"]
    assert settings.is_lenient
    station = settings.stations["010000A8900016F000169DC0"]
    assert (station.name, station.password, str(station.zone)) == ("outfall-1", "123456", "Asia/Urumqi")
    assert "123456" not in repr(settings)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("    allow: [10.20.0.0/16]\n", "", "listens on 0.0.0.0 and allows no network"),
        ("10.20.0.0/16", "10.20.0.1/16", "has host bits set"),
        ("Asia/Urumqi", "Asia/Nowhere", "there is no time zone 'Asia/Nowhere'"),
        ("      outfall-1: {id", "      outfall-2: {id", "has no station 'outfall-1'"),
        ("kind: hj212", "kind: sl651", "needs a collector of kind hj212"),
        ("lenient", "sometimes", "checksum"),
        ("asset: OF-1}", "asset: OF-1, station: outfall-9}", "has no station 'outfall-9'"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, words: str) -> None:
    monkeypatch.setenv("OUTFALL_1", "123456")
    assert old in SITE

    with pytest.raises(ConfigError) as raised:
        load_site(written(tmp_path, SITE.replace(old, new)))

    assert any(words in str(fault) for fault in raised.value.faults)


def test_an_open_door_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTFALL_1", "123456")

    checked = check_site(written(tmp_path, SITE.replace("10.20.0.0/16", "0.0.0.0/0")))

    assert any("lets the whole world in" in str(warning) for warning in checked.warnings)


def test_this_machine_alone_needs_no_list(tmp_path: Path) -> None:
    text = (
        SITE.replace("hj212", "sl651")
        .replace("listen_host: 0.0.0.0", "listen_host: 127.0.0.1")
        .replace("    allow: [10.20.0.0/16]\n", "")
    )
    text = text.replace(", password_env: OUTFALL_1", "").replace("lenient", "strict\n    transport: udp")
    (tmp_path / "outfall.yaml").write_text(PROFILE)
    site = tmp_path / "site.yaml"
    site.write_text(text.split("devices:", maxsplit=1)[0])

    settings = load_site(site).collectors["stations"]

    assert isinstance(settings, Sl651Settings)
    assert (settings.transport, settings.allow) == ("udp", ())


OPCUA = """
site: {id: town}
collectors:
  plant:
    kind: opcua
    url: opc.tcp://192.168.40.5:4840
    nodes: {fan-1: {co: "ns=2;s=Fan1.CO"}}
"""


def test_an_opcua_server_has_nodes_by_device_and_point(tmp_path: Path) -> None:
    settings = load_site(written(tmp_path, OPCUA)).collectors["plant"]

    assert isinstance(settings, OpcuaSettings)
    assert settings.nodes == {"fan-1": {"co": "ns=2;s=Fan1.CO"}}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("opc.tcp://", "http://", "is no OPC UA address"),
        ("ns=2;s=Fan1.CO", "Fan1.CO", "is no node id"),
        ("nodes:", "security: Basic256Sha256\n    nodes:", "must have certificate and private_key"),
    ],
)
def test_what_is_wrong_of_an_opcua_server_is_said(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_site(written(tmp_path, OPCUA.replace(old, new)))

    assert any(words in str(fault) for fault in raised.value.faults)
