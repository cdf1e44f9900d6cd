from __future__ import annotations

from gateway.health import Health


def test_counts_add_up_by_stage_name_and_reason() -> None:
    health = Health()

    health.count("mqtt", "received", 3)
    health.count("mqtt", "dropped", reason="clock")
    health.count("mqtt", "received")

    assert health.counts() == {("mqtt", "received", ""): 4, ("mqtt", "dropped", "clock"): 1}


def test_a_condition_says_whether_it_changed_so_that_it_is_logged_once() -> None:
    health = Health()

    changes = [
        health.set_condition("broker", ok=False, reason="connection refused"),
        health.set_condition("broker", ok=False, reason="connection refused, again"),
        health.set_condition("broker", ok=True),
    ]

    assert changes == [True, False, True]
    assert [(condition.name, condition.ok) for condition in health.conditions()] == [("broker", True)]


def test_gauges_are_read_when_somebody_looks() -> None:
    health = Health()
    values = iter([1.0, 2.0])
    health.gauge("lag", lambda: next(values))

    assert [health.gauges(), health.gauges()] == [{"lag": 1.0}, {"lag": 2.0}]
