"""The duty log in words."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.cli.duty_log import late_log
from tests.gateway.detection.scene import GAS, Row, Watch, channel, journal, site

CH4 = "MH-1.gas.ch4"


def test_what_was_learned_late_says_when_it_would_have_warned(tmp_path: Path) -> None:
    watch = Watch(tmp_path, site(channel(CH4, GAS)))
    watch.detection.apply(journal(watch.batch(3_600, *(Row(second, CH4, 30.0) for second in range(0, 100, 10)))))

    (line,) = late_log(watch.findings, watch.inventory, ZoneInfo("UTC"))

    assert line.startswith("would have warned at 2023-11-14 22:13:20  learned at 2023-11-14 23:13:20  gas_leak  MH-1")
