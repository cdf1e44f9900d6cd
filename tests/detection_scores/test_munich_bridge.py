from __future__ import annotations

import math

import numpy as np

from tests.benchmarks.detection import munich_bridge

SECONDS = np.arange(0.0, 600.0, 0.1)


def test_lowered_is_when_the_two_second_median_goes_off_and_never_comes_back() -> None:
    strain = np.where(SECONDS >= 300, 12.0, 2.0) + np.where((SECONDS >= 100) & (SECONDS < 160), 9.0, 0.0)

    assert 300.0 <= munich_bridge.lowered_at(SECONDS, strain) <= 302.0


def test_a_load_that_leaves_is_no_lowering() -> None:
    strain = np.where((SECONDS >= 300) & (SECONDS < 420), 12.0, 2.0)

    assert math.isnan(munich_bridge.lowered_at(SECONDS, strain))


def test_a_warning_must_rise_near_the_lowering() -> None:
    def warned(at: float) -> bool:
        return munich_bridge.judge(300.0, np.array([at]), np.empty(0)).warned

    assert [warned(at) for at in (269.0, 270.0, 310.0, 311.0)] == [False, True, True, False]


def test_a_latch_comes_neither_early_nor_late() -> None:
    def latched(*at: float) -> bool:
        return munich_bridge.judge(300.0, np.empty(0), np.array(at)).latched

    assert [latched(at) for at in (449.0, 450.0, 540.0, 541.0)] == [False, True, True, False]
    assert not latched()
    assert not latched(200.0, 480.0)


def test_edges_are_where_it_goes_up() -> None:
    is_up = np.array([True, True, False, True])

    assert munich_bridge.edges(np.arange(4.0), is_up).tolist() == [0.0, 3.0]
