from __future__ import annotations

from dataclasses import replace

from gateway.model import SECOND
from simulators.models.contract import Window
from simulators.scenarios.truth import Truth

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
LEAK = Window(10 * MINUTE, 20 * MINUTE, "gas_leak", "G-1", "gas_leak")


def _edges(truth: Truth, windows: list[Window], now_ns: int, *, is_over: bool = False) -> list[tuple[str, str]]:
    return [(told.edge, told.window.kind) for told in truth.told(windows, now_ns, is_over=is_over)]


def test_each_edge_is_told_once_when_it_comes() -> None:
    truth = Truth()

    told = [_edges(truth, [LEAK], minute * MINUTE) for minute in (5, 10, 15, 20, 25)]

    assert told == [[], [("begins", "gas_leak")], [], [("ends", "gas_leak")], []]


def test_edges_that_were_slept_through_are_told_in_order() -> None:
    truth = Truth()
    later = replace(LEAK, start_ns=12 * MINUTE, end_ns=2 * HOUR, kind="burst")

    told = list(truth.told([later, LEAK], 15 * MINUTE))

    assert [(one.edge, one.window.kind) for one in told] == [("begins", "gas_leak"), ("begins", "burst")]


def test_a_flood_that_goes_on_ends_once() -> None:
    truth = Truth()
    wet = [replace(LEAK, kind="flood", end_ns=minute * MINUTE) for minute in (10, 11, 40)]

    first = _edges(truth, wet[:1], 10 * MINUTE)
    paused = _edges(truth, wet[1:2], 30 * MINUTE)
    again = _edges(truth, wet[2:], 41 * MINUTE)
    dry = _edges(truth, wet[2:], 40 * MINUTE + 2 * HOUR)

    assert (first, paused, again, dry) == ([("begins", "flood")], [], [], [("ends", "flood")])


def test_at_the_end_nothing_is_waited_for() -> None:
    truth = Truth()
    flood = replace(LEAK, kind="flood", end_ns=LEAK.start_ns)

    told = _edges(truth, [flood], 11 * MINUTE, is_over=True)

    assert told == [("begins", "flood"), ("ends", "flood")]
