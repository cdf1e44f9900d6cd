from __future__ import annotations

from pathlib import Path

from gateway.settings import ModbusTcpSettings, MqttSettings, check_site
from simulators.districts.gas import gas
from simulators.districts.site import site_text
from simulators.districts.structures import tunnel
from simulators.scenarios.served import served_site


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
