"""The buttons of a demo: they break its district, and no real site has any."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Browser, expect

from gateway.cli.demo_district import WORDS
from gateway.errors import NotAllowed

if TYPE_CHECKING:
    from tests.browser.conftest import Town

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@dataclass
class Fragile:
    """A district that gas alone can break."""

    words: tuple[str, ...] = WORDS
    asked: list[str] = field(default_factory=list)

    async def stage(self, word: str, /) -> str:
        self.asked.append(word)
        if word != "gas":
            raise NotAllowed("it holds")
        return "gas leak on G-1"


async def fragile(town: Town) -> Fragile:
    """Let the town be a district that visitors may break."""
    stages = Fragile()
    town.ports = replace(town.ports, stages=stages)
    await town.restart()
    return stages


async def test_a_real_site_has_no_buttons_to_break_it(town: Town, browser: Browser) -> None:
    page = await town.open(browser)

    await expect(page.locator("#stages")).to_be_hidden()
    assert await page.locator("[data-stage]").count() == 0
    assert town.complaints == []


async def test_a_click_stages_its_word_and_says_what_happens(town: Town, browser: Browser) -> None:
    stages = await fragile(town)
    page = await town.open(browser)

    await page.locator("[data-stage=gas]").click()

    await expect(page.locator("[data-stage=gas]")).to_have_attribute("title", "gas leak on G-1")
    assert stages.asked == ["gas"]
    assert town.complaints == []


async def test_a_refusal_is_said(town: Town, browser: Browser) -> None:
    await fragile(town)
    page = await town.open(browser)

    await page.locator("[data-stage=storm]").click()

    await expect(page.locator("#stages")).to_contain_text("Not staged: it holds")
    await expect(page.locator("[data-stage=storm]")).to_be_enabled()


async def test_every_word_has_a_name_in_both_languages_and_fits_a_small_screen(town: Town, browser: Browser) -> None:
    await fragile(town)
    page = await town.open(browser, "zh")
    town.leak()
    await page.locator(".warning").first.wait_for()
    chinese = await page.locator("[data-stage]").all_inner_texts()

    await page.locator("#language").click()
    await expect(page.locator("[data-stage=burst]")).to_have_text("Burst main")
    widths = await page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")

    assert chinese == ["燃气泄漏", "暴雨", "爆管"]
    assert await page.locator("[data-stage]").all_inner_texts() == ["Gas leak", "Storm", "Burst main"]
    assert widths == [1366, 768]
