"""Every fault of a scenario file changes the bytes of a fleet as it says, and has its window of truth."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gateway.errors import ConfigError
from gateway.model import SECOND
from gateway.settings import check_site
from simulators.instruments import KINDS
from simulators.models.contract import Window
from simulators.reports import Report
from simulators.scenarios.loading import load_scenario
from simulators.scenarios.scenario import Stage

MINUTE = 60 * SECOND
TEXT = """scenario: faulty
start: "2025-06-16T08:00:00"
learn: 10 min
lasts: 6 h
district: DISTRICT
SAYS
expect:
  - want: sensor_silent on MH-1 within 30 min
"""
AIR = "{gas: 1, tunnel: 3}"
ASK = bytes.fromhex("0001 0000 0006 00 04 0000 0001")


class Played(NamedTuple):
    start_ns: int
    reports: list[Report]
    said: dict[int, tuple[bytes | None, float, bool]]
    """Minute → what the first air station says to a poll."""
    windows: list[Window]

    def of(self, device: str) -> list[Report]:
        """Return its reports, as they were measured, from the start on."""
        own = [one for one in self.reports if one.device == device and one.time_ns >= self.start_ns]
        return sorted(own, key=lambda one: one.time_ns)

    def shown(self, device: str, field: str = "ch4") -> dict[int, float]:
        """Return a field of its payloads by minute."""
        return {self.minute(one.time_ns): _payload(one)["data"][field] for one in self.of(device)}

    def minute(self, time_ns: int) -> int:
        """Return how many minutes since the start."""
        return (time_ns - self.start_ns) // MINUTE


def _payload(report: Report) -> Any:
    assert report.payload is not None
    return json.loads(report.payload)


@cache
def _play(says: str, seed: int = 1, district: str = "{gas: 2}", minutes: int = 360) -> Played:
    import tempfile  # noqa: PLC0415 - a cached function has no fixture

    with tempfile.TemporaryDirectory() as folder:
        path, own = Path(folder) / "faulty.yaml", Path(folder) / "site.yaml"
        path.write_text(TEXT.replace("SAYS", says).replace("DISTRICT", district) + f"seed: {seed}\n")
        scenario = load_scenario(path)
        own.write_text(scenario.site_text())
        site = check_site(own).site
        assert site is not None
        with Stage(scenario, site.inventory) as stage:
            asked = site.inventory.devices.get("air-1")
            frame = ASK[:6] + bytes([asked.unit or 1 if asked else 1]) + ASK[7:]
            reports: list[Report] = []
            said = {}
            for minute in range(0, minutes, 5):
                now_ns = scenario.start_ns + minute * MINUTE
                reports += stage.reports.until(now_ns)
                if asked:
                    said[minute] = tuple(stage.reports.reply("air-1", frame, now_ns))
            return Played(scenario.start_ns, reports, said, stage.windows)  # type: ignore[arg-type] # a tuple of three


def _with(kind: str, device: str, **more: object) -> Played:
    entry = {"at": "1 h", "kind": kind, "device": device, "lasts": "2 h", **more}
    says = f"instruments: [{json.dumps(entry)}]"
    return _play(says) if device.startswith("gas") else _play(says, district=AIR, minutes=200)


def _calm() -> Played:
    return _play("instruments: []")


def test_a_drift_moves_away_from_the_truth_evenly() -> None:
    shown, true = _with("drift", "gas-1", point="ch4", amount=20.0).shown("gas-1"), _calm().shown("gas-1")

    assert all(shown[minute] == true[minute] for minute in shown if minute < 60 or minute >= 180)
    assert shown[120] - true[120] == pytest.approx(10.0, abs=0.3)
    assert shown[178] - true[178] == pytest.approx(19.7, abs=0.3)


def test_a_stuck_instrument_repeats_itself() -> None:
    shown = _with("stuck", "gas-1").shown("gas-1")

    assert len({shown[minute] for minute in range(60, 180)}) == 1
    assert len({shown[minute] for minute in range(180, 300)}) > 10


def test_spikes_stand_out_now_and_then() -> None:
    shown, true = _with("spikes", "gas-1", point="ch4", amount=40.0).shown("gas-1"), _calm().shown("gas-1")

    out = [minute for minute in shown if shown[minute] - true[minute] > 39.0]
    assert 1 <= len(out) <= 20
    assert all(60 <= minute < 180 for minute in out)


def test_noise_roughens_what_is_shown() -> None:
    shown, true = _with("noise", "gas-1", point="temperature", amount=2.0), _calm()

    off = [shown.shown("gas-1", "temp")[minute] - true.shown("gas-1", "temp")[minute] for minute in range(60, 180)]
    assert 1.0 < sum(one**2 for one in off) / len(off) < 8.0


def test_a_calibration_shows_the_test_gas() -> None:
    shown = _with("calibration", "gas-1", point="ch4", amount=50.0).shown("gas-1")

    assert {shown[minute] for minute in range(60, 180)} == {50.0}
    assert shown[190] < 10.0


def test_a_clock_that_jumps_stands_in_the_payload_alone() -> None:
    played = _with("clock_jump", "gas-1", amount=-3600.0)

    off = {played.minute(one.time_ns): _payload(one)["ts"] - one.time_ns // 1_000_000 for one in played.of("gas-1")}
    assert {off[minute] for minute in range(60, 180)} == {-3_600_000}
    assert {off[minute] for minute in [*range(60), *range(180, 300)]} == {0}


@pytest.mark.parametrize("kind", ["dead", "dead_line"])
def test_a_dead_device_sends_nothing_and_remembers_nothing(kind: str) -> None:
    played = _with(kind, "gas-1")

    minutes = {played.minute(one.time_ns) for one in played.of("gas-1")}
    assert not minutes & set(range(60, 180))
    assert minutes >= {*range(60), *range(180, 300)}


def test_a_dropout_loses_its_share() -> None:
    played = _with("dropout", "gas-1", amount=0.5)

    assert 40 <= len([one for one in played.of("gas-1") if 60 <= played.minute(one.time_ns) < 180]) <= 80


@pytest.mark.parametrize("kind", ["offline", "half_open"])
def test_what_could_not_be_sent_comes_in_one_flood_with_its_old_times(kind: str) -> None:
    played = _with(kind, "gas-1")

    flood = [one for one in played.of("gas-1") if one.arrives_ns != one.time_ns]
    assert len(flood) == 120
    assert {one.arrives_ns for one in flood} == {played.start_ns + 180 * MINUTE}
    assert all(_payload(one)["ts"] == one.time_ns // 1_000_000 for one in flood)


@pytest.mark.parametrize("seconds", [900.0, 7200.0])
def test_a_node_that_saves_its_battery_reports_rarely(seconds: float) -> None:
    played = _with("saving", "gas-1", amount=seconds)

    gaps = [later.time_ns - earlier.time_ns for earlier, later in pairwise(played.of("gas-1"))]
    assert set(gaps) == {MINUTE, round(seconds) * SECOND}
    assert gaps.count(round(seconds) * SECOND) == 7200 // seconds


def test_a_slow_link_delays_every_message() -> None:
    played = _with("slow", "gas-1", amount=150.0)

    late = {played.minute(one.time_ns): one.arrives_ns - one.time_ns for one in played.of("gas-1")}
    assert {late[minute] for minute in range(60, 175)} == {150 * SECOND}
    assert {late[minute] for minute in range(60)} == {0}


def test_a_late_link_lets_newer_messages_pass_older_ones() -> None:
    played = _with("late", "gas-1", amount=90.0)

    arrived = [one.time_ns for one in played.reports if one.device == "gas-1"]
    assert arrived != sorted(arrived)
    assert 10 <= len([one for one in played.of("gas-1") if one.arrives_ns != one.time_ns]) <= 40


@pytest.mark.slow
def test_an_exception_is_all_that_a_unit_says() -> None:
    played = _with("exceptions", "air-1", amount=6.0)

    refused = {minute: said[0] for minute, said in played.said.items() if said[0] and said[0][7] & 0x80}
    assert set(refused) == set(range(60, 180, 5))
    assert {said[7:].hex() for said in refused.values() if said} == {"8406"}


@pytest.mark.slow
def test_a_slow_unit_replies_after_its_delay_and_a_late_one_now_and_then() -> None:
    slow, late = _with("slow", "air-1", amount=0.4), _with("late", "air-1", amount=3.0)

    assert {slow.said[minute][1] for minute in range(60, 180, 5)} == {0.4}
    assert {late.said[minute][1] for minute in range(60, 180, 5)} == {0.0, 3.0}
    assert {one.said[minute][1] for one in (slow, late) for minute in range(0, 60, 5)} == {0.0}


@pytest.mark.slow
def test_a_dead_line_hangs_up_and_a_half_open_one_says_nothing() -> None:
    cut, open_ = _with("dead_line", "air-2"), _with("half_open", "air-3")

    assert {cut.said[minute] for minute in range(60, 180, 5)} == {(None, 0.0, True)}
    assert {open_.said[minute] for minute in range(60, 180, 5)} == {(None, 0.0, False)}
    assert all(one.said[minute][0] for one in (cut, open_) for minute in range(0, 60, 5))
    assert {(one.kind, one.asset) for one in cut.windows} == {("dead_line", f"TN-{n}") for n in (1, 2, 3)}


AMOUNTS = {"dropout": 0.5, "saving": 900.0, "exceptions": 6.0}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_written_and_drawn_in_a_scenario_with_its_window(kind: str) -> None:
    device, asset = ("air-1", "TN-1") if kind == "exceptions" else ("gas-1", "MH-1")
    amount = {"amount": AMOUNTS.get(kind, 3.0)} if KINDS[kind][1] else {}

    entry = {"at": "1 h", "kind": kind, "device": device, "lasts": "2 h", **amount}
    rate = {"kind": kind, "per_device_year": 4000, "lasts": "10 min"}
    both = "{gas: 2, tunnel: 1}"
    written = _play(f"instruments: [{json.dumps(entry)}]", district=both, minutes=0)
    drawn = _play(f"drawn: [{json.dumps(rate)}]", district=both, minutes=0)

    (window,) = (one for one in written.windows if one.asset == asset)
    assert (window.kind, window.hazard) == (kind, KINDS[kind][0])
    assert (window.start_ns, window.end_ns) == (written.start_ns + 60 * MINUTE, written.start_ns + 180 * MINUTE)
    assert {(one.kind, one.hazard) for one in drawn.windows} == {(kind, KINDS[kind][0])}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_and_another_one_others() -> None:
    says = "drawn: [{kind: spikes, per_device_year: 3000}, {kind: late, per_device_year: 3000}]\n"
    says += "faults_per_device_year: 1000"

    first, other = _play(says), _play(says, seed=2)
    _play.cache_clear()
    again = _play(says)

    assert first == again
    assert first.windows
    assert first.reports != other.reports
    assert first.windows != other.windows


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("instruments: [{at: 1 h, kind: exceptions, device: gas-1, amount: 6}]", "cannot befall gas-1, which reports"),
        ("instruments: [{at: 1 h, kind: saving, device: air-1, amount: 900}]", "cannot befall air-1, which is asked"),
        ("instruments: [{at: 1 h, kind: exceptions, device: air-1, amount: 99}]", "a code from 1 to 11"),
        ("drawn: [{kind: sticky, per_device_year: 2}]", "'sticky' is no fault"),
        ("drawn: [{kind: stuck, per_device_year: 2, device: gas-9}]", "no device 'gas-9'"),
        ("drawn: [{kind: stuck, per_device_year: 2, device: gas-1, point: ch5}]", "has no point 'ch5'"),
        ("drawn: [{kind: dropout, per_device_year: 2, amount: 7}]", "a share below 1"),
    ],
)
def test_an_impossible_fault_is_named_with_its_line(says: str, told: str) -> None:
    with pytest.raises(ConfigError, match=rf"faulty.yaml:6:\d+: .*{told}"):
        _play(says, district=AIR)
