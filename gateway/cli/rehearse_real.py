"""`lifeline rehearse --real`: a scenario in real time, through real sockets, with the gateway as it runs in service.

The time to learn from passes first, on the simulated clock; then a broker and Modbus lines open on free ports of
loopback, and the judged time takes as long as it lasts. Nothing is left behind.
"""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.live_fleet import open_fleet, speech_of
from gateway.cli.rehearsal_site import site_of
from gateway.cli.rehearsed import Rehearsed
from gateway.clock import SystemClock
from gateway.errors import Unreachable
from gateway.model import SECOND

if TYPE_CHECKING:
    from gateway.early_warning import EarlyWarning
    from gateway.settings import Site
    from simulators.fleet import Counted
    from simulators.reports import Report
    from simulators.scenarios.scenario import Scenario, Stage

_RUN_IN_SECONDS = 600.0
"""What passes at least before the judged time, so that waters have found their level."""
_LOOK_SECONDS = 0.2
_SETTLE_SECONDS = 2.0
"""What was sent last still reaches the ledger."""
Watch = Callable[[Iterable["Report"]], Iterator["Report"]]


async def rehearse_real(scenario: Scenario, site_file: Path | None, watch: Watch) -> Rehearsed:
    """Play a scenario that begins now and judge what the gateway said; `watch` shows how far the learning is."""
    from gateway.app.rehearsal import Counted, climbs_of  # noqa: PLC0415 - `lifeline --help` must not pay for numpy
    from simulators.models.refusal import BrokenOff  # noqa: PLC0415
    from simulators.scenarios.judging import Raised, judge  # noqa: PLC0415
    from simulators.scenarios.moving import moved  # noqa: PLC0415
    from simulators.scenarios.scenario import Stage  # noqa: PLC0415

    started = time.perf_counter()
    learns_seconds = max(_RUN_IN_SECONDS, (scenario.start_ns - scenario.learn_ns) / SECOND)
    scenario = moved(scenario, SystemClock().now().utc_ns, run_in_seconds=learns_seconds)
    with tempfile.TemporaryDirectory(prefix="lifeline-rehearsal-") as folder:
        site = site_of(scenario, Path(folder), site_file)
        with Stage(scenario, site.inventory) as stage:
            stage.reports.wrap(speech_of(site).chirpstack)
            try:
                await _learn(site, stage, Path(folder) / "state", watch)
            except BrokenOff as error:
                raise Unreachable(str(error)) from error
            said, warnings, kept = await _live(site, stage, Path(folder))
            windows = stage.windows
    raised = [Raised(one.hazard, one.asset, climbs_of(one)) for one in warnings]
    judgement = judge(
        scenario.expectations,
        windows,
        raised,
        start_ns=scenario.start_ns,
        end_ns=scenario.end_ns,
        kin=stage.kin,
    )
    counted = Counted(said.messages, said.requests, kept, kept)
    return Rehearsed(scenario, judgement, windows, raised, counted, time.perf_counter() - started)


async def _learn(site: Site, stage: Stage, state: Path, watch: Watch) -> None:
    """Let the time before now pass on the simulated clock, and what passed meanwhile."""
    from gateway.app.rehearsal import Rehearsal  # noqa: PLC0415 - see `rehearse_real`

    reports, start_ns = stage.reports, stage.scenario.learn_ns
    rehearsing = Rehearsal(site, state, start_ns=start_ns, answer=reports.replied, bear_again=reports.bear_again)
    async with rehearsing as rehearsal:
        await rehearsal.play(watch(stage.arrivals(stage.scenario.start_ns)), stage.scenario.start_ns)
        now_ns = SystemClock().now().utc_ns
        await rehearsal.play(stage.arrivals(now_ns), now_ns)


async def _live(site: Site, stage: Stage, folder: Path) -> tuple[Counted, list[EarlyWarning], int]:
    """Run fleet and gateway until the scenario ends; return what was said, every warning, and the readings kept."""
    from gateway.app import Gateway  # noqa: PLC0415 - see `rehearse_real`

    clock = SystemClock()
    async with AsyncExitStack() as stack:
        fleet, collectors = open_fleet(stack, site, stage.reports, folder / "broker")
        gateway = Gateway(dataclasses.replace(site, collectors=collectors), folder / "state", clock=clock, port=0)
        await stack.enter_async_context(gateway)
        fleet.start()
        while clock.now().utc_ns < stage.scenario.end_ns:
            if fleet.failed is not None:
                raise Unreachable(f"the simulated fleet has broken down: {fleet.failed}") from fleet.failed
            await asyncio.sleep(_LOOK_SECONDS)
        await asyncio.sleep(_SETTLE_SECONDS)
        await gateway.drained()
        return fleet.counted(), list(gateway.ledger.warnings()), gateway.history.count(None)
