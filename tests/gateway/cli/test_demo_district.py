"""The demo's district: what it needs, the site it makes of a scenario, and what may be staged in it."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest
import yaml

from gateway.cli import demo_district, main
from gateway.cli.demo_district import WORDS, District, Stages, in_thread, site_text
from gateway.errors import NotAllowed, Unreachable
from gateway.settings import load_site
from simulators import staging
from simulators.scenarios.loading import load_scenario, shipped
from simulators.scenarios.scenario import Scenario


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario(next(path for path in shipped() if path.stem == demo_district.NAME))


def test_its_site_is_right_has_the_scenarios_title_and_limits_that_do_not_wait(
    scenario: Scenario, tmp_path: Path
) -> None:
    file = tmp_path / "site.yaml"
    text = site_text(scenario.site_text(), scenario.title, scenario.report_seconds)
    file.write_text(text, encoding="utf-8")

    site = load_site(file)

    assert (site.id, site.name) == ("demo-district", scenario.title)
    assert len(site.inventory.channels) >= 60
    holds = [ladder.on_seconds for ladder in site.inventory.ladders if ladder.of == "value"]
    assert max(holds) <= 10.0
    written = yaml.safe_load(text)["devices"]
    assert written["span-1"]["report_seconds"] == scenario.report_seconds["span-1"]


def test_the_words_of_the_command_are_those_of_the_simulators() -> None:
    assert set(WORDS) == set(staging.WORDS)


def test_without_its_packages_the_demo_says_which_and_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyswmm" else find(name))

    code = main(["demo", "--no-browser", "--state", str(tmp_path)])

    assert code == 69
    assert "the demo needs pyswmm: pip install 'lifeline-gateway[demo]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_nothing_can_be_staged_before_it_is_live(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="not live yet"):
        District(tmp_path).begin("gas")


def _said(word: str) -> Future[str]:
    done: Future[str] = Future()
    if word == "burst":
        done.set_exception(ValueError("burst at P-1: its time has already passed"))
    else:
        done.set_result(f"{word} begins")
    return done


async def test_the_page_stages_a_word_and_is_told_why_when_it_cannot() -> None:
    stages = Stages(_said)

    assert await stages.stage("gas") == "gas begins"
    with pytest.raises(NotAllowed, match="already passed"):
        await stages.stage("burst")
    with pytest.raises(NotAllowed, match="'earthquake' cannot be staged; there is gas, storm, burst"):
        await stages.stage("earthquake")


async def test_what_is_cancelled_waits_for_the_thread_that_works_for_it() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(60.0)
        ended.set()

    running = asyncio.ensure_future(in_thread(work))
    await asyncio.to_thread(begun.wait, 10.0)
    running.cancel()
    asyncio.get_running_loop().call_later(0.05, may_end.set)

    with pytest.raises(asyncio.CancelledError):
        await running

    assert ended.is_set()
