from __future__ import annotations

from pathlib import Path

from gateway.model import SECOND
from simulators.scenarios.loading import load_scenario
from simulators.scenarios.moving import moved

TEXT = """scenario: try
start: "2025-06-16T08:00:00"
learn: 2 d
lasts: 6 h
district: {gas: 1}
weather: {storms: [{at: 1 h, mm: 20}]}
happens:
  - {at: 2 h, kind: gas_leak, asset: G-1, amount: 0.5, lasts: 1 h}
instruments:
  - {at: 3 h, kind: stuck, device: gas-1}
expect:
  - want: gas_leak on MH-1 within 30 min
"""
NOW = 1_800_000_000 * SECOND
HOUR = 3600 * SECOND


def test_everything_moves_alike_and_the_time_before_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "try.yaml"
    path.write_text(TEXT)

    there = moved(load_scenario(path), NOW, run_in_seconds=600.0)

    assert (there.learn_ns, there.start_ns, there.end_ns) == (NOW - 600 * SECOND, NOW, NOW + 6 * HOUR)
    assert there.storms[0].start_ns == NOW + HOUR
    assert (there.events[0].time_ns, there.events[0].seconds) == (NOW + 2 * HOUR, 3600.0)
    assert there.faults[0].time_ns == NOW + 3 * HOUR


def test_it_learns_as_long_as_before_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "try.yaml"
    path.write_text(TEXT)

    there = moved(load_scenario(path), NOW)

    assert there.start_ns - there.learn_ns == 48 * HOUR
