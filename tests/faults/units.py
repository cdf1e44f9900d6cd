"""Scenarios of one line of Modbus units: one that is dead, and one that answers too late."""

from __future__ import annotations

import time
from itertools import pairwise
from statistics import fmean

from tests.faults.line import Line, Trouble
from tests.faults.score import Score, Setting
from tests.faults.stage import Plan, Stage

_DEAD, _LATE = 5, 2
_PERIOD, _TIMEOUT = 1.0, 0.5
_MEAN_PART = 0.05
_JITTER_SECONDS = 0.15
"""What two cores shared with the simulated line may add to one cycle."""


def dead_unit(setting: Setting) -> Score:
    """One of eight units falls silent: the others are asked as often as before, once a time-out later at worst."""
    with Stage("dead_unit", setting, Plan(units=8, poll_seconds=_PERIOD, timeout_seconds=_TIMEOUT)) as stage:
        stage.start()
        stage.let_run(3)
        began = time.monotonic()
        stage.let_run(setting.pick(12, 120))
        died = time.monotonic()
        stage.line.table.trouble[_DEAD] = Trouble(is_silent=True)
        reason = stage.says(f"device:unit-{_DEAD}")
        stage.let_run(setting.pick(20, 600))
        ended = time.monotonic()
        before = _cycles(stage.line, began, died)
        during = _cycles(stage.line, died, ended)
        stage.line.table.trouble.clear()
        healed = time.monotonic()
        while stage.line.answers()[-1].unit != _DEAD and time.monotonic() < healed + 60:
            stage.let_run(0.05)
        recovery = time.monotonic() - healed
        change = fmean(during) / fmean(before) - 1
        stage.expect(f"mean cycle within 5 %, changed by {change:+.1%}", holds=abs(change) <= _MEAN_PART)
        worst = max(during) - _PERIOD
        stage.expect(
            f"the worst cycle is one time-out longer, was {worst:.2f} s longer",
            holds=worst <= _TIMEOUT + _JITTER_SECONDS,
        )
        stage.notes.append(
            f"the others' mean cycle {fmean(before):.3f} s before, {fmean(during):.3f} s during ({change:+.2%}),"
            f" the worst {max(during):.2f} s with a time-out of {_TIMEOUT:g} s; /readyz said: {reason}"
        )
        # A unit that was dead rests for at most 30 s before it is asked again.
        return stage.score(recovery, recovery_limit_s=31)


def late_replies(setting: Setting) -> Score:
    """A unit answers every third request after 1.2 times the time-out: no late answer becomes a later one's value."""
    with Stage("late_replies", setting, Plan(units=4, poll_seconds=0.5, timeout_seconds=_TIMEOUT)) as stage:
        stage.start()
        stage.let_run(2)
        late = 1.2 * _TIMEOUT
        stage.line.table.trouble[_LATE] = Trouble(lambda number: late if number % 3 == 0 else 0.0)
        stage.let_run(setting.pick(20, 600))
        stage.line.table.trouble.clear()
        stage.let_run(2)
        answers = stage.line.answers()
        too_late = sum(answer.delay_seconds > _TIMEOUT for answer in answers)
        stage.expect("some answers came late", holds=too_late > 3)
        stage.notes.append(f"{too_late} answers after {late:g} s with a time-out of {_TIMEOUT:g} s")
        return stage.score(
            0.0,
            required=lambda answer: answer.delay_seconds < _TIMEOUT,
            allowed=lambda answer: answer.delay_seconds < _TIMEOUT,
        )


def _cycles(line: Line, began: float, ended: float) -> list[float]:
    """Return the seconds between two requests of each unit but the dead one."""
    cycles = []
    for unit in line.units:
        asked = [at for one, at in line.table.asked if one == unit and began <= at < ended]
        if unit != _DEAD:
            cycles += [later - earlier for earlier, later in pairwise(asked)]
    return cycles
