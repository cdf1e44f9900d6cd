"""What an officer reads of a warning: values worked out over several channels, what they are made of, lead times."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Browser, Page, expect

from gateway.clock import SystemClock
from gateway.early_warning import Level
from gateway.model import SECOND
from tests.gateway.duty_room.town import FORECAST, NIGHTS

if TYPE_CHECKING:
    from tests.browser.conftest import Town

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LEVEL = "UP-01.drainage-01.level"
FLOW, PRESSURE = "DMA-01.water-01.flow", "DMA-01.water-01.pressure"
MINUTE = 60 * SECOND


def expect_water(town: Town, *, minutes_ago: float = 0, lead_minutes: float = 14) -> None:
    """Let water be expected to stand 31 cm deep in the underpass."""
    changes = {
        "channel": LEVEL,
        "quantity": "forecast_level",
        "unit": "m",
        "value": 0.31,
        "limit": 0.27,
        "rungs": FORECAST.rungs,
        "rule": "waterlogging:underpass_forecast",
        "lead_minutes": lead_minutes,
        "lead_minutes_span": (lead_minutes - 4.0, lead_minutes + 6.0),
        "value_time_ns": SystemClock().now().utc_ns - round(minutes_ago * MINUTE),
        "terms": {"level_now": 0.12, "level_trend": 0.2, "rain_15min": -0.01, "bias": 0.0},
    }
    town.warn("waterlogging", "UP-01", Level.ORANGE, town.evidence(**changes))


def find_leak_in_zone(town: Town) -> None:
    """Let the night flow of a zone rise."""
    changes = {
        "channel": FLOW,
        "quantity": "night_flow_rise",
        "unit": "%",
        "value": 23.0,
        "limit": 20.0,
        "rungs": NIGHTS.rungs,
        "rule": "pipe_leak:night_flow",
        "agreeing": (PRESSURE,),
        "terms": {"night_flow": 9.84, "night_flow_expected": 8.0, "pressures_fallen": 1.0},
    }
    town.warn("pipe_leak", "DMA-01", Level.YELLOW, town.evidence(**changes))


async def why(town: Town, browser: Browser, language: str = "en") -> tuple[Page, str]:
    """Return the page, and what its evidence panel says of the only warning."""
    page = await town.open(browser, language)
    await expect(page.locator("#evidence .finding")).to_have_count(1)
    return page, await page.locator("#evidence").inner_text()


async def test_a_lead_time_says_when_and_how_long_until_then(town: Town, browser: Browser) -> None:
    expect_water(town)

    page, text = await why(town, browser)

    assert "level in half an hour 0.310 m, above the Orange limit of 0.27 m" in text
    assert "it reaches the Orange limit of 0.27 m, in about 13 min" in text
    assert re.search(r"in about 13 min, nine times in ten between \d\d:\d\d and \d\d:\d\d", text)
    assert "reaches 0.27 m in about 13 min" in await page.locator(".warning-value").inner_text()
    assert town.complaints == []


async def test_a_lead_time_that_has_passed_says_so_and_no_longer_counts(town: Town, browser: Browser) -> None:
    expect_water(town, minutes_ago=20)

    page, text = await why(town, browser)

    assert "which has passed" in text
    assert "in about" not in await page.locator(".warning-value").inner_text()


async def test_a_sum_shows_every_term_that_weighs_and_what_they_come_to(town: Town, browser: Browser) -> None:
    expect_water(town)

    page, _ = await why(town, browser)

    rows = [" ".join(text.split()) for text in await page.locator(".terms li").all_inner_texts()]
    assert rows == ["level now +0.120 m", "at its present rise +0.200 m", "rain, last 15 min -0.010 m", "Sum 0.310 m"]


async def test_a_value_worked_out_is_never_mixed_up_with_the_channel_it_is_plotted_on(
    town: Town, browser: Browser
) -> None:
    find_leak_in_zone(town)

    page, text = await why(town, browser)

    assert await page.locator(".warning-value").inner_text() == "rise of the night flow 23.0 %"
    assert "rise of the night flow 23.0 %, above the Yellow limit of 20 %" in text
    rows = [" ".join(text.split()) for text in await page.locator(".terms li").all_inner_texts()]
    assert rows == ["lowest flow last night 9.84 m³/h", "lowest flow expected 8.00 m³/h", "pressures that fell 1"]


async def test_a_witness_is_named_and_a_click_shows_its_trend(town: Town, browser: Browser) -> None:
    find_leak_in_zone(town)
    page, _ = await why(town, browser, "zh")

    await page.locator("#evidence .facts button", has_text="管网压力").click()

    await expect(page.locator("#chosen-name")).to_have_text("南一环 DMA 进口 · 管网压力")
    assert town.complaints == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (63.2, ", above the Yellow limit of 20 %LEL, beyond Orange 50 %LEL too, which counts if it lasts"),
        (31.0, ", above the Yellow limit of 20 %LEL ·"),
        (12.0, ", back within the Yellow limit of 20 %LEL, still watched"),
    ],
    ids=["further beyond", "beyond", "back within"],
)
async def test_a_value_is_said_to_lie_where_it_lies(town: Town, browser: Browser, value: float, said: str) -> None:
    town.warn("gas_leak", "MH-01", Level.YELLOW, town.evidence(value=value, limit=20.0))

    _, text = await why(town, browser)

    assert said in text


async def test_the_card_of_a_lifeline_leads_to_its_most_urgent_warning(town: Town, browser: Browser) -> None:
    town.leak()
    expect_water(town)
    page = await town.open(browser)

    for lifeline, hazard in (("gas", "Gas leak"), ("drainage", "Waterlogging")):
        await page.locator(f"[data-lifeline={lifeline}]").click()

        await expect(page.locator("#evidence .what")).to_contain_text(hazard)
