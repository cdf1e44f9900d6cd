"""`lifeline history`: the past of one channel, from this box and from InfluxDB."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.health import Health
from gateway.history import History
from gateway.journal import Entry
from gateway.model import SECOND, Batch, Instant, batch_of
from gateway.settings import HistorySettings, InfluxdbSettings, load_site
from gateway.sinks.influxdb import InfluxdbSink
from gateway.sinks.series import series_of
from simulators.servers.influxdb_stand_in import InfluxdbStandIn

CHANNEL = "MH-1.gas-1.ch4"
START = 1_782_864_000 * SECOND
"""2026-07-01T00:00:00Z, eight in the morning in Shanghai."""
SITE = """
site: {{id: demo, timezone: Asia/Shanghai}}
collectors:
  up: {{kind: mqtt, host: 127.0.0.1, topics: ["a/{{device}}/up"]}}
devices:
  gas-1: {{profile: gas/manhole_methane, collector: up, asset: MH-1}}
assets:
  MH-1: {{kind: manhole, lifeline: gas}}
stores:
  influxdb: {{url: "{url}", org: city, bucket: lifeline, token_env: HISTORY_TEST_TOKEN}}
"""
SPAN = ["--since", "2026-07-01T00:00:00Z", "--until", "2026-07-01T08:10"]


def readings(number: int) -> Batch:
    rows = [(number, START + at * SECOND, float(at), 1, 0) for at in range(60)]
    rows[30] = (number, START + 30 * SECOND, float("nan"), 9, 64)
    return batch_of(rows, Instant(START, 0, "b"))


@pytest.fixture
def influxdb(monkeypatch: pytest.MonkeyPatch) -> Iterator[InfluxdbStandIn]:
    with InfluxdbStandIn() as server:
        monkeypatch.setenv("HISTORY_TEST_TOKEN", server.token)
        yield server


@pytest.fixture
def site(tmp_path: Path, influxdb: InfluxdbStandIn) -> Path:
    """Return a site file beside a state folder with a minute of readings, the same minute being in InfluxDB."""
    path = tmp_path / "site.yaml"
    path.write_text(SITE.format(url=influxdb.url), encoding="utf-8")
    history = History.open(tmp_path / "state" / "history", settings=HistorySettings(), health=Health())
    history.remember_channels({CHANNEL: 7})
    history.apply([Entry(1, readings(7), START)])
    history.close()
    known = load_site(path).inventory
    quantity = known.channels[CHANNEL].quantity
    settings = InfluxdbSettings(influxdb.url, "city", "lifeline", influxdb.token)
    sink = InfluxdbSink(settings, series_of([(0, CHANNEL, quantity)], known))
    sink.write(readings(0))
    sink.close()
    return path


@pytest.mark.parametrize("source", ["embedded", "influxdb"])
def test_both_sources_print_the_same(site: Path, source: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", str(site), CHANNEL, "--from", source, *SPAN]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["2026-07-01", "08:00:00.000", "0", "good", "0"]
    assert lines[30].split() == ["2026-07-01", "08:00:30.000", "missing", "64"]
    assert lines[60].startswith("60 readings")


@pytest.mark.parametrize("source", ["embedded", "influxdb"])
def test_buckets_are_for_programs_too(site: Path, source: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--since", "2026-07-01T00:00:00Z", "--until", "2026-07-01T00:01:30Z", "--buckets", "3", "--json"]

    assert main(["history", str(site), CHANNEL, "--from", source, *asked]) == 0

    printed = json.loads(capsys.readouterr().out)
    assert (printed["channel"], printed["source"]) == (CHANNEL, source)
    assert [(one["low"], one["high"], one["last"], one["readings"]) for one in printed["buckets"]] == [
        (0.0, 29.0, 29.0, 30),
        (31.0, 59.0, 59.0, 30),
        (None, None, None, 0),
    ]


def test_csv_is_csv(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", str(site), CHANNEL, "--csv", *SPAN]) == 0

    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows[0] == ["time", "value", "quality", "flags"]
    assert rows[1] == ["2026-07-01T00:00:00.000Z", "0.0", "good", "0"]
    assert rows[31] == ["2026-07-01T00:00:30.000Z", "", "missing", "64"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["MH-1.gas-1.ch5"], "did you mean 'MH-1.gas-1.ch4'?"),
        ([CHANNEL, "--since", "yesterday"], "'yesterday' is no time"),
        ([CHANNEL, "--since", "1h", "--until", "2h"], "ends before it begins"),
        (['MH-1") |> drop()', "--from", "influxdb"], "there is no channel"),
    ],
    ids=["channel", "time", "backwards", "injection"],
)
def test_what_cannot_be_asked_is_explained(
    site: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", str(site), *arguments]) == 78

    assert said in capsys.readouterr().err


def test_a_box_without_a_history_says_which_folder(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", str(site), CHANNEL, "--state", str(tmp_path / "elsewhere")]) == 69

    assert "name the gateway's state folder with --state" in capsys.readouterr().err


def test_an_influxdb_that_is_away_is_unavailable(
    site: Path, influxdb: InfluxdbStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    influxdb.stop()

    assert main(["history", str(site), CHANNEL, "--from", "influxdb"]) == 69

    assert "cannot be reached" in capsys.readouterr().err
