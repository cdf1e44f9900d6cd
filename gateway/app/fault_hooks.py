"""What a fault rig may slow down in a real process, by environment variables. Set none of them in service.

`LIFELINE_FAULT_COMMIT_SECONDS=0.2`: every commit of the journal takes so much longer, as on a slow card.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping

COMMIT_SECONDS = "LIFELINE_FAULT_COMMIT_SECONDS"
_LONGEST_SECONDS = 60.0


def slow_commit(environment: Mapping[str, str]) -> Callable[[], None] | None:
    """Return what is to happen before each commit of the journal; None, as in service, when nothing is."""
    try:
        seconds = float(environment.get(COMMIT_SECONDS, "0"))
    except ValueError:
        return None
    return functools.partial(time.sleep, seconds) if 0 < seconds <= _LONGEST_SECONDS else None
