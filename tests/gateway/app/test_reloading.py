"""A changed site file taken over by a gateway that collects from a real broker and a real Modbus server."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.app.reload_plan import compare
from gateway.clock import FakeClock, SystemClock
from gateway.early_warning import State
from gateway.errors import ConfigError
from gateway.model import SECOND, Batch, Instant, Quality, Tick, batch_of
from gateway.settings import Site, load_site
from simulators.servers.modbus_server import ModbusServer
from simulators.servers.mosquitto_broker import MosquittoBroker
from tests.gateway.collectors.rig import publish

METHANE, PRESSURE = "MH-1.gas-1.ch4", "P-1.meter-1.pressure"
SECOND_METHANE, SECOND_PRESSURE = "MH-1.gas-2.ch4", "P-1.meter-2.pressure"

SITE = """
site: {{id: test, timezone: UTC, http_port: 0}}
collectors:
  broker: {{kind: mqtt, host: 127.0.0.1, port: {mqtt}, topics: ["lifeline/{{device}}/up"]}}
  line: {{kind: modbus_tcp, host: 127.0.0.1, port: {modbus}, poll_seconds: 0.1}}
assets:
  MH-1: {{kind: manhole, lifeline: gas}}
  P-1: {{kind: pipe, lifeline: water}}
devices:
  gas-1: {{profile: gas/manhole_methane, collector: broker, asset: MH-1, report_seconds: 1}}
  meter-1: {{profile: water/keller_36xw, collector: line, asset: P-1, unit: 1, report_seconds: 1}}
{devices}
ladders:
  gas: {{quantity: combustible_gas, hazard: gas_leak, rungs: {{yellow: 20}}, basis: CJJ/T 146}}
stores:
  journal: {{cap_bytes: 16000000, segment_bytes: 4000000, raw_bytes: 0}}
