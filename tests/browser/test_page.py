"""The page as an officer sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Browser, expect

if TYPE_CHECKING:
    from tests.browser.conftest import Town

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_a_warning_comes_by_itself_and_what_one_officer_acknowledges_the_other_sees(
    town: Town, browser: Browser
) -> None:
    mine, theirs = await town.open(browser), await town.open(browser, "zh")
    await mine.evaluate("window.isTheSamePage = true")

    town.leak()
    await mine.locator(".warning").first.wait_for(timeout=2_000)
    shown = await mine.locator(".warning").first.inner_text()
    why = mine.locator("#evidence")
    await expect(why).to_contain_text("above the Orange limit of 50 %LEL")
    await mine.locator(".warning button").click()
    await mine.locator("#acknowledge-person").fill("Wang Fang")
    await mine.locator("#acknowledge-note").fill("crew sent")
    await mine.locator("#acknowledge-send").click()

    assert "Orange" in shown
    assert "Gas leak" in shown
    await expect(theirs.locator(".warning .state")).to_have_text("Wang Fang 已确认")
    await expect(mine.locator(".warning button")).to_have_count(0)
    await expect(why).to_contain_text("crew sent")
    assert await mine.evaluate("window.isTheSamePage")
    assert town.complaints == []


async def test_a_step_on_what_has_changed_meanwhile_is_refused_and_said_so(town: Town, browser: Browser) -> None:
    page = await town.open(browser)
    town.leak()
    await page.locator(".warning button").click()
    await page.locator("#acknowledge-person").fill("Wang Fang")
    (warning,) = town.ledger.warnings()
    town.ledger.acknowledge(warning.id, person="Li Qiang").result(5)

    await page.locator("#acknowledge-send").click()

    await expect(page.locator("#acknowledge-fault")).to_contain_text("look at it again")


async def test_a_page_that_hears_nothing_says_so_and_greys(town: Town, browser: Browser) -> None:
    page = await town.open(browser)

    await town.server.stop()

    await expect(page.locator("#cut")).to_be_visible(timeout=9_000)
    await expect(page.locator("body")).to_have_class("is-cut")
    assert "grayscale" in await page.locator("main").evaluate("main => getComputedStyle(main).filter")


async def test_language_changes_in_place(town: Town, browser: Browser) -> None:
    page = await town.open(browser, "zh")
    town.leak()
    await page.locator(".warning").first.wait_for()
    before = await page.locator(".warning-title").first.inner_text()

    await page.locator("#language").click()

    await expect(page.locator(".warning-title").first).to_have_text("Gas leak")
    assert before == "燃气泄漏"
    assert town.complaints == []


async def test_nothing_overflows_on_small_and_large_screens(town: Town, browser: Browser) -> None:
    town.leak()
    page = await town.open(browser)
    widths = {}

    for width, height in ((1366, 768), (1920, 1080), (3840, 1080)):
        await page.set_viewport_size({"width": width, "height": height})
        widths[width, height] = await page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        )

    assert {size: tuple(found) for size, found in widths.items()} == {size: size for size in widths}


async def test_the_trend_zooms_moves_and_comes_back_to_now(town: Town, browser: Browser) -> None:
    page = await town.open(browser)
    shown, now = page.locator("#trend-range"), page.locator("#ranges button", has_text="Now")
    await page.locator("#trend").hover(position={"x": 200, "y": 80})
    before = await shown.inner_text()

    await page.mouse.wheel(0, -400)
    await expect(now).to_have_attribute("aria-pressed", "false")
    await page.mouse.down()
    await page.mouse.move(600, 300, steps=3)
    await page.mouse.up()
    moved = await shown.inner_text()
    await now.click()

    await expect(now).to_have_attribute("aria-pressed", "true")
    assert moved != before
    assert town.complaints == []


async def test_the_scales_are_round_numbers_and_whole_local_times(town: Town, browser: Browser) -> None:
    page = await town.open(browser)

    found = await page.evaluate(
        """async () => {
            const scale = await import("/static/trend_scale.js");
            const eightHours = 8 * 3600e3, midnight = Date.UTC(2026, 0, 1, 16);
            return {
                values: scale.valueTicks(0.283, 0.351, 5),
                times: scale.timeTicks(midnight - 3600e3, midnight + 7200e3, 4, eightHours).ticks,
                midnight,
                far: scale.valueRange(1, 2, [20]),
                noise: scale.valueRange(10.0, 10.1, [40]),
                near: scale.valueRange(12, 15, [20]),
                empty: scale.valueRange(Infinity, -Infinity, []),
                at: [scale.indexAt([1, 3, 5], 0), scale.indexAt([1, 3, 5], 3), scale.indexAt([1, 3, 5], 9)],
            };
        }"""
    )

    assert [round(value, 6) for value in found["values"]["ticks"]] == [0.3, 0.32, 0.34]
    assert found["values"]["decimals"] == 2
    assert [(time - found["midnight"]) / 3600e3 for time in found["times"]] == [-1, 0, 1, 2]
    assert found["far"][1] < 5
    assert found["noise"][1] - found["noise"][0] > 8
    assert found["near"][1] > 20
    assert found["empty"] == [0, 1]
    assert found["at"] == [0, 1, 3]
