"""How pages hear the gateway: many tabs of one browser, a browser without shared workers, a gateway that restarts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Browser, BrowserContext, expect

if TYPE_CHECKING:
    from tests.browser.conftest import Town

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HIDE = """isHidden => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""

WORKERS_CANNOT_START = """
    const Whole = window.SharedWorker;
    window.SharedWorker = class extends Whole { constructor() { super("/static/missing.js", { type: "module" }); } };
"""
JOIN_AND_SAY_NOTHING = """async () => {
    const { version } = await (await fetch("/api/v1/site")).json();
    const name = `lifeline ${version}`;
    window.port = new SharedWorker("/static/stream_worker.js", { type: "module", name }).port;
    window.heard = [];
    window.port.onmessage = ({ data }) => window.heard.push(data);
    window.port.postMessage("join");
}"""

WHAT_IT_IS_TOLD_NEXT = """async () => {
    while (window.heard.length < 65) await new Promise((resolve) => setTimeout(resolve, 20));
    return window.heard[64];
}"""


async def in_english(browser: Browser, script: str = "") -> BrowserContext:
    """Return one browser's worth of tabs."""
    context = await browser.new_context()
    await context.add_init_script(f"localStorage.setItem('lifeline.language', 'en'); {script}")
    return context


async def streams_become(town: Town, wanted: int) -> None:
    """Wait until so many streams are open."""
    async with asyncio.timeout(60):
        while town.streams != wanted:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.02)


async def test_eight_tabs_of_one_browser_are_live_at_once_over_one_stream(town: Town, browser: Browser) -> None:
    context = await in_english(browser)
    tabs = [await town.open_tab(context) for _ in range(8)]
    for tab in tabs:
        await tab.evaluate("window.isTheSamePage = true")

    town.leak()

    for tab in tabs:
        await expect(tab.locator(".warning .state")).to_have_text("not acknowledged", timeout=3_000)
        await expect(tab.locator("body")).to_have_class("is-live")
        assert await tab.evaluate("window.isTheSamePage")
    assert town.streams == 1
    assert town.complaints == []


async def test_what_is_acknowledged_in_one_tab_shows_in_the_others(town: Town, browser: Browser) -> None:
    context = await in_english(browser)
    mine, other = await town.open_tab(context), await town.open_tab(context)
    town.leak()

    await mine.locator(".warning button").click()
    await mine.locator("#acknowledge-person").fill("Wang Fang")
    await mine.locator("#acknowledge-send").click()

    await expect(other.locator(".warning .state")).to_have_text("acknowledged by Wang Fang")


async def test_a_tab_that_comes_later_knows_what_the_others_know(town: Town, browser: Browser) -> None:
    context = await in_english(browser)
    first = await town.open_tab(context)
    town.leak()
    await first.locator(".warning").wait_for()

    later = await town.open_tab(context)

    await expect(later.locator(".warning .state")).to_have_text("not acknowledged")


async def test_a_tab_that_comes_while_the_gateway_is_silent_does_not_take_old_for_new(
    town: Town, browser: Browser
) -> None:
    context = await in_english(browser)
    first = await town.open_tab(context)

    ages = await first.evaluate(
        """async () => {
            const { Store } = await import("/static/store.js");
            const store = new Store();
            store.take("snapshot", { values: {}, vitals: { now_ms: 1000 }, warnings: [], late: [] }, 60_000);
            return [store.silence(), store.now() - 1000];
        }"""
    )

    assert ages == [pytest.approx(60_000, abs=1_000)] * 2


async def test_the_stream_ends_with_the_last_tab(town: Town, browser: Browser) -> None:
    context = await in_english(browser)
    first, second = await town.open_tab(context), await town.open_tab(context)

    await first.close()
    await streams_become(town, 1)
    await second.close()

    await streams_become(town, 0)


async def test_a_tab_that_no_longer_answers_is_let_go_and_told_anew_when_it_does(town: Town, browser: Browser) -> None:
    tab = await (await in_english(browser)).new_page()
    await tab.goto(f"{town.server.url}healthz")
    await tab.evaluate(JOIN_AND_SAY_NOTHING)
    await streams_become(town, 1)

    for _ in range(70):
        town.leak()
    await streams_become(town, 0)
    await tab.evaluate("window.port.postMessage('heard')")

    await streams_become(town, 1)
    told = await tab.evaluate(WHAT_IT_IS_TOLD_NEXT)
    assert told["name"] == "snapshot"
    assert len(told["data"]["warnings"]) == 1


async def test_without_shared_workers_a_hidden_tab_lets_go_and_catches_up_when_it_is_seen(
    town: Town, browser: Browser
) -> None:
    context = await in_english(browser, "delete window.SharedWorker;")
    seen, hidden = await town.open_tab(context), await town.open_tab(context)
    assert town.streams == 2

    await hidden.evaluate(HIDE, True)  # noqa: FBT003 - an argument of the script
    await streams_become(town, 1)
    town.leak()
    await seen.locator(".warning").wait_for()
    assert await hidden.locator(".warning").count() == 0
    await hidden.evaluate(HIDE, False)  # noqa: FBT003

    await expect(hidden.locator(".warning .state")).to_have_text("not acknowledged")
    assert town.complaints == []


async def test_a_page_whose_shared_worker_cannot_start_listens_by_itself(town: Town, browser: Browser) -> None:
    tab = await town.open_tab(await in_english(browser, WORKERS_CANNOT_START))

    town.leak()

    await expect(tab.locator(".warning .state")).to_have_text("not acknowledged")
    await expect(tab.locator("body")).to_have_class("is-live")


async def test_an_open_page_goes_on_by_itself_when_the_gateway_comes_back(town: Town, browser: Browser) -> None:
    page = await town.open(browser)
    await page.evaluate("window.isTheSamePage = true")

    await town.restart()
    await expect(page.locator("body")).to_have_class("is-live", timeout=10_000)
    town.leak()

    await expect(page.locator(".warning .state")).to_have_text("not acknowledged", timeout=10_000)
    assert await page.evaluate("window.isTheSamePage")
