from __future__ import annotations

import pytest

from gateway.app.fault_hooks import COMMIT_SECONDS, slow_commit


@pytest.mark.parametrize("written", ["", "0", "-1", "soon", "1e9", "nan"])
def test_nothing_is_slowed_down_unless_a_sensible_time_is_named(written: str) -> None:
    assert slow_commit({COMMIT_SECONDS: written} if written else {}) is None


def test_a_commit_takes_as_much_longer_as_is_named() -> None:
    pause = slow_commit({COMMIT_SECONDS: "0.001"})

    assert pause is not None
    assert pause() is None
