"""Every scenario of the fault rig, short: nothing lost, nothing twice, nothing wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.faults import running
from tests.faults.scenarios import ALONE, LONGEST, NEEDS, SCENARIOS
from tests.faults.score import Score
from tests.faults.stage import is_installed

pytestmark = [pytest.mark.fault, pytest.mark.slow]


def _start(names: Sequence[str]) -> tuple[dict[str, Future[Score]], ThreadPoolExecutor]:
    return running.start(
        names, alone=ALONE, first=LONGEST, is_long=False, in_box=False, say=lambda text: print(text, file=sys.stderr)
    )


def _missing(name: str) -> list[str]:
    return [needed for needed in NEEDS.get(name, ()) if not is_installed(needed)]


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Score]]]:
    """Begin with every scenario that this session asks for, side by side: most of them wait."""
    asked = [item.callspec.params.get("scenario") for item in request.session.items if hasattr(item, "callspec")]
    names = [name for name in SCENARIOS if name in asked and not _missing(name)]
    futures, pool = _start(names)
    with pool:
        yield futures


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nothing_is_lost_doubled_or_wrong(scenario: str, outcomes: dict[str, Future[Score]]) -> None:
    if missing := _missing(scenario):
        reason = f"not installed: {', '.join(missing)}"
        pytest.fail(reason) if os.environ.get("LIFELINE_REQUIRE_ALL") == "1" else pytest.skip(reason)

    (score,) = running.finished({scenario: outcomes[scenario]})
    if scenario == "soak" and not score.is_ok:
        # Memory comes in steps, and on a busy machine one may fall into the last hours; what grows, grows again.
        print(running.to_json(score))
        futures, pool = _start([scenario])
        with pool:
            (score,) = running.finished(futures)

    print(running.to_json(score))
    assert score.is_ok, running.to_json(score)
