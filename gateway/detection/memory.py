"""What detection remembers between two lives of the process: its parts, and how to take over an older one's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from detectors.contract import State
from gateway.detection.banks import Bank
from gateway.detection.groups import PART, Groups
from gateway.detection.intake import Intake
from gateway.detection.snapshot import Part
from gateway.detection.trust import Trust
from gateway.detection.writing import write_end
from gateway.early_warning import Finding
from gateway.inventory import Channel

_FORMAT = 1
_NO_RULE = ("", "", "", "")
_INTAKE, _WAITING = "intake", "waiting"


class Memory:
    """The parts of one site's detection, by reference; restores what fits and ends what no longer can."""

    def __init__(
        self,
        site: str,
        channels: Sequence[Channel],
        intake: Intake,
        trust: Trust,
        *,
        banks: Sequence[Bank],
        groups: Groups,
    ) -> None:
        banks = [*banks, groups.bank]
        self._site = site
        self._intake, self._trust, self._banks, self._groups = intake, trust, banks, groups
        self._channels = [(channel.id,) for channel in channels]
        self._index = {channel.id: index for index, channel in enumerate(channels)}
        self._keys = [[rule.key if rule else _NO_RULE for rule in bank.rules] for bank in banks]
        self._hashes = [[rule.parameters if rule else "" for rule in bank.rules] for bank in banks]
        self._rows: dict[tuple[str, ...], tuple[int, int]] = {
            rule.key: (number, row)
            for number, bank in enumerate(banks)
            for row, rule in enumerate(bank.rules)
            if rule is not None
        }

    def parts(self) -> list[Part]:
        """Return all state as parts of a snapshot."""
        intake = {"newest_ns": self._intake.newest_ns.copy(), **_prefixed("trust", self._trust.state())}
        intake |= _prefixed("late", self._intake.lateness.state())
        parts = [Part(_INTAKE, _FORMAT, self._channels, [""] * len(self._channels), intake)]
        waiting = dict(self._intake.waiting.state())
        names = [self._channels[channel] for channel in waiting.pop("channel").tolist()]
        parts.append(Part(_WAITING, _FORMAT, names, [""] * len(names), waiting))
        for number, bank in enumerate(self._banks):
            state = {
                **_prefixed("detector", bank.detector.state()),
                **_prefixed("episodes", bank.episodes.state()),
                **_prefixed("voice", bank.voice.state()),
                **_prefixed("votes", bank.votes.state() if bank.votes else {}),
            }
            parts.append(Part(f"bank {number}", bank.version, self._keys[number], self._hashes[number], state))
        return [*parts, *self._groups.parts()]

    def restore(self, parts: Sequence[Part], moment_ns: int) -> list[Finding]:
        """Take over a snapshot taken at `moment_ns`; return the ends of episodes that nothing watches any more."""
        ended: list[Finding] = []
        waiting = [part for part in parts if part.name == _WAITING and part.version == _FORMAT]
        for part in parts:
            if part.name == _INTAKE and part.version == _FORMAT:
                self._restore_intake(part)
            elif part.name not in {_INTAKE, _WAITING} and not part.name.startswith(PART):
                ended.extend(self._restore_bank(part, moment_ns))
        if waiting:
            self._restore_waiting(waiting)
        self._groups.restore([part for part in parts if part.name.startswith(PART)])
        return ended

    def adopt(self, standing: Sequence[Finding]) -> list[Finding]:
        """Go on with episodes that the ledger knows while no snapshot does; return the ends of those unwatched now."""
        ended: list[Finding] = []
        for one in standing:
            evidence = one.evidence
            key = (evidence.channel, evidence.rule, one.hazard, one.asset)
            number, row = self._rows.get(key, (-1, -1))
            if number < 0:
                ended.append(write_end(self._site, key, one.start_ns, one.time_ns, one.learned_ns))
            elif not one.is_late:
                bank = self._banks[number]
                bank.episodes.adopt(row, int(one.level), one.start_ns, one.time_ns)
                bank.voice.adopt(row, int(one.level), one.start_ns, one.time_ns)
                # What led there has been judged; it must not be judged again.
                index = self._index[evidence.channel]
                self._intake.newest_ns[index] = max(int(self._intake.newest_ns[index]), evidence.value_time_ns)
        return ended

    def _restore_intake(self, part: Part) -> None:
        there = [row for row, key in enumerate(part.keys) if key[0] in self._index]
        rows = np.array([self._index[part.keys[row][0]] for row in there], np.intp)
        self._intake.newest_ns[rows] = part.state["newest_ns"][there]
        self._trust.restore(_stripped("trust", part.state, there), rows)
        self._intake.lateness.restore(_stripped("late", part.state, there), rows)

    def _restore_waiting(self, parts: Sequence[Part]) -> None:
        names = [key[0] for key in chain.from_iterable(part.keys for part in parts)]
        columns = {name: np.concatenate([part.state[name] for part in parts]) for name in parts[0].state}
        there = [row for row, name in enumerate(names) if name in self._index]
        channel = np.array([self._index[names[row]] for row in there], np.intp)
        self._intake.waiting.restore({"channel": channel, **{name: column[there] for name, column in columns.items()}})

    def _restore_bank(self, part: Part, moment_ns: int) -> list[Finding]:
        """Take over rows with the same rule and parameters, and those whose episode stands; end orphaned episodes.

        Of a detector that is another version now only the standing episodes are taken over: it learns anew.
        """
        ended: list[Finding] = []
        fits: dict[int, list[tuple[int, int]]] = {}
        for there, (key, parameters) in enumerate(zip(part.keys, part.parameters, strict=True)):
            number, row = self._rows.get(key, (-1, -1))
            is_raised = int(part.state["voice.live"][there]) > 0
            if number >= 0 and part.version == self._banks[number].version:
                # A standing episode goes on under its new limits; it is not raised a second time.
                if is_raised or parameters == self._hashes[number][row]:
                    fits.setdefault(number, []).append((there, row))
                continue
            if not is_raised:
                continue
            level, start_ns, said_ns = (
                int(part.state[f"voice.{name}"][there]) for name in ("live", "start_ns", "said_ns")
            )
            if number >= 0:
                bank = self._banks[number]
                bank.episodes.adopt(row, level, start_ns, said_ns)
                bank.voice.adopt(row, level, start_ns, said_ns)
            else:
                ended.append(write_end(self._site, key, start_ns, said_ns, max(moment_ns, said_ns)))
        for number, pairs in fits.items():
            there_rows, rows = [pair[0] for pair in pairs], np.array([pair[1] for pair in pairs], np.intp)
            bank = self._banks[number]
            bank.detector.restore(_stripped("detector", part.state, there_rows), rows)
            bank.episodes.restore(_stripped("episodes", part.state, there_rows), rows)
            bank.voice.restore(_stripped("voice", part.state, there_rows), rows)
            if bank.votes:
                bank.votes.restore(_stripped("votes", part.state, there_rows), rows)
        return ended


def _prefixed(prefix: str, state: State) -> Mapping[str, np.ndarray]:
    return {f"{prefix}.{name}": array for name, array in state.items()}


def _stripped(prefix: str, state: State, rows: Sequence[int]) -> State:
    start = f"{prefix}."
    return {name.removeprefix(start): array[list(rows)] for name, array in state.items() if name.startswith(start)}
