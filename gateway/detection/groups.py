"""The models of hazards inside the one reader: samples to slots, slots and findings to judgements, those to sayings.

Rule 1: models are asked on ticks only, so that no slicing of the journal changes what they say or when.
Rule 2: what was judged and heard is part of the snapshot; a slot that closed between two ticks waits in it.
Rule 3: risk models are asked last: they hear what the others found in the same tick.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from detectors import Limits
from detectors.alignment import Aligner, Grid, Slots
from detectors.contract import Floats, Rows, State, Times
from detectors.episodes import Episodes
from gateway.detection.banks import Bank, Rule, digest
from gateway.detection.ladders import steps_of
from gateway.detection.run import Samples
from gateway.detection.snapshot import Part
from gateway.detection.voice import Saying
from gateway.early_warning import Finding
from gateway.hazards import SIGNS, GroupModel, Judgement, Model, RiskModel, Watched, watched
from gateway.inventory import LEVELS, Channel, Inventory, Ladder
from gateway.model import SECOND
from gateway.units import QUANTITIES

_RISK_FRESH_SECONDS = 60.0
_FORMAT = 1
PART = "group "
"""How the names of the parts of a snapshot begin that belong to models."""


_Waiting: TypeAlias = list[tuple[Times, Floats]]


class Groups:
    """All models of one site with their ladders, one row a model and ladder."""

    def __init__(self, inventory: Inventory, channels: Sequence[Channel]) -> None:
        index = {channel.id: number for number, channel in enumerate(channels)}
        known = replace(inventory, channels={channel.id: channel for channel in channels})
        found = sorted(watched(known), key=lambda one: isinstance(one.model, RiskModel))
        self._models = [one.model for one in found if isinstance(one.model, GroupModel)]
        self._risks = [one.model for one in found if isinstance(one.model, RiskModel)]
        self._fused = {ladder.hazard for one in found if isinstance(one.model, RiskModel) for ladder in one.ladders}
        self.bank, self._first_row = _bank(found, known, index)
        grids = [Grid(len(model.channels), model.slot_seconds, model.max_age_seconds) for model in self._models]
        self._aligner = Aligner(grids)
        self._due_ns = self._aligner.due_ns()
        self._waiting: list[_Waiting] = [[] for _ in grids]
        self._layers = _layers(self._models, index)

    def feed(self, samples: Samples) -> None:
        """Put the samples of members into their slots."""
        for rows_of in self._layers:
            rows = rows_of.take(samples.channel)
            picked = np.flatnonzero(rows >= 0)
            if picked.size:
                times, values = samples.time_ns.take(picked), samples.value.take(picked)
                self._keep(self._aligner.update(rows.take(picked), times, values))
        if self._layers:
            self._due_ns = self._aligner.due_ns()

    def hear(self, finding: Finding) -> bool:
        """Tell the risk models of a finding; return whether it is a sign only, which warns of nothing by itself."""
        for model in self._risks:
            model.hear(finding)
        return finding.hazard in self._fused and finding.evidence.quantity in SIGNS

    def judge(self, now_ns: int) -> list[tuple[Saying, Judgement]]:
        """Close what is due at a tick, and say what changed."""
        if self._due_ns is not None and now_ns >= self._due_ns:
            self._keep(self._aligner.advance(now_ns))
            self._due_ns = self._aligner.due_ns()
        if not any(self._waiting):
            return []
        judged = []
        for number, (model, waiting) in enumerate(zip(self._models, self._waiting, strict=True)):
            for times, columns in waiting:
                slots = zip(times.tolist(), columns, strict=True)
                judged += [(number, model.judge(start_ns, row)) for start_ns, row in slots]
            waiting.clear()
        return self._speak(judged, now_ns)

    def weigh(self, now_ns: int) -> list[tuple[Saying, Judgement]]:
        """Ask the risk models at a tick, after the others' findings were heard."""
        first = len(self._models)
        return self._speak([(first + number, model.weigh(now_ns)) for number, model in enumerate(self._risks)], now_ns)

    def parts(self) -> list[Part]:
        """Return all state as parts of a snapshot, one a model."""
        parts = []
        for number, model in enumerate([*self._models, *self._risks]):
            state: dict[str, object] = {f"model.{name}": array for name, array in model.state().items()}
            if number < len(self._models):
                state |= {f"grid.{name}": array for name, array in self._aligner.state(number).items()}
                state |= {f"waiting.{name}": array for name, array in self._waiting_state(number).items()}
            packed = {name: np.asarray(array)[None] for name, array in state.items()}
            parts.append(Part(_name(model), _version(model), [tuple(model.channels)], [""], packed))
        return parts

    def restore(self, parts: Sequence[Part]) -> None:
        """Take over the models whose members and version are the same."""
        found = {part.name: part for part in parts}
        for number, model in enumerate([*self._models, *self._risks]):
            part = found.get(_name(model))
            if part is None or part.version != _version(model) or tuple(part.keys[0]) != tuple(model.channels):
                continue
            model.restore(_stripped("model", part.state))
            if number < len(self._models):
                self._aligner.restore(_stripped("grid", part.state), number)
                waiting = _stripped("waiting", part.state)
                self._waiting[number] = [(waiting["time_ns"], waiting["columns"])] if len(waiting["time_ns"]) else []
        self._due_ns = self._aligner.due_ns()

    def _keep(self, closed: Sequence[Slots]) -> None:
        for slots in closed:
            self._waiting[slots.group].append((slots.time_ns, slots.columns))

    def _waiting_state(self, number: int) -> State:
        waiting, members = self._waiting[number], len(self._models[number].channels)
        return {
            "time_ns": np.concatenate([np.empty(0, np.int64), *(times for times, _ in waiting)]),
            "columns": np.concatenate([np.empty((0, members)), *(columns for _, columns in waiting)]),
        }

    def _speak(self, judged: Sequence[tuple[int, Judgement]], now_ns: int) -> list[tuple[Saying, Judgement]]:
        """Climb the ladders with every judgement, model by model and each in the order of time."""
        rows = [(row, said) for number, said in judged for row in range(*self._first_row[number : number + 2])]
        if not rows:
            return []
        row = np.array([row for row, _ in rows], np.intp)
        time_ns = np.array([said.time_ns for _, said in rows], np.int64)
        value = np.array([said.value for _, said in rows])
        samples = Samples(row, time_ns, value, np.zeros(len(rows), np.intp), np.arange(len(rows)))
        said = self.bank.update(samples, np.array([now_ns], np.int64))
        return [(saying, rows[saying.at][1]) for saying in said]


