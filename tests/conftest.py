"""What every test may use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REQUIRE_ALL = os.environ.get("LIFELINE_REQUIRE_ALL") == "1"
DATA = Path(os.environ["LIFELINE_DATA"]) if os.environ.get("LIFELINE_DATA") else None

# How long an example takes says more about the machine's load than about the code. CI tells about a change, not
# about the luck of the draw: it takes the same examples every time; everywhere else new ones are drawn.
settings.register_profile(
    "lifeline", deadline=None, derandomize=REQUIRE_ALL, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("lifeline")


@pytest.fixture
def need() -> Callable[[str], str]:
    """Return the path of a program, or skip with one clear line (fail when LIFELINE_REQUIRE_ALL=1)."""

    def path_of(program: str) -> str:
        found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if found:
            return found
        reason = f"{program} is not installed (Debian: apt install {program})"
        if REQUIRE_ALL:
            pytest.fail(reason)
        pytest.skip(reason)

    return path_of
