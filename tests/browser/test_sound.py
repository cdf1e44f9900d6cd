"""What an officer hears."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from gateway.early_warning import Level
from tests.browser.conftest import becomes

if TYPE_CHECKING:
    from tests.browser.conftest import Town

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COUNT = """
    localStorage.setItem("lifeline.language", "en");
    window.pulses = 0;
    const create = AudioContext.prototype.createOscillator;
    AudioContext.prototype.createOscillator = function () { window.pulses += 1; return create.call(this); };
"""


async def listening(browser: Browser) -> BrowserContext:
    """Return a browser that counts the pulses of its sounds."""
    context = await browser.new_context(viewport={"width": 1366, "height": 768})
    await context.add_init_script(COUNT)
    return context


async def switch_on(page: Page) -> None:
    """Switch the sound on."""
    await page.locator("#sound").click()
    await expect(page.locator("#sound")).to_have_text("Sound on")


async def test_nothing_sounds_until_somebody_switches_it_on(town: Town, browser: Browser) -> None:
    page = await town.open_tab(await listening(browser))
    town.leak()
    await page.locator(".warning").wait_for()

    before = await page.evaluate("window.pulses")
    await switch_on(page)

    assert before == 0
    await becomes(page, "window.pulses", 2)
    assert town.complaints == []


async def test_orange_sounds_and_yellow_does_not(town: Town, browser: Browser) -> None:
    page = await town.open_tab(await listening(browser))
    await switch_on(page)

    town.leak(Level.YELLOW, 23.0)
    await expect(page.locator(".warning")).to_contain_text("Yellow")
    quiet = await page.evaluate("window.pulses")
    town.leak()

    await becomes(page, "window.pulses", 2)
    assert quiet == 0


async def test_of_two_tabs_one_sounds(town: Town, browser: Browser) -> None:
    context = await listening(browser)
    tabs = [await town.open_tab(context), await town.open_tab(context)]
    for tab in tabs:
        await tab.bring_to_front()
        if await tab.locator("#sound").inner_text() != "Sound on":
            await switch_on(tab)

    town.leak()
    for tab in tabs:
        await tab.locator(".warning").wait_for()

    await becomes(tabs[0], "window.pulses", 2)
    assert await tabs[1].evaluate("window.pulses") == 0
    await tabs[0].close()
    await becomes(tabs[1], "window.pulses", 2)
