"""Takes over a changed site file while the gateway runs: read, compare, try, swap, watch, and back when it goes wrong.

Rule 1: nothing is touched before the whole file is right and what is new in it has answered.
Rule 2: collectors that are not concerned go on; no reading waits longer than a restart of its own collector.
Rule 3: when the swap fails, or channels that spoke before fall silent while it is watched, the former site returns.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, TypeAlias

from gateway.app.dry_poll import dry_poll
from gateway.app.reload_plan import ReloadPlan, compare
from gateway.clock import Clock
from gateway.early_warning import State
from gateway.errors import ConfigError, NotAllowed, Unreachable
from gateway.health import Health
from gateway.history import History
from gateway.ledger import Ledger
from gateway.model import SECOND
from gateway.settings import Site, load_site

WATCH_SECONDS = 300.0
_LOOK_SECONDS = 1.0
_SILENT_SHARE = 0.02
"""So many of the channels that spoke before may fall silent by chance; of fewer than fifty none."""
REASON = "inventory changed"
"""Why warnings of what is no longer there are closed."""

_log = logging.getLogger(__name__)

Stage: TypeAlias = Literal["idle", "swapping", "watching", "done", "rolled back", "failed"]


class Progress(NamedTuple):
    """How far the newest reload has come."""

    stage: Stage
    reason: str = ""
    plan: ReloadPlan = ReloadPlan()


class Swappable(Protocol):
    """The running gateway, as a reload sees it."""

    site: Site
    numbers: Mapping[str, int]
    clock: Clock
    health: Health
    history: History
    ledger: Ledger

    async def swap(self, site: Site) -> None:
        """Go on with another site."""
        ...

    async def drained(self) -> None:
        """Return when every reader has passed what was journaled up to now."""
        ...


class Reloads:
    """Reloads of one gateway, one at a time."""

    def __init__(self, gateway: Swappable) -> None:
        self._gateway = gateway
        self._progress = Progress("idle")
        self._running: asyncio.Task[None] | None = None
        self._swapping: asyncio.Task[None] | None = None

    def progress(self) -> Progress:
        """Return how far the newest reload has come."""
        return self._progress

    async def prepare(self) -> tuple[Site, ReloadPlan]:
        """Read the site file anew, compare, and try what is new; ConfigError when the file is wrong."""
        old = self._gateway.site
        if old.source is None:
            raise NotAllowed("this gateway was not started from a site file")
        new = await asyncio.to_thread(load_site, Path(old.source))
        plan = compare(old, new)
        if plan.refused:
            return new, plan
        trials = await dry_poll(old, new, plan.devices)
        failed = tuple(f"{trial.what}: {trial.said}" for trial in trials if trial.ok is False)
        return new, replace(plan, trials=tuple(trials), refused=failed)

    async def begin(self, *, dry_run: bool, force: bool, watch_seconds: float = WATCH_SECONDS) -> ReloadPlan:
        """Prepare a reload and, unless it is a dry run or refused, start the swap; `force` takes silent devices."""
        if self._running is not None and not self._running.done():
            if self._progress.stage != "watching":
                raise NotAllowed("a reload is under way; wait for its end")
            if not dry_run:
                raise NotAllowed("the last reload is still being watched; wait for its end")
        new, plan = await self.prepare()
        is_fixed = bool(plan.refused) and not plan.trials
        if dry_run or plan.is_empty or (plan.refused and (is_fixed or not force)):
            return plan
        self._progress = Progress("swapping", plan=plan)
        self._running = asyncio.create_task(self._run(new, plan, watch_seconds), name="reload")
        return plan

    async def reload(self, *, dry_run: bool, force: bool, watch_seconds: float) -> Mapping[str, object]:
        """Begin a reload as a person asks for it; the keys are those of the page's document."""
        plan = await self.begin(dry_run=dry_run, force=force, watch_seconds=watch_seconds)
        if self._progress.plan is plan:
            return self.told()
        return _told(Progress("idle"), plan, "refused" if plan.refused and not force else "planned")

    def told(self) -> Mapping[str, object]:
        """Say how far the newest reload has come, likewise."""
        return _told(self._progress, self._progress.plan, self._progress.stage)

    async def hang_up(self) -> None:
        """Reload because a signal asks for it, and log what came of it."""
        try:
            plan = await self.begin(dry_run=False, force=False)
        except ConfigError as error:
            faults = "; ".join(map(str, error.faults))
            _log.error("the site file is wrong and nothing was changed: %s", faults)
        except (NotAllowed, Unreachable) as error:
            _log.warning("not reloaded: %s", error)
        else:
            if plan.refused:
                _log.error("not reloaded: %s", "; ".join(plan.refused))
            elif plan.is_empty:
                _log.info("the site file has not changed")

    async def stop(self) -> None:
        """Give up watching; a swap at hand is finished, for half of one could not be closed."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self._swapping is not None:
            await asyncio.gather(self._swapping, return_exceptions=True)

    async def settled(self) -> Progress:
        """Return once the reload at hand has ended."""
        if self._running is not None:
            await asyncio.gather(self._running, return_exceptions=True)
        return self._progress

    async def _swap(self, site: Site) -> None:
        self._swapping = asyncio.create_task(self._gateway.swap(site), name="swap")
        await asyncio.shield(self._swapping)

    async def _run(self, new: Site, plan: ReloadPlan, watch_seconds: float) -> None:
        old = self._gateway.site
        spoke = self._speaking(old, plan)
        try:
            await self._swap(new)
        except Exception as error:  # noqa: BLE001 - whatever stands against it, the former site must return
            _log.exception("the reload failed; the former site returns")
            await self._return(old, plan, f"{type(error).__name__}: {error}")
            return
        _log.info("reloaded: %d channels added, %d removed", len(plan.added), len(plan.removed))
        self._progress = Progress("watching", plan=plan)
        await self._gateway.drained()
        await self._close_warnings()
        silent = await self._watch(spoke, watch_seconds)
        if silent:
            names = ", ".join(silent[:5]) + (f" and {len(silent) - 5} more" if len(silent) > 5 else "")  # noqa: PLR2004
            await self._return(old, plan, f"silent since the reload: {names}")
            return
        self._progress = Progress("done", plan=plan)

    async def _return(self, old: Site, plan: ReloadPlan, reason: str) -> None:
        try:
            await self._swap(old)
        except Exception as error:  # noqa: BLE001 - said, for there is nothing left to return to
            _log.exception("the former site could not be taken up again; restart the gateway")
            self._gateway.health.set_condition("reload", ok=False, reason=f"restart the gateway: {error}")
            self._progress = Progress("failed", f"{reason}; and the former site could not return: {error}", plan)
            return
        _log.error("rolled back to the former site: %s", reason)
        self._gateway.health.count("reload", "failed", reason="rolled back")
        self._progress = Progress("rolled back", reason, plan)

    def _speaking(self, site: Site, plan: ReloadPlan) -> list[str]:
        """Return the fresh channels of the collectors that are about to be restarted."""
        devices = site.inventory.devices
        return [
            name
            for name, channel in site.inventory.channels.items()
            if devices[channel.device].collector in plan.restarted
            and name not in plan.removed
            and self._age_seconds(name) <= channel.fresh_seconds
        ]

    def _age_seconds(self, name: str) -> float:
        latest = self._gateway.history.latest().get(self._gateway.numbers.get(name, -1))
        now_ns = self._gateway.clock.now().utc_ns
        return float("inf") if latest is None else (now_ns - latest.time_ns) / SECOND

    async def _watch(self, spoke: list[str], seconds: float) -> list[str]:
        """Return the channels that fell silent, as soon as they are more than chance explains."""
        gateway = self._gateway
        until_ns = gateway.clock.now().monotonic_ns + round(seconds * SECOND)
        while gateway.clock.now().monotonic_ns < until_ns:
            await gateway.clock.sleep(_LOOK_SECONDS)
            channels = gateway.site.inventory.channels
            silent = [
                name for name in spoke if name in channels and self._age_seconds(name) > channels[name].fresh_seconds
            ]
            if len(silent) > _SILENT_SHARE * len(spoke):
                return silent
        return []

    async def _close_warnings(self) -> None:
        """Close the warnings that ended because what they were about is no longer watched."""
        for warning in self._gateway.ledger.warnings():
            ended = [one for one in warning.findings.values() if one.evidence.basis.startswith(REASON)]
            if ended and warning.state is State.CLEARED:
                done = self._gateway.ledger.acknowledge(warning.id, person="gateway", note=REASON)
                await asyncio.wrap_future(done)


def _told(progress: Progress, plan: ReloadPlan, stage: str) -> dict[str, object]:
    return {
        "stage": stage,
        "reason": progress.reason,
        "added": list(plan.added),
        "removed": list(plan.removed),
        "changed": [
            {"channel": one.channel, "fields": {name: list(both) for name, both in one.fields.items()}}
            for one in plan.changed
        ],
        "devices": list(plan.devices),
        "restarted": list(plan.restarted),
        "cycles": {name: list(both) for name, both in plan.cycles.items()},
        "trials": [{"what": one.what, "ok": one.ok, "said": one.said} for one in plan.trials],
        "refused": list(plan.refused),
    }
