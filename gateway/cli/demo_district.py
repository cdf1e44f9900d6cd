"""The district of the demo: a shipped scenario in which nothing happens until somebody stages it.

Its world lives through a day before now on a simulated clock, through the collectors' own decoding, and then goes on.
Everything that steps it runs in threads: solvers and their imports would hold up the page.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import yaml

from gateway.cli.live_fleet import open_fleet
from gateway.clock import FakeClock, SystemClock
from gateway.errors import NotAllowed, Unreachable
from gateway.model import SECOND

if TYPE_CHECKING:
    # `lifeline --help` must not pay for the simulators, nor a base install need their extras.
    from gateway.settings import CollectorSettings, Site
    from simulators.fleet import LiveFleet
    from simulators.scenarios.scenario import Stage
    from simulators.staging import Staging

NAME = "demo"
PAST_SECONDS = 86_400.0
WORDS = ("gas", "storm", "burst")
"""What can be staged; `simulators.staging` has the same, which is not to be imported for a usage line."""
_NEEDED = ("pandapipes", "pyswmm", "six", "wntr")
_PARTS = 96
"""Parts in which the past is played: after each there is a percentage to show, and a moment to stop."""
_SLICE_SECONDS = 60.0
_LIVE_SECONDS = 2.0
"""How often devices report once somebody looks, and lines are asked."""
_LASTS_SECONDS = 30 * 86_400.0
_HOLD_SECONDS = 3.0
"""No limit is to be passed for longer than this before it warns: a visitor does not wait."""

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


class District:
    """The scenario's world and site, and what may be staged; `close` leaves no file behind."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._stack = ExitStack()
        self._fleet: LiveFleet | None = None
        self._staging: Staging
        self.site: Site
        self.stage: Stage

    def open(self, now_ns: int) -> None:
        """Build it as it was a day ago; Unreachable when the extra is not installed. Takes seconds: not on the loop."""
        from simulators.servers.nats_broker import nats_server  # noqa: PLC0415

        nats_server()
        missing = missing_packages()
        if missing:
            raise Unreachable(
                f"the demo needs {', '.join(missing)}: pip install 'lifeline-gateway[demo]', or run ./lifeline demo"
            )
        from gateway.settings import load_site  # noqa: PLC0415 - see TYPE_CHECKING above
        from simulators.scenarios.loading import load_scenario, shipped  # noqa: PLC0415
        from simulators.scenarios.moving import moved  # noqa: PLC0415
        from simulators.scenarios.scenario import Stage  # noqa: PLC0415
        from simulators.staging import Staging, stories_of, uneventful  # noqa: PLC0415

        told = load_scenario(next(path for path in shipped() if path.stem == NAME))
        scenario = moved(uneventful(told), now_ns, run_in_seconds=PAST_SECONDS)
        scenario = replace(scenario, end_ns=now_ns + round(_LASTS_SECONDS * SECOND))
        file = self._state / "site.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(site_text(scenario.site_text(), scenario.title, scenario.report_seconds), encoding="utf-8")
        self.site = load_site(file)
        self.stage = self._stack.enter_context(Stage(scenario, self.site.inventory))
        self._staging = Staging(stories_of(told), self.stage.world)

    async def live_through_the_past(self, progress: Callable[[float], None]) -> None:
        """Let the app itself live through the day before now, or what of it a kept state has not seen."""
        from gateway.app.rehearsal import Rehearsal  # noqa: PLC0415 - see TYPE_CHECKING above

        stage, state = self.stage, self._state / "gateway"
        begin_ns = max(stage.scenario.learn_ns, await _newest(self.site, state))
        # What a kept state has seen is lived through by the world alone.
        await in_thread(lambda: sum(1 for _ in stage.reports.until(begin_ns)))
        replied = stage.reports.replied
        async with Rehearsal(
            self.site, state, start_ns=begin_ns, answer=replied, slice_seconds=_SLICE_SECONDS
        ) as rehearsal:
            span_ns = stage.scenario.start_ns - begin_ns
            for part in range(1, _PARTS + 1):
                end_ns = begin_ns + span_ns * part // _PARTS
                arrivals = await in_thread(lambda until_ns: list(stage.reports.until(until_ns)), end_ns)
                await rehearsal.play(arrivals, end_ns)
                progress(part / _PARTS)
            # Meanwhile some seconds have passed.
            now_ns = SystemClock().now().utc_ns
            await rehearsal.play(await in_thread(lambda: list(stage.reports.until(now_ns))), now_ns)

    def go_live(self, stack: AsyncExitStack) -> tuple[LiveFleet, dict[str, CollectorSettings]]:
        """Open broker and lines for the same world, which reports every two seconds once the fleet is started."""
        from gateway.settings import ModbusTcpSettings  # noqa: PLC0415 - see TYPE_CHECKING above
        from simulators.reports import Reports  # noqa: PLC0415

        stage, inventory = self.stage, self.site.inventory
        reports = Reports(
            inventory,
            stage.signals,
            stage.instruments,
            start_ns=SystemClock().now().utc_ns,
            period_seconds=dict.fromkeys(inventory.devices, _LIVE_SECONDS),
        )
        self._fleet, collectors = open_fleet(stack, self.site, reports, self._state / "broker")
        for name, settings in collectors.items():
            if isinstance(settings, ModbusTcpSettings):
                collectors[name] = replace(settings, poll_seconds=_LIVE_SECONDS)
        return self._fleet, collectors

    def begin(self, word: str) -> Future[str]:
        """Stage a word where the world is stepped; the future says what happens, or why it cannot."""
        if self._fleet is None:
            raise Unreachable("the district is not live yet")
        return self._fleet.between(lambda: self._staging.stage(word, SystemClock().now().utc_ns))

    def close(self) -> None:
        """Leave nothing behind."""
        self._stack.close()


