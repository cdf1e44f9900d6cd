"""The line under the trend: how far a channel is from its nearest limit, and what holds a warning back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Browser, expect

from gateway.clock import to_iso

if TYPE_CHECKING:
    from tests.browser.conftest import Town

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def rule(of: str, unit: str, **more: object) -> Mapping[str, object]:
    standing = {"standing": "none", "next_level": "yellow", "suppressed": [], "score": 0.5}
    return {"rule": of, "of": of, "hazard": "gas_leak", "basis": "made up", "margin_unit": unit, **standing, **more}


async def told(town: Town, browser: Browser, language: str, rules: list[Mapping[str, object]]) -> str:
    """Return what the page says of the channel it opens with."""

    def why(channel: str, at_ns: int) -> Mapping[str, object]:
        empty = dict.fromkeys(("value", "value_time", "level", "band", "onset"))
        lists: dict[str, list[str]] = {"suppressed": [], "agreeing": [], "disagreeing": []}
        names = {"channel": channel, "asset": "MH-01", "quantity": "combustible_gas", "unit": "%{LEL}"}
        nearest = {"nearest": rules[0]["rule"] if rules else "", "rules": rules, "at": to_iso(at_ns)}
        return {**empty, **lists, **names, **nearest, "data_trust": {}}

    town.ports = replace(town.ports, why=why)
    await town.restart()
    page = await town.open(browser, language)
    line = page.locator("#why-not")
    await expect(line).not_to_be_empty()
    assert town.complaints == []
    return await line.inner_text()


async def test_a_value_says_what_is_missing_to_its_limit(town: Town, browser: Browser) -> None:
    near = rule("value", "%{LEL}", limit=20.0, seen=18.0, margin=2.0)

    assert await told(town, browser, "en", [near]) == "Value 18.0 %LEL, 2.00 %LEL short of Yellow at 20 %LEL"


async def test_a_rate_is_said_in_its_own_unit_and_language(town: Town, browser: Browser) -> None:
    near = rule("rate", "m3/h/min", limit=5.0, seen=6.0, margin=-1.0, suppressed=["hold_time"])

    assert await told(town, browser, "zh", [near]) == "变化速率 6.00 m³/h/min，已越黄色限值 5 m³/h/min，未满持续时间"


async def test_a_rule_that_learns_has_no_opinion_yet(town: Town, browser: Browser) -> None:
    cold = rule("shift", "score", limit=2.0, seen=None, margin=None, score=None, suppressed=["warm_up"])

    assert await told(town, browser, "en", [cold]) == "Shift: no opinion yet, still learning"


async def test_a_channel_without_rules_says_so(town: Town, browser: Browser) -> None:
    assert await told(town, browser, "en", []) == "No rule watches this channel"
