"""Waiting between attempts."""

from __future__ import annotations

from gateway.collectors.backoff import Backoff


def test_the_ceiling_doubles_to_the_longest_and_starts_again_after_success() -> None:
    backoff = Backoff(1.0, 8.0, seed=7)

    waits = [backoff.next_seconds() for _ in range(200)]
    backoff.reset()
    again = backoff.next_seconds()

    assert [wait <= ceiling for wait, ceiling in zip(waits[:3], (1, 2, 4), strict=True)] == [True] * 3
    assert max(waits) <= 8
    assert max(waits[3:]) > 7
    assert min(waits[3:]) < 1
    assert again <= 1


def test_boxes_that_fail_together_do_not_return_together() -> None:
    first = {round(Backoff(1.0, 30.0, seed=seed).next_seconds(), 3) for seed in range(100)}

    assert len(first) > 80
