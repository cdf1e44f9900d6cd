"""A real browser before the town's page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from gateway.clock import SystemClock
from gateway.duty_room import DutyRoomPorts, create_app, serve
from gateway.duty_room.live import Live
from gateway.duty_room.serving import DutyRoomServer
from gateway.early_warning import Evidence, Finding, Level, finding_id
from gateway.health import Health
from gateway.ledger import Ledger
from gateway.model import SECOND
from tests.gateway.duty_room.town import GAS, MemoryHistory, town_inventory

CHANNEL = "MH-01.gas-01.ch4"
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@dataclass(slots=True)
class Town:
    """A page that is being served, and what stands behind it."""

    server: DutyRoomServer
    app: FastAPI
    ports: DutyRoomPorts
    ledger: Ledger
    history: MemoryHistory
    numbers: dict[str, int]
    complaints: list[str] = field(default_factory=list)
    """What a browser complained of, and each request that left the page's own origin."""

    def leak(self, level: Level = Level.ORANGE, value: float = 63.2) -> None:
        """Let gas leak into the first manhole."""
        self.history.write(self.numbers[CHANNEL], SystemClock().now().utc_ns, value)
        self.warn("gas_leak", "MH-01", level, self.evidence(value=value))

    def evidence(self, **changes: object) -> Evidence:
        """Return evidence of a gas leak as of now, with some of it otherwise."""
        now_ns = SystemClock().now().utc_ns
        evidence = Evidence(
            channel=CHANNEL,
            quantity="combustible_gas",
            unit="%{LEL}",
            rule=f"limits:{GAS.name}",
            version="limits 1",
            basis=GAS.basis,
            value=63.2,
            value_time_ns=now_ns,
            limit=50.0,
            rungs=GAS.rungs,
            window_start_ns=now_ns - 600 * SECOND,
            window_end_ns=now_ns,
            data_trust={"good_share": 1.0},
        )
        return replace(evidence, **changes)  # type: ignore[arg-type]

    def warn(self, hazard: str, asset: str, level: Level, evidence: Evidence) -> None:
        """Let detection say something."""
        now_ns = evidence.value_time_ns
        start_ns = now_ns - 20 * SECOND
        finding = Finding(
            id=finding_id("town", hazard, evidence.channel, evidence.rule, start_ns),
            hazard=hazard,
            asset=asset,
            start_ns=start_ns,
            time_ns=now_ns,
            learned_ns=now_ns,
            level=level,
            score=3.2,
            is_late=False,
            evidence=evidence,
        )
        self.ledger.record_findings([finding]).result(5)

    @property
    def streams(self) -> int:
        """How many event streams browsers hold open."""
        live: Live = self.app.state.live
        return live.stream.pages

    async def restart(self) -> None:
        """Stop the gateway, and start another life of it at the same address."""
        await self.server.stop()
        port = urlsplit(self.server.url).port
        assert port is not None
        self.app = create_app(self.ports)
        self.server = await serve(self.app, "127.0.0.1", port)

    async def open(self, browser: Browser, language: str = "en") -> Page:
        """Open the page as somebody else would, and wait until it is ready."""
        context = await browser.new_context(viewport={"width": 1366, "height": 768})
        await context.add_init_script(f"localStorage.setItem('lifeline.language', '{language}')")
        return await self.open_tab(context)

    async def open_tab(self, context: BrowserContext) -> Page:
        """Open the page in one more tab of a browser, and wait until it is ready."""
        page = await context.new_page()
        page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(self.server.url) else self.complaints.append(f"left: {request.url}")
            ),
        )
        await page.goto(self.server.url)
        await page.wait_for_selector("body[data-ready]", timeout=20_000)
        return page


async def becomes(page: Page, expression: str, wanted: object) -> None:
    """Wait until an expression has a value; Playwright's own way needs eval, which the page forbids."""
    async with asyncio.timeout(60):
        while await page.evaluate(expression) != wanted:  # noqa: ASYNC110 - the browser tells nobody
            await asyncio.sleep(0.02)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """Return a town with an hour of history behind it."""
    clock, health, history = SystemClock(), Health(), MemoryHistory()
    inventory, signals = town_inventory()
    numbers = {channel: number for number, channel in enumerate(inventory.channels, 1)}
    now_ns = clock.now().utc_ns
    for channel, number in numbers.items():
        for minute in range(60):
            history.write(number, now_ns - minute * 60 * SECOND, signals[channel].usual)
    ledger = Ledger.open(tmp_path / "ledger", site="town", clock=clock, health=health)
    ports = DutyRoomPorts(inventory, numbers, ledger, history, health, clock)
    app = create_app(ports)
    town = Town(await serve(app, "127.0.0.1", 0), app, ports, ledger, history, numbers)
    yield town
    await town.server.stop()
    ledger.close()


@pytest.fixture
async def browser(need: Callable[[str], str]) -> AsyncIterator[Browser]:
    """Return Debian's chromium, driven without a window."""
    path = need("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        await browser.close()
