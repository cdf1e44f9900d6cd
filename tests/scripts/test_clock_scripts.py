"""What a duty officer would see while the clock of the box misbehaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors import Silent
from detectors.contract import Scores
from gateway.clock import FakeClock, Ntp, SteadyClock
from gateway.journal import Entry
from gateway.model import SECOND, Tick
from tests.gateway.detection.scene import GAS, START, Watch, channel, site
from tests.scripts.script import Script, Want

CH4 = "MH-1.gas.ch4"


class Told:
    """A trust that is told what to say."""

    state = Ntp.WAITING

    def ntp(self) -> Ntp:
        return self.state


def test_detectors_are_never_told_an_earlier_time_by_a_small_step_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    advance = Silent.advance

    def listening(self: Silent, now_ns: int) -> Scores:
        told.append(now_ns)
        return advance(self, now_ns)

    monkeypatch.setattr(Silent, "advance", listening)
    watch = Watch(tmp_path, site(channel(CH4, GAS)))

    for position, second in enumerate((0, 10, 20, 30, 5, 15, 25, 35, 45), 1):
        received_ns = START + second * SECOND
        watch.detection.apply([Entry(position, Tick(received_ns), received_ns)])

    assert told == sorted(told)
    assert told[-1] == START + 45 * SECOND


@pytest.mark.parametrize("jump", [-3_600, 86_400, -1_700_000_000], ids=["an hour back", "a day on", "1970"])
def test_a_jump_of_the_wall_clock_silences_nobody_and_moves_no_warning(tmp_path: Path, jump: int) -> None:
    trust = Told()
    trust.state = Ntp.SYNCHRONISED
    wall = FakeClock(START)
    steady = SteadyClock(wall, trust)
    steady.look()
    trust.state = Ntp.WAITING
    script = Script(tmp_path, site(channel(CH4, GAS)))

    for second in range(0, 900, 10):
        wall.set_monotonic(second * SECOND)
        if second == 300:
            wall.set_utc(wall.now().utc_ns + jump * SECOND)
        steady.look()
        now = (steady.now().utc_ns - START) / SECOND
        script.push(now, CH4, 0.5 if second < 600 else 25.0 + second % 3)
    script.play(890)

    script.check(Want(605, 625, "gas_leak", "yellow"))


def test_a_clock_that_is_set_right_by_a_day_is_a_pause_and_no_silence(tmp_path: Path) -> None:
    script = Script(tmp_path, site(channel(CH4, GAS)))
    script.repeat(0, 300, 10, CH4, 0.5, 0.6)
    script.stop(300, 86_700)
    script.repeat(86_700, 87_000, 10, CH4, 0.5, 0.6)

    script.play(87_000)

    script.check()
