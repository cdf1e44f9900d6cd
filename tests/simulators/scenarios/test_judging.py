from __future__ import annotations

import pytest

from gateway.model import SECOND
from simulators.models.contract import Window
from simulators.scenarios.expectation import Expectation, read_sentence
from simulators.scenarios.judging import Judgement, Raised, judge

DAY = 86_400 * SECOND
LEAK = Window(1_000 * SECOND, 5_000 * SECOND, "gas_leak", "G-1", "gas_leak", {"nearest": "MH-1"})


def _judge(sentence: str, *raised: Raised, pending: str = "") -> Judgement:
    return judge([Expectation(read_sentence(sentence), pending)], [LEAK], raised, start_ns=0, end_ns=DAY)


def _warning(asset: str = "MH-1", *, seconds: int = 1_200, level: str = "yellow", hazard: str = "gas_leak") -> Raised:
    return Raised(hazard, asset, [(seconds * SECOND, level)])


def test_a_warning_in_time_meets_its_expectation() -> None:
    judgement = _judge("gas_leak on MH-1 within 10 min", _warning(seconds=1_200))

    assert judgement.is_passed
    assert judgement.verdicts[0].said == "it came after 3.3 min"
    assert judgement.delays == {"gas_leak on G-1": 200.0}


def test_a_warning_before_its_trouble_is_the_best_there_is() -> None:
    judgement = _judge("gas_leak on MH-1 within 10 min", _warning(seconds=400))

    assert judgement.is_passed
    assert judgement.verdicts[0].said == "it came 10 min before"
    assert judgement.false == []


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ([], "it never came"),
        ([_warning(seconds=2_000)], "it came after 16.7 min"),
        ([_warning(seconds=-3_000)], "it never came"),
        ([_warning("MH-2")], "it never came"),
        ([_warning(hazard="sensor_fault")], "it never came"),
    ],
)
def test_a_warning_late_early_or_elsewhere_does_not(raised: list[Raised], said: str) -> None:
    judgement = _judge("gas_leak on MH-1 within 10 min", *raised)

    assert not judgement.is_passed
    assert judgement.verdicts[0].said == said


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
