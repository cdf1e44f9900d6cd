"""A rehearsal in real time, through a real broker and real lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.cli import main
from simulators.scenarios.loading import load_scenario

SCENARIO = """scenario: try
start: "2025-06-16T08:00:00"
learn: 20 min
lasts: 15 s
district: {bridge: 1, tunnel: 1}
report_seconds: {span-1: 1}
happens:
  - {at: 4 s, kind: settlement, asset: BR-1-S1, amount: 2000, lasts: 2 s}
expect:
  - want: scour_or_settlement on BR-1-S1 within 9 s
  - want: no air_hazard on TN-1
"""


@pytest.mark.slow
def test_a_gateway_in_service_is_judged_and_nothing_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario, site = tmp_path / "try.yaml", tmp_path / "site.yaml"
    scenario.write_text(SCENARIO)
    text = load_scenario(scenario).site_text()
    site.write_text(text.replace("on_seconds: 300", "on_seconds: 1").replace("poll_seconds: 60.0", "poll_seconds: 1"))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))

    code = main(["rehearse", "--real", "--json", str(scenario), "--site", str(site)])

    (document,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 0, document
    assert document["passed"] is True
    assert document["counted"]["messages"] >= 10
    assert document["counted"]["polls"] >= 5
    assert 0 < document["delays_seconds"]["scour_or_settlement on BR-1-S1"] < 9
    assert list(temporary.iterdir()) == []
