"""Scenarios of processes that die: the gateway, the broker, the database."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from tests.faults.score import Score, Setting
from tests.faults.stage import Plan, Stage
from tests.faults.twins import LADDERS, REORDER_SECONDS, Twin, warnings_of

_DEVICES = 10


def kill_gateway(setting: Setting) -> Score:
    """Killed with -9 again and again beside a twin that is not: the same readings and the same warnings.

    Behind nats-server and behind mosquitto, at the same time: they redeliver in ways of their own.
    """
    with ThreadPoolExecutor(2) as both:
        running = [
            both.submit(_kill_behind, broker, replace(setting, folder=setting.folder / broker))
            for broker in ("nats", "mosquitto")
        ]
        first, second = (each.result() for each in running)
    return replace(
        first.plus(second),
        recovery_s=max(first.recovery_s, second.recovery_s),
        peak_rss_mb=max(first.peak_rss_mb, second.peak_rss_mb),
        seconds=max(first.seconds, second.seconds),
    )


def _kill_behind(broker: str, setting: Setting) -> Score:
    setting.folder.mkdir()
    chance = random.Random(30)
    rest = setting.pick(1, 10)
    plan = Plan(
        broker=broker,
        devices=_DEVICES,
        rounds_per_second=20,
        has_database=True,
        ladders=LADDERS,
        # A broker that redelivers after its own time-out mixes the order; the detectors wait for it.
        channels={f"MH-{i}.gas-{i}.ch4": {"reorder_seconds": REORDER_SECONDS} for i in range(_DEVICES)},
    )
    with Stage("kill_gateway", setting, plan) as stage, Twin(stage) as twin:
        stage.start()
        twin.start()
        stage.publisher.start()
        kills = 0
        wanted, end = setting.pick(15, 60), time.monotonic() + setting.pick(30, 600)
        while kills < wanted or time.monotonic() < end:
            stage.gateway.wait_ready()
            stage.let_run(chance.uniform(0, rest) if not setting.is_long else rest)
            stage.gateway.kill()
            stage.gateway.start()
            kills += 1
        stage.gateway.wait_ready()
        recovery = stage.recovered()
        # Every warning needs its time to come and to go again.
        stage.publisher.pause()
        stage.wait_settled(stage.gateway)
        stage.wait_settled(twin)
        same = warnings_of(stage.gateway) == warnings_of(twin)
        stage.expect(f"the warnings behind {broker} are those of a gateway that was never killed", holds=same)
        places = {asset for _, asset, *_ in warnings_of(twin)}
        stage.expect(f"{_DEVICES} places are warned of, got {len(places)}", holds=len(places) == _DEVICES)
        stage.notes.append(f"{kills} kills behind {broker}, {len(warnings_of(twin))} warnings and steps the same")
        return stage.score(recovery)


def kill_broker(setting: Setting) -> Score:
    """The broker is killed with -9 and comes back: what it had acknowledged it has kept, and the gateway returns."""
    deaths = int(setting.pick(3, 30))
    with Stage("kill_broker", setting, Plan(broker="nats")) as stage:
        assert stage.broker is not None
        stage.start()
        stage.publisher.start()
        reason = ""
        for _ in range(deaths):
            stage.let_run(2)
            stage.broker.kill()
            reason = stage.says("collector:broker")
            stage.let_run(1)
            stage.broker.start()
        recovery = stage.recovered()
        stage.let_run(1)
        stage.notes.append(f"{deaths} deaths of nats-server; /readyz said: {reason}")
        return stage.score(recovery)


def influx_down(setting: Setting) -> Score:
    """The database is away while an hour is measured; then it comes back and gets the hour beside the present."""
    stations = 20
    period_s = int(setting.pick(5, 1))
    with Stage(
        "influx_down", setting, Plan(broker="nats", devices=30, has_database=True, rounds_per_second=0)
    ) as stage:
        live = stage.add_publisher(devices=10, rounds_per_second=10)
        hour_ago_ms = time.time_ns() // 1_000_000 - 3_600_000
        past = stage.add_publisher(devices=stations, first=10, start_ms=hour_ago_ms, period_ms=period_s * 1_000)
        stage.start()
        live.start()
        stage.let_run(1)
        stage.database.kill()
        past.rounds(3_600 // period_s)
        past.pause()
        reason = stage.says("influxdb")
        stage.expect("/readyz stays ready: collecting goes on", holds=stage.gateway.readiness()["ready"])
        kept = len(past.acked)
        stage.database.start()
        recovery = stage.recovered()
        stage.notes.append(
            f"an hour of {stations} channels every {period_s} s, {kept:,} readings; /readyz said: {reason}"
        )
        # The hour behind goes at a limited rate, beside the present.
        return stage.score(recovery, recovery_limit_s=setting.pick(30, 180))
