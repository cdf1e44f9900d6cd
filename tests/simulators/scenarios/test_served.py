from __future__ import annotations

from pathlib import Path

from gateway.documents import read_document
from gateway.settings import ModbusTcpSettings, MqttSettings, check_site
from simulators.districts.gas import gas
from simulators.districts.site import site_text
from simulators.districts.structures import tunnel
from simulators.scenarios.served import rehearsed_site, served_site


def test_collectors_are_where_the_fleet_is(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    text = site_text("town", [gas(1), tunnel(1)])

    path.write_text(served_site(text, {"district": ("127.0.0.1", 1884), "line": ("127.0.0.1", 5020)}))

    site = check_site(path).site
    assert site is not None
    broker, line = site.collectors["district"], site.collectors["line"]
    assert isinstance(broker, MqttSettings)
    assert isinstance(line, ModbusTcpSettings)
    assert (broker.port, line.port) == (1884, 5020)


def test_a_collector_without_a_device_is_left_out_and_devices_report_as_they_really_do(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"

    path.write_text(served_site(site_text("town", [gas(2)]), {}, {"gas-1": 300.0}))

    site = check_site(path).site
    assert site is not None
    assert list(site.collectors) == ["district"]
    reported = {channel.device: channel.report_seconds for channel in site.inventory.channels.values()}
    assert reported == {"gas-1": 300.0, "gas-2": 60.0}


def test_a_serial_line_becomes_tcp_and_others_go_without_their_devices() -> None:
    text = """site: {id: town}
collectors:
  rs485: {kind: modbus_rtu, port: /dev/ttyUSB0, baud: 9600, poll_seconds: 7}
  outfalls: {kind: hj212, host: 0.0.0.0, port: 9000}
assets: {N-1: {kind: node, lifeline: water}, OF-1: {kind: outfall, lifeline: drainage}}
devices:
  gauge: {profile: water/keller_36xw, collector: rs485, asset: N-1, unit: 2}
  station: {profile: drainage/hj212_outfall, collector: outfalls, asset: OF-1}
channels: {OF-1.station.flow: {title: x}, N-1.gauge.pressure: {title: y}}
ladders: {low: {channel: N-1.gauge.pressure}, high: {channel: OF-1.station.flow}}
stores: {influxdb: {}}
"""

    carried, left_out = rehearsed_site(text)

    site = read_document(carried, "site.yaml").value
    assert isinstance(site, dict)
    assert left_out == {"station": "hj212"}
    assert site["collectors"]["rs485"] == {"kind": "modbus_tcp", "host": "127.0.0.1", "poll_seconds": 7}  # type: ignore[call-overload, index]
    assert (list(site["devices"]), list(site["channels"]), list(site["ladders"])) == (  # type: ignore[arg-type]
        ["gauge"],
        ["N-1.gauge.pressure"],
        ["low"],
    )
    assert "stores" not in site


def test_what_lies_beside_the_file_is_found_from_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b" / "c").mkdir(parents=True)
    text = """collectors: {city: {kind: mqtt, ca_file: ca.pem}}
devices: {gauge: {profile: ./our.yaml, collector: city}}
"""

    moved = served_site(text, {}, folder=tmp_path / "a", into=tmp_path / "b" / "c")

    assert "profile: ./../../a/our.yaml" in moved
    assert f"ca_file: {tmp_path.resolve()}/a/ca.pem" in moved
