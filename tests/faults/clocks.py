"""Scenarios of time: a clock that jumps, a box that boots in 1970, and a day that passes in a minute."""

from __future__ import annotations

import time
from itertools import pairwise
from statistics import median

from tests.faults.score import Score, Setting
from tests.faults.stage import Plan, Stage
from tests.faults.victim import set_clock

_HOUR, _DAY = 3_600.0, 86_400.0
_SLACK_SECONDS = 2.0
_MB_A_DAY = 1.0
_WARM_UP_DAYS = 2


def clock_jumps(setting: Setting) -> Score:
    """The box's clock jumps back an hour, on a day, and boots in 1970: every reading keeps its true time."""
    stay = setting.pick(5, 60)
    clock = setting.folder / "clock"
    set_clock(clock, 0)
    launcher = ("-m", "tests.faults.victim", "--clock", str(clock), "--")
    plan = Plan(broker="nats", units=2, poll_seconds=0.5, launcher=launcher)
    with Stage("clock_jumps", setting, plan) as stage:
        stage.start()
        stage.publisher.start()
        stage.let_run(3)
        for jump in (-_HOUR, _DAY):
            set_clock(clock, jump)
            stage.let_run(stay)
            set_clock(clock, 0)
            stage.let_run(stay)
        stage.stop()
        # A box without a clock of its own begins in 1970 until the network tells the time.
        set_clock(clock, -time.time(), boot="without-a-clock")
        stage.start()
        reason = stage.says("clock")
        stage.let_run(stay)
        set_clock(clock, 0, boot="without-a-clock")
        recovery = stage.recovered()
        stage.let_run(stay)
        stage.notes.append(
            f"-1 h, +1 day, a boot in 1970, {stay:g} s each; times within {_SLACK_SECONDS:g} s; /readyz said: {reason}"
        )
        return stage.score(recovery, slack_seconds=_SLACK_SECONDS)


def soak(setting: Setting) -> Score:
    """A day passes quickly, after two that warm up: memory does not grow over its last twelve hours.

    What is kept in memory is bounded by commits and rows, not by hours; of those a quick day has fewer than a true one.
    """
    wall = setting.pick(45, 1_800)
    speed = _DAY / wall
    stations, report_s = 40, 60.0
    clock = setting.folder / "clock"
    set_clock(clock, 0, speed=speed)
    plan = Plan(
        broker="nats",
        devices=stations,
        rounds_per_second=0,
        device={"report_seconds": report_s},
        stores={"journal": {"flush_seconds": 0.01}},
        # Half an hour is a second here: what waits for a busy core is not late.
        channels={f"MH-{i}.gas-{i}.ch4": {"fresh_seconds": 4 * _HOUR} for i in range(stations)},
        launcher=("-m", "tests.faults.victim", "--clock", str(clock), "--"),
    )
    with Stage("soak", setting, plan) as stage:
        stage.start()
        publisher = stage.add_publisher(
            devices=stations,
            rounds_per_second=speed / report_s,
            period_ms=round(report_s * 1_000),
            start_ms=time.time_ns() // 1_000_000,
        )
        publisher.start()
        stage.let_run(_WARM_UP_DAYS * wall)
        # A warm-up is over when its rows are in, not when its time is.
        stage.recovered()
        hours: list[float] = []
        began = time.monotonic()
        while (passed := time.monotonic() - began) < wall:
            hour = int(passed / wall * 24)
            if hour >= len(hours):
                hours.append(0.0)
            hours[hour] = max(hours[hour], stage.gateway.usage().memory_info().rss / 1024 / 1024)
            stage.let_run(wall / 24 / 10)
        growth = (median(hours[21:24]) - median(hours[12:15])) / 9 * 24
        stage.expect(f"memory grows <= 1 MB a day, grew {growth:.2f} MB", holds=growth <= _MB_A_DAY)
        steps = sum(later > earlier for earlier, later in pairwise(hours[12:]))
        stage.notes.append(
            f"24 h in {wall:g} s after {_WARM_UP_DAYS} days of the same, {stations} channels every {report_s:g} s;"
            f" RSS {hours[1]:.1f} MB at 1 h,"
            f" {hours[12]:.1f} MB at 12 h, {hours[-1]:.1f} MB at 24 h, {growth:+.2f} MB a day over the last 12 h"
            f" ({steps} of 11 hours higher than the one before)"
        )
        # Nothing failed, so that there is nothing to recover from.
        return stage.score(0.0)
