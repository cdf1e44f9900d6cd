"""Scenarios of bad links: half open to the broker, half open to the database, and a storm of resets."""

from __future__ import annotations

import random
import time
from bisect import bisect_right

from tests.faults.line import Answer
from tests.faults.score import Score, Setting
from tests.faults.stage import Plan, Stage

_BREAKING = 0.25
"""How long it may take until a connection that is to be broken is."""


def mqtt_half_open(setting: Setting) -> Score:
    """The link to the broker stands and carries nothing, for 60 s; then both ends find it broken."""
    cut = setting.pick(15, 60)
    with Stage("mqtt_half_open", setting, Plan(broker="mosquitto")) as stage:
        stage.start()
        stage.publisher.start()
        stage.let_run(2)
        stage.broker_link.go_silent()
        began = time.monotonic()
        reason = stage.says("collector:broker", cut)
        stage.let_run(max(0.0, cut - (time.monotonic() - began)))
        stage.broker_link.heal()
        recovery = stage.recovered()
        stage.let_run(1)
        stage.notes.append(f"silent for {cut:g} s; /readyz said: {reason}")
        return stage.score(recovery)


def influx_half_open(setting: Setting) -> Score:
    """The link to the database stands and carries nothing; collecting goes on."""
    cut = setting.pick(12, 60)
    with Stage("influx_half_open", setting, Plan(broker="nats", has_database=True, units=2)) as stage:
        stage.start()
        stage.publisher.start()
        stage.let_run(2)
        stage.database_link.go_silent()
        began = time.monotonic()
        reason = stage.says("influxdb", cut)
        stage.let_run(max(0.0, cut - (time.monotonic() - began)))
        stage.database_link.heal()
        recovery = stage.recovered()
        stage.notes.append(f"silent for {cut:g} s; /readyz said: {reason}")
        return stage.score(recovery)


def reset_storm(setting: Setting) -> Score:
    """A hundred connections broken with RST: to the broker, to the database, to the units."""
    resets = 0
    wanted = int(setting.pick(100, 1_000))
    chance = random.Random(100)
    moments: list[float] = []
    plan = Plan(broker="nats", has_database=True, units=2, rounds_per_second=20)
    with Stage("reset_storm", setting, plan) as stage:
        stage.start()
        stage.publisher.start()
        end = time.monotonic() + setting.pick(45, 900)
        while resets < wanted and time.monotonic() < end:
            stage.let_run(chance.uniform(0.1, 0.6))
            for link in (stage.broker_link, stage.database_link, stage.unit_link):
                moments.append(time.monotonic())
                resets += link.reset()
        stage.expect(f"{wanted} connections were broken, got {resets}", holds=resets >= wanted)
        recovery = stage.recovered()
        stage.notes.append(f"{resets} connections broken")

        asked = [at for _, at in stage.line.table.asked]

        def had_arrived(answer: Answer) -> bool:
            # A line asks one thing at a time: whoever asks again, with no break between, has taken the answer.
            following = asked[bisect_right(asked, answer.asked) :][:1]
            return any(not any(answer.asked - _BREAKING < at < again for at in moments) for again in following)

        return stage.score(recovery, required=had_arrived)
