from __future__ import annotations

import pytest

from gateway.model import SECOND
from simulators.models.contract import Window
from simulators.scenarios.expectation import Expectation, read_sentence
from simulators.scenarios.judging import Judgement, Raised, judge

DAY = 86_400 * SECOND
SECOND_LEAK = Window(20_000 * SECOND, 21_000 * SECOND, "gas_leak", "GB-1", "gas_leak", {"nearest": "MH-4"})
BOTH = dict.fromkeys(("G-1", "GB-1"), frozenset({"MH-1", "MH-4"}))
LEAK = Window(1_000 * SECOND, 5_000 * SECOND, "gas_leak", "G-1", "gas_leak", {"nearest": "MH-1"})


def _judge(sentence: str, *raised: Raised, pending: str = "") -> Judgement:
    return judge([Expectation(read_sentence(sentence), pending)], [LEAK], raised, start_ns=0, end_ns=DAY)


def _of(
    windows: list[Window], sentence: str, *raised: Raised, kin: dict[str, frozenset[str]] | None = None
) -> Judgement:
    return judge([Expectation(read_sentence(sentence))], windows, raised, start_ns=0, end_ns=DAY, kin=kin)


def _warning(asset: str = "MH-1", *, seconds: int = 1_200, level: str = "yellow", hazard: str = "gas_leak") -> Raised:
    return Raised(hazard, asset, [(seconds * SECOND, level)])


def test_a_warning_in_time_meets_its_expectation() -> None:
    judgement = _judge("gas_leak on MH-1 within 10 min", _warning(seconds=1_200))

    assert judgement.is_passed
    assert judgement.verdicts[0].said == "it came after 3.3 min"
    assert judgement.delays == {"gas_leak on G-1": 200.0}


def test_a_flood_that_is_foreseen_is_the_best_there_is() -> None:
    flood = Window(4_000 * SECOND, 5_000 * SECOND, "flood", "UP-1", "waterlogging")
    raised = _warning("UP-1", seconds=3_400, hazard="waterlogging")

    judgement = _of([flood], "waterlogging on UP-1 within 10 min", raised)

    assert judgement.is_passed
    assert judgement.verdicts[0].said == "it came 10 min before"
    assert judgement.false == []


def test_a_leak_is_not_foreseen_and_a_warning_before_it_is_false() -> None:
    judgement = _judge("gas_leak on MH-1 within 10 min", _warning(seconds=990))

    assert not judgement.is_passed
    assert judgement.verdicts[0].said == "it had come before anything was wrong, and did not rise"
    assert [one.asset for one in judgement.false] == ["MH-1"]
    assert judgement.delays == {}


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ([], "it never came"),
        ([_warning(seconds=2_000)], "it came after 16.7 min"),
        ([_warning(seconds=-3_000)], "it had come before anything was wrong, and did not rise"),
        ([_warning("MH-2")], "it never came"),
        ([_warning(hazard="sensor_fault")], "it never came"),
    ],
)
def test_a_warning_late_early_or_elsewhere_does_not(raised: list[Raised], said: str) -> None:
    judgement = _judge("gas_leak on MH-1 within 10 min", *raised)

    assert not judgement.is_passed
    assert judgement.verdicts[0].said == said


def test_it_is_counted_from_the_newest_trouble_that_can_be_meant() -> None:
    raised = _warning("MH-4", seconds=20_050)

    judgement = _of([LEAK, SECOND_LEAK], "gas_leak on MH-4 within 1 min", raised, kin=BOTH)

    assert judgement.verdicts[0].said == "it came after 50 s"
    assert judgement.delays == {"gas_leak on GB-1": 50.0}


def test_a_warning_before_a_second_leak_answers_the_first() -> None:
    raised = _warning("MH-4", seconds=19_990)

    judgement = _of([LEAK, SECOND_LEAK], "gas_leak on MH-4 within 10 min", raised, kin=BOTH)

    assert not judgement.is_passed
    assert judgement.verdicts[0].said == "it came after 5.3 h"


@pytest.mark.parametrize(
    ("later", "is_met"),
    [([], False), ([(20_100, "orange")], True), ([(20_100, "yellow")], True), ([(30_000, "red")], False)],
    ids=["it only stands", "it rises", "it returns", "it rises too late"],
)
def test_a_warning_that_stands_from_an_earlier_leak_answers_a_new_one_when_it_rises_or_returns(
    later: list[tuple[int, str]], *, is_met: bool
) -> None:
    climbs = [(9_000, "yellow"), *later]
    raised = Raised("gas_leak", "MH-1", [(seconds * SECOND, level) for seconds, level in climbs])

    judgement = _of([LEAK, SECOND_LEAK], "gas_leak on MH-1 within 10 min", raised, kin=BOTH)

    assert judgement.is_passed is is_met


