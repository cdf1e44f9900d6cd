"""Every query of the dashboard and of the alert rules asks for something that the gateway writes."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.app import Gateway
from gateway.app.loop_lag import watch_loop_lag
from gateway.clock import SystemClock
from gateway.duty_room.metrics import exposition
from gateway.settings import load_site
from gateway.units import QUANTITIES

DEPLOY = Path(__file__).parents[2] / "deploy"
FIELDS = {"value", "quality", "flags"}
TAGS = {"site", "asset", "channel", "device", "lifeline"}


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


@pytest.fixture
async def metrics(tmp_path: Path) -> AsyncIterator[str]:
    """What /metrics says of the example site."""
    site = load_site(DEPLOY / "site.example.yaml", environment={})
    async with Gateway(site, tmp_path, clock=SystemClock(), live=False) as gateway:
        watching = asyncio.create_task(watch_loop_lag(gateway.health))
        await asyncio.sleep(0)
        yield exposition(gateway.health).decode()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


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
    assert asked <= set(QUANTITIES)


def test_every_field_and_tag_is_written(flux: list[str]) -> None:
    fields = {name for query in flux for name in re.findall(r'_field == "(\w+)"', query)}
    tags = {name for query in flux for name in re.findall(r"\br\.([a-z]\w*)", query)}

    assert all("_field ==" in query for query in flux)
    assert fields <= FIELDS
    assert tags <= TAGS


def test_every_metric_exists(promql: list[str], metrics: str) -> None:
    asked = {name for expression in promql for name in re.findall(r"\blifeline_\w+", expression)}
    families = set(re.findall(r"^# TYPE (\w+) ", metrics, re.MULTILINE))

    assert asked
    assert asked <= families


def test_every_condition_that_the_rules_name_is_one(promql: list[str]) -> None:
    labels = {name for expression in promql for name in re.findall(r"[{,](\w+)[=!]", expression)}

    assert labels <= {"condition", "needed", "job"}