"""
METER_2 = "  meter-2: {profile: water/keller_36xw, collector: line, asset: P-1, unit: 2, report_seconds: 1}"
GAS_2 = "  gas-2: {profile: gas/manhole_methane, collector: broker, asset: MH-1, report_seconds: 1}"


class Town:
    """A site file, and the broker and the meters that it names."""

    def __init__(self, folder: Path, broker: MosquittoBroker, meters: ModbusServer) -> None:
        self.file = folder / "site.yaml"
        self.broker, self.meters = broker, meters
        self.start_ms = time.time_ns() // 1_000_000 - 600_000
        self._sent = 0

    def write(self, *devices: str) -> Site:
        text = SITE.format(mqtt=self.broker.port, modbus=self.meters.port, devices="\n".join(devices))
        self.file.write_text(text)
        return load_site(self.file)

    async def say(self, device: str, count: int) -> None:
        numbers = range(self._sent, self._sent + count)
        self._sent += count
        body = '{{"ts":{time},"data":{{"ch4":{value},"temp":17.5,"bat":3612,"tilt":0.6,"water":0}}}}'
        messages = [body.format(time=self.start_ms + 1_000 * number, value=number / 100).encode() for number in numbers]
        await publish(self.broker, [(f"lifeline/{device}/up", message) for message in messages])


@pytest.fixture
def town(tmp_path: Path, need: Callable[[str], str]) -> Iterator[Town]:
    """Return a town whose meter 1 answers; meter 2 is yet to be built."""
    with MosquittoBroker(need("mosquitto"), tmp_path / "mosquitto") as broker, ModbusServer() as meters:
        meters.put(1, "holding", 256, struct.unpack(">4H", struct.pack(">ff", 3.5, 14.25)))
        yield Town(tmp_path, broker, meters)


@pytest.fixture
async def gateway(town: Town, tmp_path: Path) -> AsyncIterator[Gateway]:
    """Return a gateway that has heard of both devices."""
    async with Gateway(town.write(), tmp_path / "state", clock=SystemClock()) as gateway:
        await heard(gateway, PRESSURE)
        yield gateway


async def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        # What other threads do has no event to wait for.
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def heard(gateway: Gateway, channel: str, count: int = 1) -> None:
    await until(lambda: gateway.history.count(gateway.numbers[channel]) >= count)


def values(gateway: Gateway, channel: str) -> list[float]:
    end_ns = gateway.clock.now().utc_ns + 3_600 * SECOND
    found: list[float] = gateway.history.read(gateway.numbers[channel], 0, end_ns).value.tolist()
    return found


@pytest.mark.slow
async def test_readings_before_during_and_after_a_reload_are_all_in_history(town: Town, gateway: Gateway) -> None:
    await heard(gateway, PRESSURE)
    await town.say("gas-1", 50)
    town.meters.put(2, "holding", 256, struct.unpack(">4H", struct.pack(">ff", 4.5, 14.25)))
    town.write(METER_2, GAS_2)
    number = gateway.numbers[METHANE]

    plan, _ = await asyncio.gather(
        gateway.reloads.begin(dry_run=False, force=False, watch_seconds=0.2), town.say("gas-1", 300)
    )
    ended = await gateway.reloads.settled()
    await town.say("gas-2", 1)
    await town.say("gas-1", 50)
    await heard(gateway, METHANE, 400)
    await heard(gateway, SECOND_PRESSURE)
    await heard(gateway, SECOND_METHANE)

    assert ended.stage == "done", ended.reason
    assert gateway.numbers[METHANE] == number
    assert values(gateway, METHANE) == [each / 100 for each in [*range(350), *range(351, 401)]]
    assert {SECOND_METHANE, SECOND_PRESSURE} <= set(plan.added)
    assert set(plan.restarted) == {"broker", "line"}
    assert [trial.ok for trial in plan.trials] == [True, True]
    assert any("pressure 0.45" in trial.said for trial in plan.trials)


@pytest.mark.slow
async def test_collectors_that_are_not_concerned_keep_their_connection(town: Town, gateway: Gateway) -> None:
    before = gateway.running("broker"), gateway.running("line")
    town.meters.put(2, "holding", 256, struct.unpack(">4H", struct.pack(">ff", 4.5, 14.25)))
    town.write(METER_2)

    plan = await gateway.reloads.begin(dry_run=False, force=False, watch_seconds=0.1)
    await gateway.reloads.settled()

    assert plan.restarted == ("line",)
    assert gateway.running("broker") is before[0]
    assert gateway.running("line") is not before[1]


@pytest.mark.slow
async def test_a_broken_file_changes_nothing(town: Town, gateway: Gateway) -> None:
    site = gateway.site
    town.write(GAS_2)
    town.file.write_text(town.file.read_text().replace("manhole_methane", "manhole_metane"))

    with pytest.raises(ConfigError, match="there is no profile"):
        await gateway.reloads.begin(dry_run=False, force=False)

    assert gateway.site is site
    assert gateway.reloads.progress().stage == "idle"


@pytest.mark.slow
async def test_a_new_device_that_does_not_answer_is_refused_unless_forced(town: Town, gateway: Gateway) -> None:
    town.write(METER_2.replace("unit: 2", "unit: 77"))

    refused = await gateway.reloads.begin(dry_run=False, force=False)
    stage = gateway.reloads.progress().stage
    forced = await gateway.reloads.begin(dry_run=False, force=True, watch_seconds=0.1)
    ended = await gateway.reloads.settled()

    assert "meter-2" in refused.refused[0]
    assert stage == "idle"
    assert forced.added
    assert ended.stage == "done"


@pytest.mark.slow
async def test_a_dry_run_says_what_would_change_and_changes_nothing(town: Town, gateway: Gateway) -> None:
    site = gateway.site
    town.write(GAS_2)

    told = await gateway.reloads.reload(dry_run=True, force=False, watch_seconds=0)

    assert told["stage"] == "planned"
    assert SECOND_METHANE in told["added"]  # type: ignore[operator]  # a JSON document
    assert gateway.site is site


@pytest.mark.slow
async def test_the_former_site_returns_when_channels_fall_silent(town: Town, gateway: Gateway) -> None:
    site = gateway.site
    text = town.file.read_text()
    text += "channels:\n  P-1.meter-1.pressure: {report_seconds: 0.1, fresh_seconds: 0.5}\n"
    town.file.write_text(text.replace("poll_seconds: 0.1", "poll_seconds: 5"))

    await gateway.reloads.begin(dry_run=False, force=False, watch_seconds=20)
    ended = await gateway.reloads.settled()

    assert ended.stage == "rolled back"
    assert PRESSURE in ended.reason
    assert gateway.site == site
    count = gateway.history.count(gateway.numbers[PRESSURE])
    await heard(gateway, PRESSURE, count + 3)


@pytest.mark.slow
async def test_the_former_site_returns_when_the_swap_fails(
    town: Town, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, swap = gateway.site, gateway.swap
    town.write(GAS_2)

    async def fail_once(new: Site) -> None:
        await swap(new)
        if new is not site:
            raise OSError("no space left on device")

    monkeypatch.setattr(gateway, "swap", fail_once)

    await gateway.reloads.begin(dry_run=False, force=False)
    ended = await gateway.reloads.settled()

    assert (ended.stage, ended.reason) == ("rolled back", "OSError: no space left on device")
    assert gateway.site is site
    await town.say("gas-1", 3)
    await heard(gateway, METHANE, 3)


def test_what_needs_a_restart_is_refused(tmp_path: Path) -> None:
    before, after = tmp_path / "before.yaml", tmp_path / "after.yaml"
    text = SITE.format(mqtt=1, modbus=2, devices="")
    before.write_text(text)
    after.write_text(text.replace("id: test", "id: other"))

    plan = compare(load_site(before), load_site(after))

    assert plan.refused == ("site.id cannot change while the gateway runs; restart it",)


async def test_the_warning_of_a_removed_channel_closes_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(SITE.format(mqtt=1, modbus=2, devices=GAS_2))
    with_both = load_site(file)
    file.write_text(SITE.format(mqtt=1, modbus=2, devices=""))
    clock = FakeClock()
    start_ns = clock.now().utc_ns
    async with Gateway(with_both, tmp_path / "state", clock=clock, live=False) as gateway:
        number = gateway.numbers[SECOND_METHANE]
        leak: list[Batch | Tick] = [
            batch_of(
                [(number, start_ns + each * SECOND, 60.0, Quality.GOOD, 0)], Instant(start_ns + each * SECOND, 0, "b")
            )
            for each in range(3)
        ]
        await gateway.put(leak, urgent=True)
        await gateway.drained()
        (active,) = [each for each in gateway.ledger.warnings() if each.hazard == "gas_leak"]

        await gateway.reloads.begin(dry_run=False, force=True, watch_seconds=0)
        ended = await gateway.reloads.settled()

        closed = gateway.ledger.warning(active.id)
        assert ended.stage == "done", ended.reason
        assert closed is not None
        assert closed.state is State.CLOSED
        assert gateway.ledger.steps(active.id)[-1].note == "inventory changed"
