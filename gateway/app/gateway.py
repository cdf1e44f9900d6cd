"""Puts one gateway together: collectors → screen → journal → its readers → ledger → duty room.

Rule 1: everything that can fail alone runs alone; only a journal that cannot be opened stops the start.
Rule 2: stopping goes left to right: no new readings, then what is journaled is worked off, then places are committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from gateway.app.collecting import Workplace, collected_by, make_collector
from gateway.app.device_clocks import DeviceClocks
from gateway.app.drill import BlockableSink, Drills, Polling
from gateway.app.hindsight import KeptPast
from gateway.app.influxdb import open_influxdb
from gateway.app.loop_lag import watch_loop_lag
from gateway.app.near_limits import NearLimits
from gateway.app.numbering import number_channels
from gateway.app.read_back import ReadBack, open_read_back
from gateway.app.reloading import Reloads
from gateway.app.self_check import SelfCheck
from gateway.app.state_lock import StateLock
from gateway.app.supervision import keep_running
from gateway.app.tasks import Tasks
from gateway.app.time_keeping import TimeKeeper
from gateway.app.writes import Writer, Writes
from gateway.clock import Clock, ClockTrust
from gateway.collectors import CollectedDevice, Collector
from gateway.detection import Detection
from gateway.detection.accounts import account_of
from gateway.detection.why import document as why_document
from gateway.detection.why import why
from gateway.duty_room import DutyRoomPorts, StagePort, create_app, serve
from gateway.early_warning import Finding
from gateway.early_warning.account import Account
from gateway.errors import Unreachable
from gateway.health import Health
from gateway.history import History
from gateway.journal import Follower, Journal, Reader
from gateway.ledger import Ledger
from gateway.model import Batch, RawFrames, Record
from gateway.proof import Proof
from gateway.raw_ring import RawRing
from gateway.screen import Screen
from gateway.settings import CollectorSettings, InfluxdbSettings, Site
from gateway.store import Copier

_MAX_WAITING_MESSAGES = 5_000
"""Messages that may wait for the journal in all; above it sockets are not read."""

_LOOK_SECONDS = 1.0
"""A thread that waits looks up so often, so that cancelling the wait does not leave it behind for long."""


class Gateway:
    """One running gateway; `live=False` opens no socket and waits for `put`, for replays on a fake clock."""

    def __init__(
        self,
        site: Site,
        state: Path,
        *,
        clock: Clock,
        live: bool = True,
        port: int | None = None,
        trust: ClockTrust | None = None,
        before_commit: Callable[[], object] | None = None,
    ) -> None:
        """`trust` says whether network time vouches for the clock; this box's own is asked unless given.

        `before_commit` is for fault rigs: the journal's writer calls it before each commit.
        """
        self.site = site
        self.inventory = site.inventory
        self.state = state
        self.clock = clock
        self.health = Health()
        self.url = ""
        self._live = live
        self._trust = trust
        self._raw: RawRing | None = None
        self._before_commit = before_commit
        self._near_limits: NearLimits | None = None
        self.times: TimeKeeper | None = None
        """The clock of a live gateway, and what waits for it."""
        self._port = site.http_port if port is None else port
        self._stack = AsyncExitStack()
        self._tasks = Tasks()
        """Collectors by their ids, and what else runs beside them."""
        self._followers: list[Follower] = []
        self._uplink: BlockableSink | None = None
        # What a reload closes and opens again.
        self._detecting, self._copying, self._room = ExitStack(), ExitStack(), AsyncExitStack()
        self.reloads = Reloads(self)
        self.stages: StagePort | None = None
        """What the page of a simulated district may break."""
        self._writers: dict[str, Writer] = {}
        self._polled: dict[str, Polling] = {}

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            stack.enter_context(StateLock(self.state))
            self._open_stores(stack)
            self._start_readers(stack)
            if self.times is not None:
                self.times.start(self._append)
            if self._live:
                stack.push_async_callback(self._tasks.stop)
                self._tasks.start("loop-lag", watch_loop_lag(self.health))
                if self.times is not None:
                    self._tasks.start("clock", self.times.keep(self._append))
                self._start_self_check()
                self._start_collectors(self.site.collectors)
                stack.push_async_callback(self._room.aclose)
                await self._open_duty_room()
                stack.push_async_callback(self.reloads.stop)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def put(self, records: Sequence[Record], *, urgent: bool = False) -> Awaitable[None]:
        """Screen and journal the records as one whole (`gateway.model.Put`)."""
        if self.times is None:
            return asyncio.wrap_future(self._append(records, urgent=urgent))
        ready, waiting = self.times.sort_out(records)
        done = asyncio.wrap_future(self._append(ready, urgent=urgent))
        return self.times.hold(waiting, done) if waiting else done

    def _append(self, records: Sequence[Record], *, urgent: bool = False) -> Future[None]:
        screened: list[Record] = []
        for record in records:
            if isinstance(record, Batch):
                for timed in self._device_clocks(record):
                    screened.extend(self._screen(timed) if isinstance(timed, Batch) else [timed])
            elif isinstance(record, RawFrames):
                if self._raw is not None:
                    self._raw.add(record)
            else:
                screened.append(record)
        if self.times is not None:
            screened = self.times.dated(screened)
        is_urgent = urgent or (self._near_limits is not None and self._near_limits(screened))
        return self.journal.append(screened, urgent=is_urgent)

    async def drained(self) -> None:
        """Return when every reader has passed what was journaled up to now."""
        newest = self.journal.newest
        for follower in self._followers:
            while not await asyncio.to_thread(follower.caught_up, newest, _LOOK_SECONDS):
                pass

    def _open_stores(self, stack: AsyncExitStack) -> None:
        site, health = self.site, self.health
        settings = site.journal
        if self._live:
            self.times = TimeKeeper(
                self.state / "journal", self.clock, trust=self._trust, policy=site.clock, health=health
            )
            stack.callback(self.times.close)
            self.clock = self.times.clock
            settings = replace(settings, yielding=(*settings.yielding, Proof.name))
            if settings.raw_bytes:
                self._raw = RawRing(self.state / "raw", settings.raw_bytes, health)
                stack.callback(self._raw.close)
        if not self._live:
            # A replay has no store for which the journal could wait.
            readers = tuple(name for name in settings.readers if name != "influxdb")
            settings = replace(settings, readers=readers, yielding=())
        self.journal = Journal.open(
            self.state / "journal",
            settings=settings,
            clock=self.clock,
            health=health,
            ticks=self._live,
            before_commit=self._before_commit,
        )
        stack.callback(self.journal.close)
        self.history = History.open(self.state / "history", settings=site.history, health=health)
        self.ledger = Ledger.open(self.state / "ledger", site=site.id, clock=self.clock, health=health)
        stack.callback(self.ledger.close)
        self._take_inventory(site, number_channels(site.inventory, self.journal, self.history, self.ledger))

    def _take_inventory(self, site: Site, numbers: Mapping[str, int]) -> None:
        """Screen and weigh as a site says from the next reading on."""
        self.site, self.inventory, self.numbers = site, site.inventory, numbers
        channels = self.inventory.channels
        self.journal.weigh({number: channels[channel].importance for channel, number in numbers.items()})
        if site.journal.storage == "flash":
            self._near_limits = NearLimits(self.inventory, numbers)
        self._screen = Screen(self.inventory, numbers, self.health)
        self._device_clocks = DeviceClocks(self.inventory, numbers, self.state, self.health)

    async def swap(self, site: Site) -> None:
        """Go on with another version of the site: readers begin anew where they are, other collectors go on."""
        before = {name: (settings, self.collected_by(name)) for name, settings in self.site.collectors.items()}
        numbers = number_channels(site.inventory, self.journal, self.history, self.ledger)
        after = {name: (one, collected_by(name, site.inventory, numbers)) for name, one in site.collectors.items()}
        await self._stop_collectors([name for name, one in before.items() if after.get(name) != one])
        self._take_inventory(site, numbers)
        await asyncio.to_thread(self._reopen_detection)
        if self._live:
            await asyncio.to_thread(self._copying.close)
            self._uplink = None
            if site.influxdb:
                self._copy_to_influxdb(site.influxdb).start()
            self._start_self_check()
            self._start_collectors({name: one[0] for name, one in after.items() if before.get(name) != one})
            await self._room.aclose()
            await self._open_duty_room()

    def _start_readers(self, stack: AsyncExitStack) -> None:
        """Start history and detection; both are attached before either runs, so that no place lies ahead."""
        stack.callback(self._close_reader, self.history)
        history = Follower(self.journal, self.history, health=self.health)
        stack.callback(history.stop)
        self._followers.append(history)
        stack.callback(self._detecting.close)
        detection = self._attach_detection()
        stack.callback(self._copying.close)
        copiers = [self._copy_to_influxdb(self.site.influxdb)] if self._live and self.site.influxdb else []
        counting = self._count_for_proof(stack) if self._live else []
        walkers: list[Follower | Copier] = [history, detection, *copiers, *counting]
        for walker in walkers:
            walker.start()
        self.health.gauge("reader_lag_records", self._lag)

    def _reopen_detection(self) -> None:
        """Begin anew where the last detection left off, with the inventory of now."""
        self._detecting.close()
        self._attach_detection().start()

    def _attach_detection(self) -> Follower:
        detection = Detection.open(
            self.state / "detection",
            inventory=self.inventory,
            numbers=self.numbers,
            record_findings=self._record_findings,
            health=self.health,
            # Only asked for when the snapshot is lost: what stands in the ledger must still be able to end.
            standing=[finding for warning in self.ledger.warnings() for finding in warning.findings.values()],
            past=KeptPast(self.history, self.ledger, lambda: self._followers[0].position),
        )
        self._detecting.callback(self._close_reader, detection)
        follower = Follower(self.journal, detection, health=self.health)
        self._detecting.callback(follower.stop)
        # What has ended with the former inventory is said now, not with the next reading.
        with suppress(Unreachable):
            detection.apply(())
        self._followers[1:] = [follower]
        return follower

    def _count_for_proof(self, stack: AsyncExitStack) -> list[Follower]:
        """Attach the reader that counts for the proof; nobody waits for it."""
        try:
            proof = Proof(self.state / "proof")
        except Unreachable as error:
            self.health.set_condition("proof", ok=False, reason=str(error), needed=False)
            return []
        stack.callback(self._close_reader, proof)
        follower = Follower(self.journal, proof, health=self.health, needed=False)
        stack.callback(follower.stop)
        return [follower]

    def _copy_to_influxdb(self, settings: InfluxdbSettings) -> Copier:
        """Attach the store; nobody waits for it. A replay has none: what it plays is not the city's present."""
        copier, self._uplink = open_influxdb(
            settings,
            self.state / "influxdb",
            journal=self.journal,
            inventory=self.inventory,
            numbers=self.numbers,
            clock=self.clock,
            health=self.health,
        )
        self._copying.callback(self._close_reader, copier)
        self._copying.callback(copier.stop)
        self._copying.callback(copier.hurry)
        return copier

    def _close_reader(self, reader: Reader | Copier) -> None:
        reader.close()
        self.journal.commit(reader.name, reader.position())

    def _lag(self) -> float:
        return float(self.journal.newest - min(follower.position for follower in self._followers))

    def _record_findings(self, findings: Sequence[Finding]) -> None:
        self.ledger.record_findings(findings).result()

    def _start_self_check(self) -> None:
        check = SelfCheck(self.state, self.inventory, clock=self.clock, health=self.health)
        self._tasks.start("proof", check.run())

    def _start_collectors(self, started: Mapping[str, CollectorSettings]) -> None:
        pushed = sum(settings.kind != "modbus_tcp" for settings in self.site.collectors.values())
        clock = self.clock if self.times is None else self.times.stamps
        waiting = max(1, _MAX_WAITING_MESSAGES // max(1, pushed))
        place = Workplace(clock, self.health, self.journal, waiting, self.state, keeps_raw=self._raw is not None)
        for settings in started.values():
            devices = self.collected_by(settings.id)
            collector = make_collector(settings, devices, place)
            if isinstance(collector, Writer):
                self._writers |= {each.device.id: collector for each in devices}
            if isinstance(collector, Polling):
                self._polled |= {each.device.id: collector for each in devices}
            self._tasks.start(f"collector:{settings.id}", self._collect(collector))

    def running(self, collector: str) -> asyncio.Task[None] | None:
        """Return the task of a collector, None for one that does not run."""
        return self._tasks.running(f"collector:{collector}")

    async def _stop_collectors(self, names: Sequence[str]) -> None:
        """End some collectors; a stable session keeps for us what is sent meanwhile."""
        await self._tasks.end(f"collector:{name}" for name in names)
        for name in names:
            self.health.set_condition(f"collector:{name}", ok=True, reason="not in the site file", needed=False)
            for each in self.collected_by(name):
                self._writers.pop(each.device.id, None)
                self._polled.pop(each.device.id, None)

    def collected_by(self, collector: str) -> list[CollectedDevice]:
        """Return a collector's devices, each with its points' channel numbers."""
        return collected_by(collector, self.inventory, self.numbers)

    async def _collect(self, collector: Collector) -> None:
        await keep_running(collector.name, lambda: collector.run(self.put), clock=self.clock, health=self.health)

    def _past(self) -> History | ReadBack:
        """Return what the page reads the past from."""
        settings = self.site.influxdb
        if settings is None or not settings.read:
            return self.history
        return open_read_back(
            settings, self.history, journal=self.journal, inventory=self.inventory, health=self.health
        )

    def _why(self, channel: str, at_ns: int) -> Mapping[str, object]:
        return why_document(why(self.inventory, self.numbers, self._past(), channel, at_ns))

    def _account(self, finding: Finding) -> Account:
        return account_of(finding, self.inventory, self.numbers, self._past())

    async def _open_duty_room(self) -> None:
        """Open the page once collecting has begun: the web's imports cost more than all else together."""
        drills = Drills(
            journal=self.journal,
            ledger=self.ledger,
            health=self.health,
            clock=self.clock,
            history_times=lambda number, start_ns, end_ns: self.history.read(number, start_ns, end_ns).time_ns,
            drained=self.drained,
            uplink=self._uplink,
            polled=self._polled,
        )
        self._room.push_async_callback(drills.stop)
        ports = DutyRoomPorts(
            inventory=self.inventory,
            numbers=self.numbers,
            ledger=self.ledger,
            history=self._past(),
            health=self.health,
            clock=self.clock,
            language=self.site.language,
            at_cap=self.site.journal.at_cap,
            drills=drills,
            why=self._why,
            account=self._account,
            stages=self.stages,
            reloads=self.reloads,
            writes=Writes(self._writers, self.ledger, self.clock, self.health),
        )
        page = await asyncio.to_thread(create_app, ports)
        server = await serve(page, self.site.http_host, self._port)
        self._room.push_async_callback(server.stop)
        self.url = server.url
        # Opened again after a reload, it is where it was, whatever port was free at first.
        self._port = urlsplit(server.url).port or self._port