def test_what_rises_after_the_time_to_learn_answers_although_it_was_raised_in_it() -> None:
    raised = Raised("gas_leak", "MH-1", [(-500 * SECOND, "yellow"), (1_100 * SECOND, "orange")])

    assert _judge("gas_leak on MH-1 within 2 min", raised).is_passed
    assert _judge("no gas_leak on MH-1", raised).is_passed


def test_the_trouble_itself_goes_before_what_brings_it() -> None:
    pump = Window(0, DAY, "pump_failure", "PS-1", "pump_failure")
    flood = Window(4_000 * SECOND, 5_000 * SECOND, "flood", "UP-1", "waterlogging")
    raised, kin = _warning("UP-1", seconds=4_120, hazard="waterlogging"), {"PS-1": frozenset({"UP-1"})}

    with_flood = _of([pump, flood], "waterlogging on UP-1 within 5 min", raised, kin=kin)
    without = _of([pump], "waterlogging on UP-1 within 5 min", raised, kin=kin)

    assert with_flood.verdicts[0].said == "it came after 2 min"
    assert without.verdicts[0].said == "it came after 1.1 h"


def test_a_hazard_that_nothing_brings_about_cannot_be_met() -> None:
    judgement = _judge("slope_failure on SL-1 within 1 d", _warning("SL-1", hazard="slope_failure"))

    assert judgement.verdicts[0].said == "nothing that happens has this hazard"
    assert not judgement.is_passed


def test_a_level_must_be_reached_in_time_too() -> None:
    climbing = Raised("gas_leak", "MH-1", [(1_100 * SECOND, "yellow"), (1_900 * SECOND, "orange")])

    assert _judge("gas_leak on MH-1 within 20 min, at least orange", climbing).is_passed
    assert not _judge("gas_leak on MH-1 within 10 min, at least orange", climbing).is_passed
    assert not _judge("gas_leak on MH-1 within 20 min, at least red", climbing).is_passed


def test_a_pending_expectation_fails_only_once_it_is_met() -> None:
    assert _judge("gas_leak on MH-1 within 10 min", pending="no model yet").is_passed

    met = _judge("gas_leak on MH-1 within 10 min", _warning(), pending="no model yet")

    assert not met.is_passed
    assert "switch it on" in met.verdicts[0].said


def test_a_warning_without_a_cause_is_false() -> None:
    judgement = _judge(
        "at most 1 false warning a day",
        _warning("MH-1"),
        _warning("MH-7"),
        _warning("MH-1", seconds=80_000),
    )

    assert [one.asset for one in judgement.false] == ["MH-7", "MH-1"]
    assert not judgement.is_passed
    assert judgement.verdicts[0].said == "2 in 1 days"


def test_a_warning_that_must_not_come_fails() -> None:
    assert _judge("no gas_leak on MH-2", _warning("MH-1")).is_passed
    assert not _judge("no gas_leak on MH-2", _warning("MH-2")).is_passed


def test_what_one_trouble_brings_about_is_not_false() -> None:
    blocked = Window(0, DAY, "blockage", "SP-1", "sewer_blockage")
    raised = [_warning("SW-1", hazard="sewer_overflow"), _warning("SW-1", hazard="gas_leak")]

    judgement = judge([], [blocked], raised, start_ns=0, end_ns=DAY, kin={"SP-1": frozenset({"SW-1"})})

    assert [one.hazard for one in judgement.false] == ["gas_leak"]


def test_an_asset_that_is_kin_may_be_named_for_another() -> None:
    raised = [_warning("DMA-1")]

    judgement = judge([], [LEAK], raised, start_ns=0, end_ns=DAY, kin={"G-1": frozenset({"DMA-1"})})

    assert judgement.false == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("gas_leak at MH-1", "an expectation reads"),
        ("gas_leak on MH-1 within 10 fortnights", "a number with s, min, h or d"),
        ("gas_leak on MH-1 within 10 min, at least purple", "a level is one of"),
    ],
)
def test_a_sentence_that_says_nothing_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_sentence(text)
