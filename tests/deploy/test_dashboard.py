"""Every query of the dashboard and of the alert rules asks for something that the gateway writes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.app import Gateway
from gateway.clock import SystemClock
from gateway.duty_room.metrics import exposition
from gateway.model import Instant, batch_of
from gateway.settings import InfluxdbSettings, load_site
from gateway.sinks.line_protocol import LineEncoder
from gateway.sinks.series import series_of
from gateway.units import QUANTITIES
from simulators.servers.child import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.fixture(scope="module")
def panels() -> list[dict[str, Any]]:
    dashboard = json.loads((DEPLOY / "grafana/dashboards/lifeline.json").read_text())
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


@pytest.fixture(scope="module")
def flux(panels: list[dict[str, Any]]) -> list[str]:
    return [target["query"] for panel in panels for target in panel["targets"] if "query" in target]


@pytest.fixture(scope="module")
def promql(panels: list[dict[str, Any]]) -> list[str]:
    rules = yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())
    of_rules = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    return of_rules + [target["expr"] for panel in panels for target in panel["targets"] if "expr" in target]


@pytest.fixture(scope="module")
def written() -> tuple[set[str], set[str]]:
    """The tags and the fields of a reading as the store writes it."""
    inventory = load_site(DEPLOY / "site.example.yaml", environment={}).inventory
    channel = next(iter(inventory.channels.values()))
    encoder = LineEncoder(series_of([(1, channel.id, channel.quantity)], inventory))
    line = encoder.encode(batch_of([(1, 0, 1.5, 1, 0)], Instant(0, 0, ""))).decode()
    series, fields, _time = line.split(" ")
    return (
        {each.partition("=")[0] for each in series.split(",")[1:]},
        {each.partition("=")[0] for each in fields.split(",")},
    )


@pytest.fixture
async def metrics(tmp_path: Path) -> str:
    """What /metrics says of the example site while InfluxDB is away."""
    example = load_site(DEPLOY / "site.example.yaml", environment={})
    away = InfluxdbSettings(f"http://127.0.0.1:{free_port()}", "city", "lifeline", "secret")
    site = replace(example, collectors={}, influxdb=away)
    async with Gateway(site, tmp_path, clock=SystemClock(), port=0) as gateway:
        return exposition(gateway.health).decode()


def test_every_panel_asks_something_of_a_provisioned_source(panels: list[dict[str, Any]]) -> None:
    written = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/lifeline.yaml").read_text())
    sources = {(source["type"], source["uid"]) for source in written["datasources"]}

    used = {(target["datasource"]["type"], target["datasource"]["uid"]) for p in panels for target in p["targets"]}

    assert all(panel["targets"] for panel in panels)
    assert used == sources


def test_panels_neither_overlap_nor_leave_the_page(panels: list[dict[str, Any]]) -> None:
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23


def test_every_measurement_is_a_quantity(flux: list[str]) -> None:
    asked = {name for query in flux for name in re.findall(r'_measurement == "(\w+)"', query)}

    assert len(asked) >= 10
    assert asked <= {name for name, quantity in QUANTITIES.items() if not quantity.is_derived}


def test_every_field_and_tag_is_written(flux: list[str], written: tuple[set[str], set[str]]) -> None:
    fields = {name for query in flux for name in re.findall(r'_field == "(\w+)"', query)}
    tags = {name for query in flux for name in re.findall(r"\br\.([a-z]\w*)", query)}

    assert all("_field ==" in query for query in flux)
    assert (tags <= written[0], fields <= written[1]) == (True, True), (tags, fields, written)


def test_every_metric_exists(promql: list[str], metrics: str) -> None:
    asked = {name for expression in promql for name in re.findall(r"\blifeline_\w+", expression)}
    families = set(re.findall(r"^# TYPE (\w+) ", metrics, re.MULTILINE))

    assert asked
    assert asked <= families


def test_every_condition_that_the_rules_name_is_one(promql: list[str], metrics: str) -> None:
    named = {name for expression in promql for name in re.findall(r'[|"](reader_\w+)', expression)}
    labels = {name for expression in promql for name in re.findall(r"[{,](\w+)[=!]", expression)}

    assert labels <= {"condition", "needed", "job"}
    assert named
    assert all(f'condition="{name}"' in metrics for name in named)
