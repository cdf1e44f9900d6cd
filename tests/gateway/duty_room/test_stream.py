from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest

from gateway.clock import FakeClock
from gateway.duty_room import DutyRoomPorts
from gateway.duty_room.live import Live
from gateway.duty_room.stream import Stream
from gateway.early_warning import Finding, Level
from gateway.ledger import Ledger
from gateway.model import SECOND
from tests.gateway.duty_room.town import MemoryHistory

Make = Callable[..., Finding]

GAS = "MH-01.gas-01.ch4"


async def everything() -> bytes:
    return b'"all"'


async def following(frames: AsyncIterator[bytes]) -> list[str]:
    """Return the events that come next, by name and data."""
    text = (await asyncio.wait_for(anext(frames), 60)).decode()
    return [
        frame.partition("event: ")[2].replace("\ndata: ", " ") for frame in text.split("\n\n") if "event: " in frame
    ]


async def test_a_new_page_gets_a_snapshot_and_then_each_frame() -> None:
    stream = Stream("life")
    frames = stream.follow("", everything)

    first = await following(frames)
    stream.publish("tick", b"1")
    stream.publish("tick", b"2")

    assert first == ['snapshot "all"']
    assert await following(frames) == ["tick 1", "tick 2"]


async def test_a_page_that_was_cut_off_goes_on_where_it_was() -> None:
    stream = Stream("life")
    stream.publish("tick", b"1")
    place = stream.place
    stream.publish("tick", b"2")

    frames = stream.follow(place, everything)

    assert await following(frames) == ["tick 2"]


@pytest.mark.parametrize("place", ["other-1", "life-99", "life-x", "life-", "-", "life--1"])
async def test_a_place_of_another_life_means_a_snapshot(place: str) -> None:
    stream = Stream("life")
    stream.publish("tick", b"1")

    frames = stream.follow(place, everything)

    assert (await following(frames))[-1] == 'snapshot "all"'


async def test_a_page_that_falls_out_of_the_ring_is_told_so_and_gets_a_snapshot() -> None:
    stream = Stream("life", ring_frames=3)
    frames = stream.follow("", everything)
    await following(frames)

    for number in range(4):
        stream.publish("tick", b"%d" % number)

    assert await following(frames) == ["resync {}", 'snapshot "all"']


async def test_one_slow_page_costs_the_others_nothing() -> None:
    stream = Stream("life", ring_frames=3)
    slow, quick = stream.follow("", everything), stream.follow("", everything)
    await following(slow)
    await following(quick)

    for number in range(10):
        stream.publish("tick", b"%d" % number)
        assert await following(quick) == [f"tick {number}"]

    assert len(stream._ring) == 3


async def test_nothing_falls_between_a_snapshot_and_the_frames_after_it() -> None:
    stream = Stream("life")

    async def slow_snapshot() -> bytes:
        stream.publish("tick", b"meanwhile")
        return b'"all"'

    frames = stream.follow("", slow_snapshot)
    await following(frames)

    assert await following(frames) == ["tick meanwhile"]


async def test_closing_ends_every_page() -> None:
    stream = Stream("life")
    frames = stream.follow("", everything)
    await following(frames)
    waiting = asyncio.create_task(following(frames))
    await asyncio.sleep(0)

    stream.close()

    with pytest.raises(StopAsyncIteration):
        await waiting
    assert stream.pages == 0


async def test_a_page_hears_of_a_warning_at_once_and_of_values_each_second(
    ports: DutyRoomPorts, ledger: Ledger, history: MemoryHistory, clock: FakeClock, finding: Make
) -> None:
    live = Live(ports)
    running = asyncio.create_task(live.run())
    frames = live.stream.follow("", live.snapshot)
    snapshot = (await following(frames))[0]

    await asyncio.wrap_future(ledger.record_findings([finding(Level.RED, asset="MH-01")]))
    (warning,) = await following(frames)
    history.write(ports.numbers[GAS], clock.now().utc_ns + SECOND, 7.5)
    await clock.advance(1)
    (tick,) = await following(frames)

    assert json.loads(snapshot.removeprefix("snapshot "))["warnings"] == []
    assert json.loads(warning.removeprefix("warning "))["level"] == "red"
    told = json.loads(tick.removeprefix("tick "))
    assert told["values"] == {GAS: [1_700_000_001_000, 7.5, 1]}
    assert told["vitals"]["warnings_open"] == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_values_that_did_not_change_are_not_told_again(
    ports: DutyRoomPorts, history: MemoryHistory, clock: FakeClock
) -> None:
    live = Live(ports)
    running = asyncio.create_task(live.run())
    frames = live.stream.follow("", live.snapshot)
    await following(frames)
    history.write(ports.numbers[GAS], clock.now().utc_ns, float("nan"), 9)

    ticks = []
    for _ in range(2):
        await clock.advance(1)
        ticks += await following(frames)

    first, second = (json.loads(tick.removeprefix("tick ")) for tick in ticks)
    assert first["values"] == {GAS: [1_700_000_000_000, None, 9]}
    assert second["values"] == {}
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_history_that_fails_once_does_not_end_the_stream(
    ports: DutyRoomPorts, history: MemoryHistory, clock: FakeClock
) -> None:
    live = Live(ports)
    running = asyncio.create_task(live.run())
    frames = live.stream.follow("", live.snapshot)
    await following(frames)

    history.newest = {-1: "not a reading"}  # type: ignore[dict-item]
    await clock.advance(1)
    while ("duty_room", "failed", "tick") not in ports.health.counts():  # noqa: ASYNC110 - a counter wakes nobody
        await asyncio.sleep(0)
    history.newest = {}
    await clock.advance(1)

    assert (await following(frames))[0].startswith("tick ")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
