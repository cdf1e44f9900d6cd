from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gateway.cli import main

SCENARIO = """scenario: try
start: "2025-06-16T08:00:00"
lasts: 2 h
district: {gas: 2, tunnel: 1}
happens:
  - {at: 20 min, kind: gas_leak, asset: G-1, amount: 0.5}
expect:
  - want: gas_leak on MH-1 within 30 min
  - want: no air_hazard on TN-1
  - want: at most 0 false warnings a day
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "try.yaml"
    path.write_text(SCENARIO)
    return path


def _rehearse(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, object]]]:
    code = main(["rehearse", "--json", *arguments])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_gateway_that_warns_in_time_passes(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, (document,) = _rehearse(capsys, str(scenario))

    assert code == 0
    assert document["passed"] is True
    assert [one["asset"] for one in document["warnings"]] == ["MH-1"]  # type: ignore[attr-defined]


def test_every_reading_that_was_sent_is_in_history(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, (document,) = _rehearse(capsys, str(scenario))

    counted = document["counted"]
    assert isinstance(counted, dict)
    assert counted["messages"] == 2 * 120
    assert counted["polls"] == 240
    assert counted["readings"] == counted["kept"] == 2 * 120 * 5 + 240 * 5


def test_a_deaf_gateway_goes_red(scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from simulators.scenarios.loading import load_scenario  # noqa: PLC0415 - only here

    site = tmp_path / "deaf.yaml"
    text = load_scenario(scenario).site_text()
    for limit in ("yellow: 20", "orange: 50", "red: 100"):
        assert limit in text
        text = text.replace(limit, f"{limit}000")
    site.write_text(text)

    code, (document,) = _rehearse(capsys, str(scenario), "--site", str(site))

    assert code == 1
    assert document["passed"] is False
    assert document["warnings"] == []


def test_the_same_seed_gives_the_same_warnings(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, (first,) = _rehearse(capsys, str(scenario))
    _, (again,) = _rehearse(capsys, str(scenario))

    for key in ("warnings", "truth", "counted", "delays_seconds"):
        assert first[key] == again[key]


def test_junit_names_each_expectation(scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    junit = tmp_path / "junit.xml"

    _rehearse(capsys, str(scenario), "--junit", str(junit))

    (suite,) = ET.parse(junit).getroot()  # noqa: S314 - our own file
    assert suite.attrib["failures"] == "0"
    assert next(iter(suite)).attrib["name"] == "gas_leak on MH-1 within 30 min"


def test_a_report_asks_no_server_for_anything(
    scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.html"

    _rehearse(capsys, str(scenario), "--html", str(report))

    page = report.read_text()
    assert "gas_leak on MH-1 within 30 min" in page
    assert "<script src=" not in page
    assert "<link" not in page


def test_a_wrong_scenario_is_one_line_with_its_place(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario.write_text(SCENARIO.replace("asset: G-1", "asset: G-9"))

    code = main(["rehearse", str(scenario)])

    error = capsys.readouterr().err
    assert code == 78
    assert "try.yaml:6:41" in error
    assert "no asset 'G-9' here (did you mean 'G-1'?)" in error


def test_nothing_is_left_behind(scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))

    main(["rehearse", "--json", str(scenario)])

    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("option", ["--junit", "--html"])
def test_a_report_that_cannot_be_written_is_told_before_anything_is_played(
    option: str, scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "nowhere" / "report"

    code = main(["rehearse", str(scenario), option, str(path)])

    said = capsys.readouterr()
    assert (code, said.out) == (69, "")
    assert said.err == f"lifeline: {path}: the report cannot be written: its folder is not there\n"


def test_what_was_judged_before_a_scenario_that_cannot_be_played_is_reported(
    scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    impossible = tmp_path / "impossible.yaml"
    impossible.write_text(SCENARIO.replace("kind: gas_leak", "kind: burst"))
    junit = tmp_path / "junit.xml"

    code = main(["rehearse", str(scenario), str(impossible), "--junit", str(junit)])

    said = capsys.readouterr()
    assert code == 78
    assert f"{impossible}:6:5: error: happens.0: 'burst' cannot happen here" in said.err
    assert "rehearsals: 1 passed, 0 failed" in said.out
    assert [one.get("name") for one in ET.parse(junit).getroot()] == ["try"]  # noqa: S314 - it is our own


def test_a_scenario_that_is_not_there_is_told_with_what_may_be_meant(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["rehearse", "night_brust"])

    said = capsys.readouterr().err
    assert code == 78
    assert said.startswith("night_brust:1:1: error: there is no such file, and no shipped scenario of this name")
    assert "did you mean 'night_burst'?" in said


def test_a_district_that_no_site_can_hold_is_told_by_the_line_of_the_scenario(
    scenario: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario.write_text(SCENARIO.replace("tunnel: 1", "tunnel: 300"))

    code = main(["rehearse", str(scenario)])

    said = capsys.readouterr().err.splitlines()
    assert code == 78
    assert said[0].startswith(f"{scenario}:4:11: error: district: it is too large for one site: devices.air-")
    assert sum(": error: " in line for line in said) == 1
