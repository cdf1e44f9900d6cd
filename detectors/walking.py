"""Walk the samples of a call through sequential state, round by round, on columns gathered once.

A bank keeps its state as a `Table` and writes one `step`: one sample for each of the first rows. It uses only
+ - * / sqrt min max, which are correctly rounded: every cut of a stream then gives the same bits.
Whether anything holds is asked by count_nonzero, which takes a fifth of the time of any() and all().
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
from numpy import count_nonzero
from numpy.typing import NDArray

from detectors.contract import Floats, Rows, State, Times
from detectors.rounds import cut, every_row

SECOND = 1_000_000_000
NEVER = -(1 << 62)
"""The time of a row that has not been fed yet."""
MOST = 1e100
"""No measurement is larger; its square is still a number."""


class Table:
    """State of a bank: named float columns, the time of each row's last sample, and each row's parameters."""

    def __init__(self, names: tuple[str, ...], parameters: Floats) -> None:
        size = parameters.shape[1]
        self.names = names
        self.parameters = parameters
        self.floats = np.zeros((len(names), size))
        self.time_ns = np.full(size, NEVER, np.int64)

    def column(self, name: str) -> Floats:
        """Return one column, not a copy."""
        column: Floats = self.floats[self.names.index(name)]
        return column

    def state(self) -> State:
        """Return copies of the columns by name."""
        return {"time_ns": self.time_ns.copy()} | dict(zip(self.names, self.floats.copy(), strict=True))

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows."""
        self.time_ns[rows] = state["time_ns"]
        for name, column in zip(self.names, self.floats, strict=True):
            column[rows] = state[name]


class Round(NamedTuple):
    """One sample of each of some rows."""

    rows: Rows
    time_ns: Times
    seconds: Floats
    """Since each row's last sample; many years for a first one."""
    value: Floats
    cells: Rows | None = None
    """Where each sample falls in a table of the bank's own, when the bank said so."""
    beside: Floats | None = None
    """Where a step may write more figures of each sample, figures by samples, when the bank wants any."""


class Step(Protocol):
    """One sample for each of the first rows of the gathered state; returns their scores, leaves their times alone."""

    def __call__(self, state: Floats, parameters: Floats, samples: Round) -> Floats:
        """Move on by one round."""
        ...


def walk(
    table: Table,
    step: Step,
    rows: Rows,
    time_ns: Times,
    value: Floats,
    *,
    cells: Rows | None = None,
    beside: Floats | None = None,
) -> Floats:
    """Step through the samples of a call; a value that is no number gets NaN and is not seen by the state.

    `beside`, figures by samples, is filled by the steps; it stays as it was for values that are no numbers.
    """
    is_good = np.abs(value) <= MOST
    if count_nonzero(is_good) < len(value):
        score = np.full(len(rows), np.nan)
        good = np.flatnonzero(is_good)
        its_cells = None if cells is None else cells.take(good)
        its_beside = None if beside is None else np.empty((len(beside), len(good)))
        given = rows.take(good), time_ns.take(good), value.take(good)
        score[good] = walk(table, step, *given, cells=its_cells, beside=its_beside)
        if beside is not None and its_beside is not None:
            beside[:, good] = its_beside
        return score
    if rows is every_row(len(table.time_ns)) or count_nonzero(rows[1:] > rows[:-1]) == max(len(rows) - 1, 0):
        return _walk_once(table, step, Round(rows, time_ns, value, value, cells, beside))
    rounds = cut(rows)
    state, last_ns = table.floats.take(rounds.rows, axis=1), table.time_ns.take(rounds.rows)
    parameters = table.parameters.take(rounds.rows, axis=1)
    # Round after round in one piece: a round then works on slices, and asks for nothing to be gathered.
    now_ns, value = time_ns.take(rounds.order), value.take(rounds.order)
    cells = None if cells is None else cells.take(rounds.order)
    before_ns = np.empty_like(now_ns)
    before_ns[: len(last_ns)] = last_ns
    for first, (start, end) in zip(rounds.bounds, pairwise(rounds.bounds[1:]), strict=False):
        before_ns[start:end] = now_ns[first : first + end - start]
    seconds = _seconds(now_ns, before_ns)
    in_order = np.empty(len(rows))
    beside_in_order = None if beside is None else np.empty(beside.shape)
    for start, end in pairwise(rounds.bounds):
        size = end - start
        its_cells = None if cells is None else cells[start:end]
        its_beside = None if beside_in_order is None else beside_in_order[:, start:end]
        samples = Round(
            rounds.rows[:size], now_ns[start:end], seconds[start:end], value[start:end], its_cells, its_beside
        )
        in_order[start:end] = step(state[:, :size], parameters[:, :size], samples)
        last_ns[:size] = now_ns[start:end]
    _put(table, rounds.rows, state, last_ns)
    score = np.empty(len(rows))
    score[rounds.order] = in_order
    if beside is not None and beside_in_order is not None:
        beside[:, rounds.order] = beside_in_order
    return score


def _walk_once(table: Table, step: Step, given: Round) -> Floats:
    """Step each row at most once; all of them at once need no gathering. The seconds are still to be told."""
    rows, time_ns = given.rows, given.time_ns
    if len(rows) == len(table.time_ns):
        samples = given._replace(seconds=_seconds(time_ns, table.time_ns))
        score = step(table.floats, table.parameters, samples)
        table.time_ns[:] = time_ns
        return score
    state, last_ns = table.floats.take(rows, axis=1), table.time_ns.take(rows)
    samples = given._replace(seconds=_seconds(time_ns, last_ns))
    score = step(state, table.parameters.take(rows, axis=1), samples)
    _put(table, rows, state, time_ns)
    return score


def _seconds(now_ns: Times, last_ns: Times) -> Floats:
    seconds = (now_ns - last_ns).astype(np.float64)
    seconds *= 1e-9
    np.maximum(seconds, 0.0, out=seconds)
    return seconds


def _put(table: Table, rows: Rows, state: Floats, time_ns: Times) -> None:
    for column, gathered in zip(table.floats, state, strict=True):
        column[rows] = gathered
    table.time_ns[rows] = time_ns


def columns(size: int, *given: NDArray[np.float64] | float) -> Floats:
    """Stack parameters, one column each, a number standing for all rows."""
    return np.stack([np.broadcast_to(np.asarray(one, np.float64), (size,)) for one in given])
