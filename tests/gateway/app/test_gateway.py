from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.app.state_lock import StateLock
from gateway.clock import FakeClock, SystemClock
from gateway.early_warning import EarlyWarning
from gateway.errors import Unreachable
from gateway.model import SECOND, Instant, Quality, Record, Tick, batch_of
from gateway.settings import ModbusTcpSettings, MqttSettings
from tests.example_site import example_site

METHANE = "MH-0231.gas-0231.ch4"


def leak(number: int, start_ns: int, seconds: range) -> list[Record]:
    """Return readings of one channel every 10 s that rise over the ladder, with the journal's ticks between."""
    records: list[Record] = []
    for second in seconds:
        now_ns = start_ns + second * SECOND
        value = 2.0 if second < 60 else 60.0
        records.append(batch_of([(number, now_ns, value, Quality.GOOD, 0)], Instant(now_ns, second * SECOND, "b")))
        records.append(Tick(now_ns))
    return records


def leaks(gateway: Gateway) -> list[EarlyWarning]:
    """Return the warnings of a gas leak; the rest of the district is silent here and says so."""
    return [warning for warning in gateway.ledger.warnings() if warning.hazard == "gas_leak"]


async def test_what_is_put_comes_out_as_history_and_as_a_warning(tmp_path: Path) -> None:
    clock = FakeClock()
    start_ns = clock.now().utc_ns
    async with Gateway(example_site(), tmp_path, clock=clock, live=False) as gateway:
        number = gateway.numbers[METHANE]

        await gateway.put(leak(number, start_ns, range(0, 300, 10)), urgent=True)
        await gateway.drained()

        rows = gateway.history.read(number, start_ns, start_ns + 300 * SECOND)
        found = [(warning.hazard, warning.asset, warning.start_ns) for warning in leaks(gateway)]
        assert rows.value.tolist() == [2.0] * 6 + [60.0] * 24
        assert found == [("gas_leak", "MH-0231", start_ns + 60 * SECOND)]


async def test_a_restart_changes_neither_history_nor_warnings_nor_numbers(tmp_path: Path) -> None:
    clock = FakeClock()
    start_ns = clock.now().utc_ns
    site = example_site()
    async with Gateway(site, tmp_path, clock=clock, live=False) as gateway:
        number = gateway.numbers[METHANE]
        await gateway.put(leak(number, start_ns, range(0, 150, 10)), urgent=True)
        await gateway.drained()
        before = leaks(gateway)

    async with Gateway(site, tmp_path, clock=clock, live=False) as gateway:
        again = leaks(gateway)
        await gateway.put(leak(number, start_ns, range(150, 300, 10)), urgent=True)
        await gateway.drained()

        assert again == before
        assert gateway.numbers[METHANE] == number
        assert gateway.history.count(number) == 30
        assert [warning.id for warning in leaks(gateway)] == [warning.id for warning in before]


async def test_a_lost_journal_hands_out_no_number_twice(tmp_path: Path) -> None:
    clock = FakeClock()
    start_ns = clock.now().utc_ns
    site = example_site()
    async with Gateway(site, tmp_path, clock=clock, live=False) as gateway:
        highest = max(gateway.numbers.values())
        await gateway.put(leak(gateway.numbers[METHANE], start_ns, range(0, 150, 10)), urgent=True)
        await gateway.drained()
    for path in sorted((tmp_path / "journal").rglob("*"), reverse=True):
        path.unlink()

    async with Gateway(site, tmp_path, clock=clock, live=False) as gateway:
        number = gateway.numbers[METHANE]
        await gateway.put(leak(number, start_ns, range(150, 300, 10)), urgent=True)
        await gateway.drained()

        assert min(gateway.numbers.values()) > highest
        assert gateway.history.count(number) == 15


async def test_a_gateway_whose_broker_and_meters_are_away_starts_says_so_and_stops(tmp_path: Path) -> None:
    site = example_site()
    nowhere = {
        name: replace(settings, host="127.0.0.1", port=1)
        for name, settings in site.collectors.items()
        if isinstance(settings, MqttSettings | ModbusTcpSettings)
    }
    assert nowhere.keys() == site.collectors.keys()

    async with Gateway(replace(site, collectors=nowhere), tmp_path, clock=SystemClock(), port=0) as gateway:
        async with asyncio.timeout(60):
            # Conditions are for looking at; nobody is told of a change.
            while not (away := [each for each in gateway.health.conditions() if not each.ok]):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    assert gateway.url.startswith("http://127.0.0.1:")
    assert {each.name.split(":")[0] for each in away} == {"collector"}
    assert all(each.reason for each in away)


def test_a_state_folder_serves_one_gateway_at_a_time(tmp_path: Path) -> None:
    with StateLock(tmp_path), pytest.raises(Unreachable, match="is in use by process"), StateLock(tmp_path):
        pass
