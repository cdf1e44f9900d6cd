"""A scenario of bad input: a thousand malformed messages a second beside the good ones."""

from __future__ import annotations

import threading
import time

from tests.faults.publisher import Publisher
from tests.faults.score import Score, Setting
from tests.faults.stage import Plan, Stage
from tests.processes import wait_until

_PER_SECOND = 1_000
_GARBAGE = (
    b"",
    b"{",
    b"\xff\xfe\x00\x01" * 20,
    b'{"ts": "soon", "data": {"ch4": 1.0}}',
    b'{"ts": 1, "data": {"ch4": "much"}}',
    b'{"ts": 99999999999999999999999999, "data": {"ch4": 1.0}}',
    b"[" * 5_000,
    b'{"ts": 1767225600000, "data": {"ch4": {"ch4": {}}}}',
    b"null",
    b'{"data": ' + b"9" * 4_000 + b"}",
)


def garbage_flood(setting: Setting) -> Score:
    """Malformed messages are counted, kept and explained; the good ones beside them arrive as if alone."""
    seconds = setting.pick(10, 300)
    with Stage("garbage_flood", setting, Plan(broker="mosquitto", saves_nothing=True, in_flight=1_000)) as stage:
        flooder = stage.add_publisher(devices=0)
        stage.start()
        stage.publisher.start()
        sent = _flood(flooder, seconds)
        recovery = stage.recovered()
        failed = _refused(stage)
        wait_until(lambda: _refused(stage) >= sent, 60, "the garbage to be counted", every=0.5)
        lag = stage.gateway.metric("lifeline_loop_lag_p99_seconds")
        failed = _refused(stage)
        stage.expect(f"all {sent} malformed messages are counted, got {failed:.0f}", holds=failed >= sent)
        stage.notes.append(
            f"{sent:,} malformed messages in {seconds:g} s, {failed:,.0f} counted and explained;"
            f" loop lag p99 {lag * 1000:.0f} ms"
        )
        return stage.score(recovery)


def _refused(stage: Stage) -> float:
    return stage.gateway.count("collector:broker", "failed")


def _flood(flooder: Publisher, seconds: float) -> int:
    sent = 0
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        for _ in range(_PER_SECOND // 50):
            flooder.garbage(sent % 10, _GARBAGE[sent % len(_GARBAGE)])
            sent += 1
        threading.Event().wait(max(0.0, began + sent / _PER_SECOND - time.monotonic()))
    return sent
