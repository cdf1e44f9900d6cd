"""What a scenario draws for the world: what breaks unscheduled, and the parameters of its physics."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.settings import Site, check_site
from simulators.scenarios.dataset import record
from simulators.scenarios.loading import load_scenario
from simulators.scenarios.scenario import Scenario, Stage

TEXT = """scenario: try
start: "2025-06-16T08:00:00"
learn: 10 min
lasts: 2 d
seed: {seed}
district: {{slope: 3, gas: 1}}
events_per_asset_year: {{{rates}}}
expect:
  - want: slope_failure on SL-1 within 30 min
"""


def _load(folder: Path, rates: str = "aborted_creep: 2000", seed: int = 1) -> Scenario:
    path = folder / "try.yaml"
    path.write_text(TEXT.format(rates=rates, seed=seed))
    return load_scenario(path)


def _site(scenario: Scenario, folder: Path) -> Site:
    path = folder / "site.yaml"
    path.write_text(scenario.site_text())
    site = check_site(path).site
    assert site is not None
    return site


def _windows(scenario: Scenario, folder: Path) -> list[tuple[int, str, str]]:
    with Stage(scenario, _site(scenario, folder).inventory) as stage:
        return [(window.start_ns, window.kind, window.asset) for window in stage.windows]


def test_what_breaks_unscheduled_is_in_the_truth_within_the_judged_time(tmp_path: Path) -> None:
    scenario = _load(tmp_path)

    windows = _windows(scenario, tmp_path)

    assert {asset for _, _, asset in windows} == {"SL-1", "SL-2", "SL-3"}
    assert {kind for _, kind, _ in windows} == {"aborted_creep"}
    assert all(scenario.start_ns <= start_ns < scenario.end_ns for start_ns, _, _ in windows)


def test_the_same_seed_breaks_the_same_and_another_seed_something_else(tmp_path: Path) -> None:
    first, again, other = (_windows(_load(tmp_path, seed=seed), tmp_path) for seed in (1, 1, 2))

    assert first == again != other


def test_a_usual_rate_breaks_nothing_in_two_days(tmp_path: Path) -> None:
    assert _windows(_load(tmp_path, "creep: null"), tmp_path) == []


@pytest.mark.parametrize(
    ("rates", "reason"),
    [
        ("aborted_crep: 1", "events_per_asset_year: 'aborted_crep' is never drawn"),
        ("burst: 2", r"events_per_asset_year\.burst: it befalls a pipe of water, and there is none here"),
    ],
)
def test_a_kind_that_cannot_be_drawn_is_refused_at_its_line(rates: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"try\.yaml:7:\d+: error: .*{reason}") as refused:
        _windows(_load(tmp_path, rates), tmp_path)

    assert len(refused.value.faults) == 1


@pytest.mark.slow
def test_a_recording_names_what_was_drawn_and_from_which_range(tmp_path: Path) -> None:
    scenario = _load(tmp_path)

    record(scenario, _site(scenario, tmp_path).inventory, tmp_path / "set")

    with (tmp_path / "set" / "parameters.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    alpha = next(row for row in rows if (row["asset"], row["name"]) == ("SL-2", "alpha"))
    assert {row["asset"] for row in rows} == {"SL-1", "SL-2", "SL-3", "MH-1", "G-1"}
    assert 1.7 <= float(alpha["low"]) <= float(alpha["value"]) <= float(alpha["high"]) <= 2.2
    assert "Voight" in alpha["source"]
    assert "`parameters.csv`" in (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
