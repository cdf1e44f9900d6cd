"""The journal's reader that watches: batches are scored, ticks let time pass, changes become findings.

Rule 1: the same journal gives the same findings with the same ids, however it is sliced, and however often the
process is killed and replays from its last snapshot.
Rule 2: time is journal time; it passes for detectors on ticks only.
Rule 3: the ledger has a finding before the snapshot that has passed it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, Self, TypeAlias

import numpy as np

from gateway.detection.banks import Bank, Rule, build_banks
from gateway.detection.groups import Groups
from gateway.detection.hindsight import NoSnapshot, Past
from gateway.detection.intake import NEVER, Intake
from gateway.detection.late_data import LateData
from gateway.detection.memory import Memory
from gateway.detection.quality import build_quality_banks
from gateway.detection.run import Numbers, Run
from gateway.detection.snapshot import Part, SnapshotFile
from gateway.detection.trust import HOUR, Trust
from gateway.detection.voice import Saying
from gateway.detection.writing import write_finding
from gateway.early_warning import Finding
from gateway.hazards import Judgement
from gateway.health import Health
from gateway.inventory import Inventory
from gateway.journal import Entry
from gateway.model import SECOND, Batch, Tick

RecordFindings: TypeAlias = Callable[[Sequence[Finding]], None]
"""Blocks until the ledger has committed the findings; one it has already changes nothing."""

_SNAPSHOT_NS = 600 * SECOND
_STANDS_STILL_NS = 60 * SECOND


class Snapshot(Protocol):
    """Where detection's state is kept: a file, or nowhere."""

    position: int
    moment_ns: int

    def take(self) -> list[Part]:
        """Return what was kept, once."""
        ...

    def save(self, position: int, moment_ns: int, parts: Sequence[Part]) -> None:
        """Keep state and place."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


class Detection:
    """All detectors of one site as one reader of the journal."""

    name = "detection"

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        inventory: Inventory,
        numbers: Mapping[str, int],
        record_findings: RecordFindings,
        health: Health,
        standing: Sequence[Finding] = (),
        past: Past | None = None,
    ) -> None:
        channels = [channel for name, channel in inventory.channels.items() if name in numbers]
        names = [name for name in inventory.channels if name in numbers]
        reorder_ns = np.array([round(channel.reorder_seconds * SECOND) for channel in channels], np.int64)
        fresh_ns = np.array([round(channel.fresh_seconds * SECOND) for channel in channels], np.int64)
        self._site = inventory.site
        self._numbers = Numbers(names, numbers)
        self._intake = Intake(reorder_ns, health, fresh_ns)
        self._trust = Trust(len(channels))
        own_ns = np.array([round((one.fresh_seconds + one.reorder_seconds) * SECOND) for one in channels], np.int64)
        self._banks = [
            *build_banks(channels),
            *build_quality_banks(channels, list(inventory.devices.values()), own_ns),
        ]
        self._record_findings = record_findings
        self._health = health
        self._snapshot = snapshot
        self._groups = Groups(inventory, channels)
        self._memory = Memory(self._site, channels, self._intake, self._trust, banks=self._banks, groups=self._groups)
        self._unsaid: list[Finding] = []
        self._tell(self._memory.restore(snapshot.take(), snapshot.moment_ns))
        if snapshot.position == 0:
            held = [one for one in standing if one.level]
            for one in held:
                self._groups.hear(one)
            self._tell(self._memory.adopt(held))
        self._applied = snapshot.position
        self._moment_ns = snapshot.moment_ns
        self.late_data = self._late_data(past, inventory, numbers)
        """What looks back on late rows; None where there is no history to look at."""
        health.gauge("detection_waiting_rows", lambda: float(len(self._intake.waiting)))

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        inventory: Inventory,
        numbers: Mapping[str, int],
        record_findings: RecordFindings,
        health: Health,
        standing: Sequence[Finding] = (),
        past: Past | None = None,
    ) -> Self:
        """Open detection where its last snapshot left it; `numbers` holds the journal's number of each channel.

        `standing` are the findings that the ledger holds as not ended; without a snapshot they are gone on with.
        With a `past`, rows that came too late for the detectors are looked back on.
        """
        snapshot = SnapshotFile.open(folder)
        return cls(
            snapshot,
            inventory=inventory,
            numbers=numbers,
            record_findings=record_findings,
            health=health,
            standing=standing,
            past=past,
        )

    def _late_data(self, past: Past | None, inventory: Inventory, numbers: Mapping[str, int]) -> LateData | None:
        if past is None:
            return None

        def make(part: Inventory, record: RecordFindings) -> Detection:
            return Detection(NoSnapshot(), inventory=part, numbers=numbers, record_findings=record, health=Health())

        return LateData(
            self._intake.lateness,
            [*self._banks, self._groups.bank],
            inventory=inventory,
            numbers=numbers,
            past=past,
            make=make,
            health=self._health,
        )

    def position(self) -> int:
        """Return the position of the last snapshot."""
        return self._snapshot.position

    def apply(self, entries: Sequence[Entry]) -> int:
        """Watch the entries, hand their findings to the ledger, and return the last snapshot's position.

        No entries at all ask for a snapshot now: the journal wants its room back.
        """
        run: list[Entry] = []
        for entry in entries:
            if entry.position <= self._applied:
                continue
            if isinstance(entry.record, Batch):
                if run and entry.received_ns // HOUR != run[0].received_ns // HOUR:
                    self._watch(run)
                    run = []
                run.append(entry)
            elif isinstance(entry.record, Tick):
                self._watch(run)
                run = []
                self._tick(entry)
        self._watch(run)
        if entries:
            self._applied = max(self._applied, entries[-1].position)
        self._say()
        is_due = not entries or abs(self._moment_ns - self._snapshot.moment_ns) >= _SNAPSHOT_NS
        if is_due and self._applied != self._snapshot.position:
            self._save()
        return self._snapshot.position

    def close(self) -> None:
        """Write a last snapshot and let go of the file."""
        if self.late_data is not None:
            self.late_data.close()
        try:
            self._say()
            if self._applied != self._snapshot.position:
                self._save()
        finally:
            self._snapshot.close()

    def _save(self) -> None:
        self._snapshot.save(self._applied, self._moment_ns, self._memory.parts())

    def _say(self) -> None:
        """Hand over the findings; they are kept until the ledger took them."""
        if self._unsaid:
            self._record_findings(self._unsaid)
            self._health.count("detection", "sent", len(self._unsaid))
            self._unsaid = []

    def _watch(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        batches = [entry.record for entry in entries if isinstance(entry.record, Batch)]
        run = self._numbers.run(batches, [entry.received_ns for entry in entries])
        self._feed(run)
        self._health.count("detection", "received", len(run.channel))
        self._applied, self._moment_ns = entries[-1].position, entries[-1].received_ns

    def _tick(self, entry: Entry) -> None:
        now_ns = entry.received_ns
        # Time that steps back a little stands still until it has caught up; a long way back is a new beginning, as
        # after a stop, for nothing would be noticed until it had.
        if 0 < self._moment_ns - now_ns <= _STANDS_STILL_NS:
            now_ns = self._moment_ns
        if len(self._intake.waiting):
            self._feed(self._numbers.run((), (now_ns,)))
        for bank in self._banks:
            for saying in bank.advance(now_ns):
                self._write_passing(bank, saying, now_ns)
        for judged in (self._groups.judge, self._groups.weigh):
            for saying, judgement in judged(now_ns):
                self._write_judged(saying, judgement, now_ns)
        if self.late_data is not None:
            # The risk models are not told: what they weigh must not depend on how long a look back took.
            self._unsaid += self.late_data.tick(now_ns, entry.position)
        self._applied, self._moment_ns = entry.position, now_ns

    def _feed(self, run: Run) -> None:
        if not len(run.channel) and not len(self._intake.waiting):
            return
        self._trust.begin(run)
        samples = self._intake.feed(run)
        said: list[tuple[int, bool, int, int, Saying]] = []
        for number, bank in enumerate(self._banks):
            given = samples if bank.hear is None else bank.hear(run)
            if given is None:
                continue
            for saying in bank.update(given, run.moments_ns):
                at, is_heard = saying.at, bank.hear is not None
                said.append((int(given.entry[at]), is_heard, int(given.place[at]), number, saying))
        # Entry by entry, so that no slicing of the journal changes the order.
        for entry, is_heard, place, number, saying in sorted(said):
            if is_heard:
                seen = float(run.value[place]), int(run.time_ns[place])
            else:
                seen = float(samples.value[saying.at]), int(samples.time_ns[saying.at])
            self._write(self._banks[number], saying, seen, int(run.moments_ns[entry]), entry)
        self._groups.feed(samples)
        self._trust.commit()

    def _tell(self, findings: Sequence[Finding]) -> None:
        """Let the risk models hear of findings, and keep what is more than a sign for the ledger."""
        self._unsaid += [finding for finding in findings if not self._groups.hear(finding)]

    def _write(self, bank: Bank, saying: Saying, seen: tuple[float, int], learned_ns: int, entry: int) -> None:
        """Write a finding that rests on a reading, seen as value and time."""
        rule = self._rule(bank, saying)
        finding = write_finding(
            self._site,
            rule,
            saying,
            learned_ns=learned_ns,
            value=seen[0],
            value_time_ns=seen[1],
            good_share=self._trust.good_share(rule.index, entry),
        )
        self._tell([finding])

    def _write_passing(self, bank: Bank, saying: Saying, now_ns: int) -> None:
        """Write a finding that rests on the passing of time."""
        rule = self._rule(bank, saying)
        newest_ns = int(self._intake.newest_ns[rule.index])
        finding = write_finding(
            self._site,
            rule,
            saying,
            learned_ns=now_ns,
            value=None,
            value_time_ns=saying.start_ns if newest_ns == NEVER else newest_ns,
            good_share=self._trust.good_share(rule.index),
        )
        self._tell([finding])

    def _write_judged(self, saying: Saying, judgement: Judgement, now_ns: int) -> None:
        """Write a finding that rests on a model's judgement."""
        rule = self._rule(self._groups.bank, saying)
        finding = write_finding(
            self._site,
            rule,
            saying,
            learned_ns=now_ns,
            value=judgement.value,
            value_time_ns=judgement.time_ns,
            good_share=self._trust.good_share(rule.index),
            judgement=judgement,
        )
        self._tell([finding])

    def _rule(self, bank: Bank, saying: Saying) -> Rule:
        rule = bank.rules[saying.row]
        if rule is None:
            raise LookupError(f"row {saying.row} spoke without a rule")
        return rule