def _bank(found: Sequence[Watched], inventory: Inventory, index: Mapping[str, int]) -> tuple[Bank, list[int]]:
    """Return the bank of all models' ladders, and the first row of each model."""
    pairs = [(one.model, ladder) for one in found for ladder in one.ladders]
    ladders = [ladder for _, ladder in pairs]
    rules = [_rule(model, ladder, inventory, index) for model, ladder in pairs]
    detector = Limits([steps_of(ladder) for ladder in ladders])
    on_seconds = np.array([ladder.on_seconds for ladder in ladders])
    episodes = Episodes(*detector.thresholds(), on_seconds, np.array([ladder.off_seconds for ladder in ladders]))
    fresh_ns = np.array([round(_fresh_seconds(model) * SECOND) for model, _ in pairs], np.int64)
    first_row = np.cumsum([0, *(len(one.ladders) for one in found)]).tolist()
    return Bank(detector, episodes, rules, fresh_ns), first_row


def _fresh_seconds(model: GroupModel | RiskModel) -> float:
    slot = getattr(model, "slot_seconds", 0.0) + getattr(model, "max_age_seconds", 0.0)
    return float(slot) + _RISK_FRESH_SECONDS


def _rule(model: GroupModel | RiskModel, ladder: Ladder, inventory: Inventory, index: Mapping[str, int]) -> Rule:
    plotted = inventory.channels[model.channels[0]]
    quantity = QUANTITIES[ladder.quantity or ""]
    channel = replace(plotted, asset=model.asset, quantity=quantity.name, unit=quantity.unit)
    rungs = {level: ladder.rungs[level] for level in LEVELS if level in ladder.rungs}
    holds = ladder.deadband, ladder.on_seconds, ladder.off_seconds
    parameters = digest(ladder.direction, *rungs.items(), *holds)
    version = f"{model.name} {model.version} {parameters}"
    name = f"{model.name}:{ladder.name}"
    plot = model.plot_seconds
    return Rule(channel, index[plotted.id], ladder.hazard, name, version, parameters, ladder.basis, rungs, plot)


def _layers(models: Sequence[GroupModel], index: Mapping[str, int]) -> list[Rows]:
    """Return tables of dense channel index → row of the aligner, or -1; as many as a channel has models at most."""
    layers: list[Rows] = []
    row = 0
    for model in models:
        for channel in model.channels:
            number = next((number for number, rows in enumerate(layers) if rows[index[channel]] < 0), len(layers))
            if number == len(layers):
                layers.append(np.full(len(index), -1, np.intp))
            layers[number][index[channel]] = row
            row += 1
    return layers


def _name(model: Model) -> str:
    return f"{PART}{model.name} {model.asset}"


def _version(model: Model) -> int:
    return 1_000_000 * _FORMAT + 1_000 * Aligner.version + model.version


def _stripped(prefix: str, state: State) -> State:
    start = f"{prefix}."
    return {name.removeprefix(start): array[0] for name, array in state.items() if name.startswith(start)}
