"""Rehearsals on a site and on networks of one's own, as an integrator runs them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gateway.cli import main

MOIST = """id: drainage/moist
title: made up
lifeline: drainage
protocol: cbor
source: made up
points: {wet: {quantity: water_level, unit: m, path: wet, span: [0, 10]}}
frames: [{source: made up, reply: a1 63 77 65 74 01, values: {wet: 1}}]
"""
OWN = Path(__file__).parents[2] / "simulators" / "scenarios" / "own"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return Path(shutil.copytree(OWN, tmp_path / "own"))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def _changed(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["own_site", "own_network"])
def test_a_place_of_ones_own_goes_green_and_leaves_nothing(
    name: str, own: Path, temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in own.iterdir())

    code = main(["rehearse", "--json", str(own / f"{name}.yaml")])

    said = json.loads(capsys.readouterr().out)
    assert code == 0
    assert all(one["met"] for one in said["expectations"])
    assert list(temporary.iterdir()) == []
    assert sorted(path.name for path in own.iterdir()) == before


@pytest.mark.slow
def test_a_device_that_nobody_simulates_is_left_out_and_named(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (own / "moist.yaml").write_text(MOIST)
    _changed(
        own / "site.yaml", "  span-1:", "  moist-1: {profile: ./moist.yaml, collector: city, asset: MH-B}\n  span-1:"
    )

    code = main(["rehearse", "--json", str(own / "own_site.yaml")])

    assert code == 0
    assert "own_site goes without moist-1 (cbor, drainage/moist): a rehearsal carries" in capsys.readouterr().err


@pytest.mark.slow
def test_a_deaf_ladder_of_ones_own_goes_red(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _changed(own / "site.yaml", "{yellow: 20, orange: 50, red: 100}", "{yellow: 20000, orange: 50000, red: 100000}")
    scenario = own / "own_site.yaml"

    code = main(["rehearse", "--json", str(scenario)])

    met = {one["want"]: one["met"] for one in json.loads(capsys.readouterr().out)["expectations"]}
    assert code == 1
    assert not met["gas_leak on MH-A within 40 min"]
    assert met["pressure_abnormal on N-2 within 10 min"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("PIPE8  J13    J23   120", "PIPE8  J13    J23   long"), "zone.inp:22:1: error: EPANET error 202"),
        (("Units    LPS", "Units    BUCKETS"), "zone.inp:31:1: error: EPANET error 213"),
    ],
)
def test_a_broken_network_is_a_line_with_its_place(
    change: tuple[str, str], said: str, own: Path, temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _changed(own / "zone.inp", *change)

    code = main(["rehearse", str(own / "own_site.yaml")])

    errors = [line for line in capsys.readouterr().err.splitlines() if ": error: " in line]
    assert code == 78
    assert len(errors) == 1
    assert said in errors[0]
    assert list(temporary.iterdir()) == []


def test_physics_that_give_up_in_the_middle_are_a_red_run_with_a_line(
    own: Path, tmp_path: Path, temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _changed(own / "zone.inp", "DAY 0.45 0.38 0.35 0.34 0.40 0.62 1.10 1.62 1.55", "DAY 1 1 1 1 1 1 1 1 90")
    _changed(own / "zone.inp", "Headloss H-W", "Headloss H-W\nTrials 5\nUnbalanced STOP")
    junit = tmp_path / "junit.xml"

    code = main(["rehearse", "--json", "--junit", str(junit), str(own / "own_site.yaml")])

    out, err = capsys.readouterr()
    failure = ET.parse(junit).getroot().find(".//failure")  # noqa: S314 - our own file
    assert code == 1
    assert "zone.inp: EPANET could not go on at 2025-06-16T01:00:00.000Z" in err
    assert len([line for line in err.splitlines() if line.startswith("lifeline:")]) == 1
    assert json.loads(out)["passed"] is False
    assert failure is not None
    assert "Unbalanced STOP" in failure.attrib["message"]
    assert list(temporary.iterdir()) == []


def test_a_site_with_faults_of_its_own_is_told_by_its_own_lines(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _changed(own / "site.yaml", "deadband: 2", "deadbnd: 2")

    code = main(["rehearse", str(own / "own_site.yaml")])

    assert code == 78
    assert "own/site.yaml:34:5: error: ladders.manhole_gas: unknown key 'deadbnd'" in capsys.readouterr().err


def test_a_data_set_of_ones_own_is_recorded_with_a_site_that_can_be_read(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["simulate", str(own / "own_site.yaml"), "--record", str(tmp_path / "set")])

    capsys.readouterr()
    assert code == 0
    assert main(["check", str(tmp_path / "set" / "site.yaml")]) == 0
    assert "place site.yaml, zone.inp" in (tmp_path / "set" / "README.md").read_text()


@pytest.mark.slow
def test_a_job_that_is_cancelled_leaves_nothing(own: Path, tmp_path: Path) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    _changed(own / "own_site.yaml", "lasts: 2 h", "lasts: 300 d")
    command = [sys.executable, "-m", "gateway.cli", "rehearse", str(own / "own_site.yaml")]
    with subprocess.Popen(command, env={**os.environ, "TMPDIR": str(folder)}, stderr=subprocess.DEVNULL) as process:
        while not list(folder.glob("lifeline-epanet-*")):
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
            assert process.returncode is None
        process.terminate()
        code = process.wait(30)

    assert code == 128 + signal.SIGTERM
    assert list(folder.iterdir()) == []
