from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gateway.clock import FakeClock
from gateway.collectors import CollectedDevice
from gateway.collectors.box import BoxCollector
from gateway.health import Health
from gateway.inventory import Device
from gateway.model import Batch, Record
from gateway.profiles import read_profile
from gateway.settings import BoxSettings


async def test_the_clocks_state_is_put_as_readings_of_its_channels() -> None:
    clock, batches = FakeClock(), list[Batch]()
    state: dict[str, float | None] = {"offset": 0.25, "synchronised": 1.0, "sure": 1.0}
    device = Device("clock", read_profile("road/gateway_clock"), "box", "BOX")
    collector = BoxCollector(
        BoxSettings("box", 60.0),
        [CollectedDevice(device, {"offset": 1, "synchronised": 2})],
        tell=lambda: {"clock": state},
        clock=clock,
        health=Health(),
    )

    async def put(records: Sequence[Record], *, urgent: bool = False) -> None:
        del urgent
        batches.extend(record for record in records if isinstance(record, Batch))

    running = asyncio.create_task(collector.run(put))
    await asyncio.sleep(0)
    state["offset"], state["synchronised"] = 3_600.0, 0.0
    await clock.advance(60)
    running.cancel()

    assert [batch.value.tolist() for batch in batches] == [[0.25, 1.0], [3_600.0, 0.0]]
    assert batches[0].channel.tolist() == [1, 2]
    assert batches[1].time_ns.tolist() == [clock.now().utc_ns] * 2
