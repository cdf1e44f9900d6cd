"""Findings about sensors: out of range, broken by their own word, jumping, and with a wrong clock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.detection import Detection
from gateway.early_warning import Finding
from gateway.health import Health
from gateway.inventory import Channel, Device, Inventory
from gateway.journal import Entry
from gateway.model import SECOND, Batch, Flag, Instant, Quality, Tick, batch_of
from gateway.profiles import read_profile
from tests.gateway.detection.scene import GAS, START, channel

CH4 = "MH-1.gas-1.ch4"
HOUR = 3_600


class Watch:
    """Detection of one device, fed second by second."""

    def __init__(self, folder: Path, one: Channel, device: Device | None = None) -> None:
        self.findings: list[Finding] = []
        device = device or Device("gas-1", read_profile("gas/manhole_methane"), "broker", "MH-1")
        inventory = Inventory("site", "", "UTC", {}, {device.id: device}, {one.id: one})
        self.detection = Detection.open(
            folder,
            inventory=inventory,
            numbers={one.id: 1},
            record_findings=self.findings.extend,
            health=Health(),
        )
        self._position = 0

    def tick(self, second: float) -> None:
        now_ns = START + round(second * SECOND)
        self._apply(Tick(now_ns), now_ns)

    def read(self, second: float, value: float, quality: int = 1, flags: int = 0, *, ahead: float = 0.0) -> None:
        now_ns = START + round(second * SECOND)
        row = (1, now_ns + round(ahead * SECOND), value, quality, flags)
        self._apply(batch_of([row], Instant(now_ns, now_ns, "boot")), now_ns)

    def _apply(self, record: Batch | Tick, now_ns: int) -> None:
        self._position += 1
        self.detection.apply([Entry(self._position, record, now_ns)])

    def live(self, hazard: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.hazard == hazard and not finding.is_late]


@pytest.fixture
def gas() -> Channel:
    return replace(channel(CH4, GAS), span=(0.0, 100.0))


def test_a_saturated_gas_sensor_raises_the_red_warning(tmp_path: Path, gas: Channel) -> None:
    watch = Watch(tmp_path, gas)

    for second in range(0, 60, 10):
        watch.read(second, 100.0, Quality.SUSPECT, Flag.CLAMPED)
        watch.tick(second)

    assert max(finding.level for finding in watch.live("gas_leak")).name == "RED"


@pytest.mark.parametrize("flags", [Flag.CLAMPED | Flag.AFTER_TIMEOUT, Flag.CLAMPED | Flag.MAINTENANCE])
def test_what_is_doubtful_for_another_reason_too_raises_no_gas_warning(
    tmp_path: Path, gas: Channel, flags: Flag
) -> None:
    watch = Watch(tmp_path, gas)

    for second in range(0, 120, 10):
        watch.read(second, 100.0, Quality.SUSPECT, flags)
        watch.tick(second)

    assert watch.live("gas_leak") == []


def test_a_sensor_under_maintenance_is_neither_silent_nor_broken(tmp_path: Path, gas: Channel) -> None:
    watch = Watch(tmp_path, gas)

    for second in range(0, 600, 10):
        watch.read(second, 60.0, Quality.SUSPECT, Flag.MAINTENANCE)
        watch.tick(second)

    assert watch.findings == []


def test_a_channel_out_of_range_is_called_that_and_not_silent(tmp_path: Path, gas: Channel) -> None:
    watch = Watch(tmp_path, gas)

    for second in range(0, 300, 10):
        watch.read(second, 400.0, Quality.FAIL)
        watch.tick(second)
    watch.read(300, 1.0)

    first, last = watch.findings
    assert (first.hazard, first.evidence.rule, first.evidence.value) == ("sensor_fault", "gross_range", 400.0)
    assert "out of range, every value was outside 0 to 100" in first.evidence.basis
    assert (last.id, last.level.name) == (first.id, "NONE")


def test_a_single_value_out_of_range_is_no_finding(tmp_path: Path, gas: Channel) -> None:
    watch = Watch(tmp_path, gas)

    for second in range(0, 600, 10):
        watch.read(second, *((400.0, int(Quality.FAIL)) if second % 50 == 0 else (1.0, int(Quality.GOOD))))

    assert watch.findings == []


def test_a_device_that_calls_itself_broken_is_a_sensor_fault(tmp_path: Path, gas: Channel) -> None:
    watch = Watch(tmp_path, gas)

    for second in range(0, 60, 10):
        watch.read(second, 50.0, Quality.FAIL)
        watch.tick(second)

    assert [finding.evidence.rule for finding in watch.findings] == ["device_status"]


def test_missing_values_alone_are_silence(tmp_path: Path, gas: Channel) -> None:
    watch = Watch(tmp_path, gas)

    for second in range(0, 120, 10):
        watch.read(second, float("nan"), Quality.MISSING)
        watch.tick(second)

    assert {finding.hazard for finding in watch.findings} == {"sensor_silent"}


@pytest.mark.parametrize(
    ("limits", "values", "rule"),
    [
        ({"spike_limit": 5.0}, [1, 1, 9, 1, 1, 9, 1, 1, 9, 1], "spike"),
        ({"rate_limit": 30.0}, [1, 1, 9, 9, 9, 1, 1, 9, 9, 9], "rate_of_change"),
    ],
)
def test_a_channel_that_jumps_about_is_a_sensor_fault(
    tmp_path: Path, gas: Channel, limits: dict[str, float], values: list[float], rule: str
) -> None:
    watch = Watch(tmp_path, replace(gas, **limits))  # type: ignore[arg-type]  # fields by name

    for number, value in enumerate(values):
        watch.read(10 * number, value)

    (found,) = watch.findings
    assert (found.hazard, found.evidence.rule, found.level.name) == ("sensor_fault", rule, "BLUE")


def test_one_step_is_neither_a_spike_nor_too_many_jumps(tmp_path: Path, gas: Channel) -> None:
    watch = Watch(tmp_path, replace(gas, spike_limit=5.0, rate_limit=30.0))

    for number in range(100):
        watch.read(10 * number, 1.0 if number < 50 else 15.0)

    assert watch.findings == []


def test_a_clock_that_is_an_hour_ahead_is_a_fault_that_says_by_how_much(tmp_path: Path, gas: Channel) -> None:
    watch = Watch(tmp_path, gas)

    for second in range(0, 400, 10):
        watch.read(second, 1.0, ahead=HOUR)
        watch.tick(second)

    (found,) = watch.findings
    assert (found.evidence.rule, found.evidence.value) == ("clock", None)
    assert "clock wrong by +3600 s" in found.evidence.basis


def test_a_clock_that_jumps_ahead_and_back_leaves_the_channel_watched(tmp_path: Path, gas: Channel) -> None:
    watch = Watch(tmp_path, gas)

    for second in range(0, 1_200, 10):
        watch.read(second, 60.0 if second >= 800 else 1.0, ahead=HOUR if 200 <= second < 600 else 0.0)
        watch.tick(second)

    assert [finding.level.name for finding in watch.live("gas_leak")] == ["ORANGE"]
    assert watch.live("sensor_silent") == []
    clock = [finding for finding in watch.live("sensor_fault") if finding.evidence.rule == "clock"]
    assert [finding.level.name for finding in clock] == ["BLUE", "NONE"]


def test_gas_is_warned_of_while_the_clock_is_ahead(tmp_path: Path, gas: Channel) -> None:
    watch = Watch(tmp_path, gas)

    for second in range(0, 100, 10):
        watch.read(second, 60.0, ahead=HOUR)
        watch.tick(second)

    assert watch.live("gas_leak")


def test_a_backfill_is_no_wrong_clock(tmp_path: Path, gas: Channel) -> None:
    watch = Watch(tmp_path, gas)

    for second in range(0, 600, 10):
        watch.read(second, 1.0, ahead=-2 * HOUR + 9 * second)
        watch.tick(second)

    assert [finding for finding in watch.findings if finding.evidence.rule == "clock"] == []


def test_a_known_latency_is_no_wrong_clock(tmp_path: Path, gas: Channel) -> None:
    profile = read_profile("gas/manhole_methane")
    device = Device("gas-1", profile, "broker", "MH-1", latency_seconds=300.0)
    watch = Watch(tmp_path, gas, device)

    for second in range(0, 600, 10):
        watch.read(second, 1.0, ahead=-300.0)
        watch.tick(second)

    assert [finding for finding in watch.findings if finding.evidence.rule == "clock"] == []
