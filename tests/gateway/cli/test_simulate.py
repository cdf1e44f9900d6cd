"""A fleet on real sockets with its truth, and a labelled data set of the same."""

from __future__ import annotations

import csv
import json
import lzma
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from gateway.cli import main
from gateway.settings import ModbusTcpSettings, MqttSettings, load_site

SCENARIO = """scenario: try
title: 试一试
start: "2025-06-16T08:00:00"
lasts: 2 h
district: {gas: 2, tunnel: 1}
happens:
  - {at: 5 min, kind: gas_leak, asset: G-1, amount: 0.5, lasts: 10 min}
instruments:
  - {at: 10 min, kind: offline, device: gas-2, lasts: 30 min}
  - {at: 10 min, kind: dead, device: air-1, lasts: 30 min}
expect:
  - want: gas_leak on MH-1 within 30 min
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "try.yaml"
    path.write_text(SCENARIO)
    return path


def _record(scenario: Path, folder: Path, *more: str) -> dict[str, bytes]:
    assert main(["simulate", str(scenario), "--record", str(folder), *more]) == 0
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def _rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(data.decode().splitlines()))


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(scenario: Path, tmp_path: Path) -> None:
    first, again = _record(scenario, tmp_path / "1"), _record(scenario, tmp_path / "2")
    other = _record(scenario, tmp_path / "3", "--seed", "7")

    assert first == again
    assert other["readings.csv.xz"] != first["readings.csv.xz"]
    assert other["truth.csv"] == first["truth.csv"]


def test_a_data_set_holds_readings_truth_and_its_site(scenario: Path, tmp_path: Path) -> None:
    files = _record(scenario, tmp_path / "set")

    readings = _rows(lzma.decompress(files["readings.csv.xz"]))
    truth = _rows(files["truth.csv"])
    site = load_site(tmp_path / "set" / "site.yaml")
    assert sorted(files) == ["README.md", "parameters.csv", "readings.csv.xz", "site.yaml", "truth.csv"]
    assert {row["channel"] for row in readings} == set(site.inventory.channels)
    assert [row["time"] for row in readings] == sorted(row["time"] for row in readings)
    assert [(row["kind"], row["hazard"]) for row in truth] == [
        ("gas_leak", "gas_leak"),
        ("offline", "sensor_silent"),
        ("dead", "sensor_silent"),
    ]
    assert truth[0]["start"] == "2025-06-16T00:05:00.000Z"
    assert truth[0]["end"] == "2025-06-16T00:15:00.000Z"


def test_what_was_offline_is_in_the_set_and_what_was_dead_is_not(scenario: Path, tmp_path: Path) -> None:
    readings = _rows(lzma.decompress(_record(scenario, tmp_path / "set")["readings.csv.xz"]))

    within = [row for row in readings if "2025-06-16T00:12" <= row["time"] < "2025-06-16T00:38"]
    assert any(row["channel"].startswith("MH-2.gas-2.") for row in within)
    assert not any(row["channel"].startswith("TN-1.air-1.") for row in within)


def test_the_truth_names_the_manhole_beside_a_leaking_main(scenario: Path, tmp_path: Path) -> None:
    truth = _rows(_record(scenario, tmp_path / "set")["truth.csv"])

    assert {row["asset"]: row["also"] for row in truth}["G-1"].split("|") == ["MH-1", "MH-2"]


def test_a_replay_of_a_data_set_warns(scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _record(scenario, tmp_path / "set")
    capsys.readouterr()

    code = main(
        ["replay", str(tmp_path / "set" / "readings.csv.xz"), "--site", str(tmp_path / "set" / "site.yaml"), "--json"]
    )

    assert code == 1
    assert json.loads(capsys.readouterr().out)["hazards"]["gas_leak"] == 1


def test_a_folder_with_files_is_not_written_into(
    scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["simulate", str(scenario), "--record", str(tmp_path)])

    assert code == 69
    assert "has files already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["try.yaml"]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_recording_that_is_broken_off_leaves_nothing_behind(
    *, is_there: bool, scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_share: float) -> None:
        raise KeyboardInterrupt

    folder = tmp_path / "set"
    if is_there:
        folder.mkdir()
    monkeypatch.setattr("gateway.cli.simulate._bar", lambda _name: interrupt)

    code = main(["simulate", str(scenario), "--record", str(folder)])

    assert code == 130
    assert folder.exists() == is_there
    assert list(folder.glob("*")) == []


def test_a_wrong_scenario_is_one_line_with_its_place(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario.write_text(SCENARIO.replace("asset: G-1", "asset: G-9"))

    code = main(["simulate", str(scenario), "--speed", "60", "--for", "1"])

    assert code == 78
    assert "try.yaml:7:40" in capsys.readouterr().err


@contextmanager
def _simulated(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], list[dict[str, Any]]]]:
    """Run `lifeline simulate --json` in a process of its own, until it has said that it begins."""
    temporary = folder / "temporary"
    temporary.mkdir()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "simulate", "--json", *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={"TMPDIR": str(temporary), "PATH": ""},
        )
    try:
        assert process.stdout is not None
        said: list[dict[str, Any]] = []
        for line in process.stdout:
            said.append(json.loads(line))
            if said[-1]["event"] == "begins":
                break
        assert said, (folder / "log").read_text()
        yield process, said
    finally:
        process.kill()
        process.communicate()


def _documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.slow
def test_it_says_where_it_listens_and_what_is_true_and_leaves_nothing(scenario: Path, tmp_path: Path) -> None:
    site_file = tmp_path / "site.yaml"
    with _simulated(tmp_path, str(scenario), "--speed", "300", "--for", "5", "--site-out", str(site_file)) as running:
        process, said = running
        children = psutil.Process(process.pid).children(recursive=True)
        site = load_site(site_file)
        rest, _ = process.communicate(timeout=60)

    listens = {one["collector"]: one["port"] for one in said if one["event"] == "listens"}
    broker, line = site.collectors["district"], site.collectors["line"]
    assert isinstance(broker, MqttSettings)
    assert isinstance(line, ModbusTcpSettings)
    assert listens == {"district": broker.port, "line": line.port}
    events = _documents(rest)
    assert [(one["event"], one["kind"]) for one in events[:4]] == [
        ("truth_begins", "gas_leak"),
        ("truth_begins", "offline"),
        ("truth_begins", "dead"),
        ("truth_ends", "gas_leak"),
    ]
    assert events[-1]["event"] == "ended"
    assert events[-1]["messages"] > 20
    assert process.returncode == 0
    assert children
    assert [child for child in children if child.is_running()] == []
    assert list((tmp_path / "temporary").iterdir()) == []
    for port in listens.values():
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.slow
def test_in_real_time_it_begins_now_and_ctrl_c_stops_it(scenario: Path, tmp_path: Path) -> None:
    with _simulated(tmp_path, str(scenario)) as (process, said):
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)

    assert said[-1]["speed"] == 1.0
    assert said[-1]["start"] > "2026"
    assert _documents(rest)[-1]["event"] == "ended"
    assert process.returncode == 0
    assert list((tmp_path / "temporary").iterdir()) == []
