"""A rehearsal carries the bytes of devices behind a ChirpStack server as it carries any others."""

from __future__ import annotations

from pathlib import Path

from gateway.app.rehearsal import Rehearsal
from gateway.cli.live_fleet import speech_of
from gateway.model import SECOND
from gateway.settings import load_site
from simulators.instruments import Instruments
from simulators.reports import Reports
from tests.simulators.fleet.healthy_site import healthy_signals

START = 1_750_000_000 * SECOND
SITE = """
site: {id: town, http_port: 0}
collectors:
  radio: {kind: mqtt, host: broker.invalid, topics: ["application/1/device/{device}/event/up"], envelope: chirpstack}
assets:
  SW-1: {kind: manhole, lifeline: drainage}
devices:
  level-1: {profile: drainage/em500_swl, collector: radio, asset: SW-1, station: 24e124136b502217}
  level-2: {profile: drainage/decentlab_mbx, collector: radio, asset: SW-1, station: 70b3d57ba0000001}
"""


async def test_devices_behind_a_chirpstack_server_are_heard_in_a_rehearsal(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    site = load_site(path)
    signals = healthy_signals(site.inventory, at_ns=START)
    reports = Reports(site.inventory, signals, Instruments(), start_ns=START)
    reports.wrap(speech_of(site).chirpstack)

    end_ns = START + 6 * 3600 * SECOND
    async with Rehearsal(site, tmp_path / "state", start_ns=START, answer=reports.replied) as rehearsal:
        await rehearsal.play(reports.until(end_ns), end_ns)
        counted = rehearsal.counted()

    assert counted.messages == 6 + 36
    assert counted.kept == 6 * 2 + 36 * 3