class Stages:
    """What the page of the demo may break: the port of the duty room."""

    words = WORDS

    def __init__(self, begin: Callable[[str], Future[str]]) -> None:
        self._begin = begin

    async def stage(self, word: str, /) -> str:
        """Let it happen now; NotAllowed for what is none, or what the world refuses."""
        if word not in self.words:
            raise NotAllowed(f"{word!r:.20} cannot be staged; there is {', '.join(self.words)}")
        try:
            return await asyncio.wrap_future(self._begin(word))
        except (ValueError, Unreachable) as refusal:
            raise NotAllowed(str(refusal)) from refusal


async def in_thread(work: Callable[_Given, _Made], *given: _Given.args, **named: _Given.kwargs) -> _Made:
    """Run something in a thread; cancelled, wait for its end first, so that nothing is torn down under it."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *given, **named))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


def missing_packages() -> list[str]:
    """Return which packages of the extra are not installed."""
    return [name for name in _NEEDED if importlib.util.find_spec(name) is None]


def site_text(text: str, title: str, report_seconds: Mapping[str, float]) -> str:
    """Return a district's site file as the demo runs it: its own name, and limits that warn at once."""
    from simulators.scenarios.served import served_site  # noqa: PLC0415 - see TYPE_CHECKING above

    site: dict[str, Any] = yaml.safe_load(served_site(text, {}, report_seconds))
    site["site"] |= {"id": "demo-district", "name": title}
    for ladder in site["ladders"].values():
        if "on_seconds" in ladder:
            ladder["on_seconds"] = min(ladder["on_seconds"], _HOLD_SECONDS)
    return yaml.safe_dump(site, allow_unicode=True, sort_keys=False)


async def _newest(site: Site, state: Path) -> int:
    """Return when a kept state heard last; 0 when there is none."""
    from gateway.app import Gateway  # noqa: PLC0415 - see TYPE_CHECKING above

    if not await asyncio.to_thread(state.exists):
        return 0
    async with Gateway(site, state, clock=FakeClock(SystemClock().now().utc_ns), live=False) as gateway:
        return max((latest.received_ns for latest in gateway.history.latest().values()), default=0)
