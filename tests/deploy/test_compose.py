"""The compose file as a file: what it names exists, and nothing but the broker can be reached from outside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

DEPLOY = Path(__file__).parents[2] / "deploy"
ROOT = DEPLOY.parent
WRITTEN_BY_THE_OPERATOR = {"../site.yaml", "./mosquitto/passwords"}
VARIABLE = re.compile(r"\$\{(\w+)[^}]*\}")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Build(Strict):
    context: str
    dockerfile: str


class Service(Strict):
    """The part of the Compose specification that the file uses."""

    build: Build | None = None
    image: Annotated[str, Field(pattern=r"^[a-z/-]+:(v?\d+\.\d+(\.\d+)?|local)$")]
    network_mode: Literal["host"]
    restart: Literal["unless-stopped"]
    stop_grace_period: str | None = None
    read_only: bool = False
    tmpfs: list[str] = []
    cap_drop: list[str] = []
    security_opt: list[str] = []
    command: list[str] = []
    environment: dict[str, str] = {}
    volumes: list[Annotated[str, Field(pattern=r"^[\w./-]+:/[\w./-]+(:ro)?$")]] = []


class Compose(Strict):
    name: str
    services: dict[str, Service]
    volumes: dict[str, None]


@pytest.fixture(scope="module")
def compose() -> Compose:
    return Compose.model_validate(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


def mounts(compose: Compose) -> list[tuple[str, str]]:
    return [(volume.split(":")[0], volume.split(":")[1]) for one in compose.services.values() for volume in one.volumes]


def test_the_stack_is_gateway_broker_database_dashboards_and_metrics(compose: Compose) -> None:
    assert set(compose.services) == {"gateway", "mosquitto", "influxdb", "grafana", "prometheus"}


def test_every_mounted_file_is_here_or_the_operators(compose: Compose) -> None:
    sources = {source for source, _ in mounts(compose) if source.startswith(".")}

    missing = {source for source in sources if not (DEPLOY / source).exists()}

    assert missing <= WRITTEN_BY_THE_OPERATOR
    assert sources >= WRITTEN_BY_THE_OPERATOR


def test_every_volume_is_declared_and_used(compose: Compose) -> None:
    used = {source for source, _ in mounts(compose) if not source.startswith(".")}

    assert used == set(compose.volumes)


def test_every_variable_is_in_the_example_and_none_has_a_value_there(compose: Compose) -> None:
    asked = set(VARIABLE.findall((DEPLOY / "compose.yaml").read_text()))
    lines = [line for line in (DEPLOY / ".env.example").read_text().splitlines() if not line.startswith("#")]

    assert asked == {line.removesuffix("=") for line in lines}
    assert all(
        ":?" in value for one in compose.services.values() for value in one.environment.values() if "${" in value
    )


def test_only_the_broker_listens_beyond_loopback(compose: Compose) -> None:
    services = compose.services

    assert services["influxdb"].environment["INFLUXD_HTTP_BIND_ADDRESS"] == "127.0.0.1:8086"
    assert services["grafana"].environment["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    assert "--web.listen-address=127.0.0.1:9090" in services["prometheus"].command
    assert "allow_anonymous false" in (DEPLOY / "mosquitto" / "mosquitto.conf").read_text().splitlines()


def test_grafana_reads_the_database_that_is_set_up(compose: Compose) -> None:
    influxdb = compose.services["influxdb"].environment
    written: Any = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/lifeline.yaml").read_text())
    source, metrics = written["datasources"]

    assert source["url"] == f"http://{influxdb['INFLUXD_HTTP_BIND_ADDRESS']}"
    assert source["jsonData"]["organization"] == influxdb["DOCKER_INFLUXDB_INIT_ORG"]
    assert source["jsonData"]["defaultBucket"] == influxdb["DOCKER_INFLUXDB_INIT_BUCKET"]
    assert source["secureJsonData"]["token"] == "$INFLUXDB_TOKEN"  # noqa: S105 - the name of a variable
    assert metrics["url"] == "http://127.0.0.1:9090"


def test_grafana_finds_its_dashboard(compose: Compose) -> None:
    targets = {target: source for source, target in mounts(compose)}
    provider: Any = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/lifeline.yaml").read_text())
    folder = provider["providers"][0]["options"]["path"]
    home = Path(compose.services["grafana"].environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])

    assert str(home.parent) == folder
    assert (DEPLOY / targets[folder] / home.name).exists()


def test_the_image_is_made_of_what_is_here_and_runs_what_is_mounted(compose: Compose) -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    sources = [name for line in lines if re.match(r"COPY (?!--from)", line) for name in line.split()[1:-1]]
    allowed = [line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"]
    mounted = {target for _, target in mounts(compose)}
    command = next(line for line in lines if line.startswith("CMD"))

    assert all((ROOT / source).exists() for source in sources)
    assert sorted(sources) == sorted(allowed)
    assert "/etc/lifeline/site.yaml" in command
    assert "/var/lib/lifeline" in command
    assert {"/etc/lifeline/site.yaml", "/var/lib/lifeline"} <= mounted
