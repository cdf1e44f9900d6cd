"""A ladder with votes warns when m of the last n readings say so, and no sooner."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gateway.journal import Entry
from tests.gateway.detection.scene import GAS, Row, Watch, channel, journal, site

NAME = "MH-1.gas.ch4"
VOTED = replace(GAS, rungs={"yellow": 20.0, "red": 100.0}, on_seconds=0.0, off_seconds=0.0, votes=(3, 5))


def entries(watch: Watch, values: list[float], since: int = 0) -> list[Entry]:
    return journal(
        *(watch.batch(10.0 * number, Row(10.0 * number, NAME, value)) for number, value in enumerate(values, since))
    )


def said(watch: Watch) -> list[tuple[float, str]]:
    return [(second, level) for second, _, level, _ in watch.saw()]


def test_two_of_five_are_none_and_three_are_a_warning(tmp_path: Path) -> None:
    watch = Watch(tmp_path, site(channel(NAME, VOTED)))

    watch.detection.apply(entries(watch, [1, 30, 1, 30, 1, 1, 30, 1, 30, 30]))

    assert said(watch) == [(90.0, "yellow")]


def test_a_level_ends_when_no_more_than_two_of_five_say_so(tmp_path: Path) -> None:
    watch = Watch(tmp_path, site(channel(NAME, VOTED)))

    watch.detection.apply(entries(watch, [30, 30, 120, 1, 1, 1]))

    assert said(watch) == [(20.0, "yellow"), (50.0, "none")]


def test_a_ladder_without_votes_beside_it_warns_at_once(tmp_path: Path) -> None:
    plain = replace(GAS, name="plain", hazard="air_hazard", on_seconds=0.0, off_seconds=0.0)
    watch = Watch(tmp_path, site(channel(NAME, VOTED, plain)))

    watch.detection.apply(entries(watch, [1, 30, 1]))

    assert watch.saw() == [(10.0, "air_hazard", "yellow", False), (20.0, "air_hazard", "none", False)]


def test_votes_outlive_the_process(tmp_path: Path) -> None:
    watch = Watch(tmp_path, site(channel(NAME, VOTED)))
    told = entries(watch, [1, 30, 30, 1, 30])
    watch.detection.apply(told[:3])
    watch.detection.apply([])

    watch.open().apply(told)

    assert said(watch) == [(40.0, "yellow")]


def test_a_standing_warning_goes_on_when_its_ladder_gets_votes(tmp_path: Path) -> None:
    watch = Watch(tmp_path, site(channel(NAME, replace(VOTED, votes=(1, 1)))))
    watch.detection.apply(entries(watch, [1, 30]))
    watch.detection.apply([])
    watch.inventory = site(channel(NAME, VOTED))

    told = entries(watch, [1, 30, 1, 1, 30, 1, 1])
    watch.open().apply(told)

    assert said(watch) == [(10.0, "yellow"), (40.0, "none")]
