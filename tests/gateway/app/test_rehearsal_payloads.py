"""A rehearsal carries Sparkplug B with births, aliases, deaths and rebirths, and SenML, as the collector would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.app.rehearsal import Counted, Rehearsal
from gateway.model import SECOND
from gateway.settings import Site, load_site
from simulators.instruments import Fault, Instruments
from simulators.reports import Report, Reports
from tests.simulators.fleet.healthy_site import healthy_signals

START = 1_750_000_000 * SECOND
MINUTE = 60 * SECOND
END = START + 60 * MINUTE
SITE = """
site: {id: town, http_port: 0}
collectors:
  plant: {kind: mqtt, host: broker.invalid, topics: [], sparkplug_group: city, client_id: plant}
  nodes: {kind: mqtt, host: broker.invalid, topics: ["city/{device}/senml"], client_id: nodes}
assets:
  N-1: {kind: node, lifeline: water}
  N-2: {kind: node, lifeline: water}
  N-3: {kind: node, lifeline: water}
devices:
  pump: {profile: ./sparkplug.yaml, collector: plant, asset: N-1, station: edge-7, report_seconds: 60}
  gauge: {profile: ./senml_cbor.yaml, collector: nodes, asset: N-2, station: gauge-7, report_seconds: 60}
  meter: {profile: ./senml.yaml, collector: nodes, asset: N-3, station: meter-7, report_seconds: 60}
"""
PROFILE = """
id: water/{protocol}
title: made up
lifeline: water
protocol: {protocol}
source: made up
points:
  level: {{quantity: water_level, unit: m, path: level, span: [-10, 10]}}
frames: [{{source: made up, reply: {frame}, values: {{level: 1.5}}}}]
"""
FRAMES = {
    "senml": """'[{"n":"level","u":"m","v":1.5}]'""",
    "senml_cbor": "81 a2 00 65 6c 65 76 65 6c 02 f9 3e 00",
    "sparkplug": "12 12 0a 05 6c 65 76 65 6c 20 0a 69 00 00 00 00 00 00 f8 3f",
}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    for protocol, frame in FRAMES.items():
        (tmp_path / f"{protocol}.yaml").write_text(PROFILE.format(protocol=protocol, frame=frame))
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return load_site(path)


class Played(NamedTuple):
    counted: Counted
    born: int


async def _play(site: Site, state: Path, *faults: Fault, skips: int = 0) -> Played:
    """Rehearse an hour, the gateway deaf to the first messages."""
    reports = Reports(site.inventory, healthy_signals(site.inventory, at_ns=START), Instruments(faults), start_ns=START)
    born: list[Report] = []

    def heard() -> Iterator[Report]:
        for number, report in enumerate(reports.until(END)):
            if report.device == "pump" and report.sequence == 0:
                born.append(report)
            if number >= skips:
                yield report

    rehearsal = Rehearsal(
        site, state, start_ns=START, answer=reports.replied, bear_again=reports.bear_again, slice_seconds=10
    )
    async with rehearsal:
        await rehearsal.play(heard(), END)
        counted = rehearsal.counted()
    return Played(counted, len(born))


async def test_every_message_of_sparkplug_and_senml_is_kept(site: Site, tmp_path: Path) -> None:
    played = await _play(site, tmp_path / "state")

    assert played.counted.messages == 3 * 60
    assert played.counted.kept == 3 * 60
    assert played.born == 1


async def test_a_node_whose_birth_was_missed_is_asked_for_it(site: Site, tmp_path: Path) -> None:
    played = await _play(site, tmp_path / "state", skips=10)

    assert played.born == 2
    # Its first message by alias alone says nothing to anybody.
    assert played.counted.messages == 3 * 60 - 10
    assert played.counted.kept == 3 * 60 - 10 - 1


async def test_a_node_whose_line_goes_down_dies_and_is_born_again_with_what_it_kept(site: Site, tmp_path: Path) -> None:
    offline = Fault(START + 20 * MINUTE, "offline", "pump", seconds=600)

    played = await _play(site, tmp_path / "state", offline)

    assert played.born == 2
    assert played.counted.messages == 3 * 60 + 1
    assert played.counted.kept == 3 * 60 + 1
