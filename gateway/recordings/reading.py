"""A recording in a CSV file as pieces of readings, in the order in which they would have arrived.

Rule 1: a recording is told as it is; what is odd about it is noted, and the rest goes on.
Rule 2: an empty cell is no reading; a cell that says "missing" is a reading without a value.
Rule 3: readings arrived when the file says that they were received; where it says nothing, the order of the file is the
order of arrival, unless it clearly is not (`order`). A long file is all in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.clock import to_iso
from gateway.documents import did_you_mean
from gateway.errors import ConfigError, Fault
from gateway.model import SECOND, Floats, Int32s, Int64s
from gateway.recordings.cells import Grid, read_grid, read_numbers, read_received, read_times
from gateway.recordings.layout import Columns, Layout, find_columns
from gateway.recordings.mapping import Place
from gateway.recordings.notes import Notes
from gateway.recordings.order import LATE, Order, Piece
from gateway.recordings.source import Block, Source
from gateway.recordings.times import Times

_GAP = 1.5
"""So many usual steps without a row are a gap."""
_HINTED = 3
"""Columns that are not there, of which more is no slip of the pen."""
_SHOWN = 3
"""Notes of one kind that are written out; of the rest only the number is kept."""


class Recording:
    """One CSV file whose columns, or names in its channel column, belong to channels of a site."""

    def __init__(self, path: Path, places: Mapping[str, Place], layout: Layout, notes: Notes) -> None:
        """`places` maps columns, or in a long file the names in its channel column, to channels."""
        self._source = Source(path, notes)
        self._file = str(path)
        self._places = places
        self.numbers: dict[str, int] = {}
        """The channels that occur in the file and their numbers; complete once there is a piece."""
        self._layout = layout
        self._notes = notes
        self._times = Times(layout.zone, layout.time_format)
        self._received = Times(layout.zone, layout.time_format)
        self.is_received = False
        """Whether the file says when its readings were received; known once there is a piece."""
        self._order = Order(notes)
        self._newest_ns = 0
        self._step_ns = 0
        self.empty_cells = 0
        self.rows = 0

    def _number(self, channel: str) -> int:
        return self.numbers.setdefault(channel, len(self.numbers) + 1)

    @property
    def share(self) -> float:
        """How much of the file has been read and handed on."""
        return self._source.share * self._order.share

    def pieces(self) -> Iterator[Piece]:
        """Yield the readings; ConfigError when the file's head makes no sense."""
        with self._source as source:
            blocks = source.blocks()
            columns, first = self._head(blocks)
            read = self._long if columns.is_long else self._wide
            pieces = read(columns, _chain(first, blocks))
            self.is_received = columns.received is not None
            if self.is_received:
                yield from self._order.received(pieces)
            else:
                yield from self._order.settled(pieces, is_long=columns.is_long)

    def _head(self, blocks: Iterator[Block]) -> tuple[Columns, Block]:
        for block in blocks:
            number, text = block
            while text:
                line, _, rest = text.partition("\n")
                if line.strip() and not line.startswith("#"):
                    columns = find_columns(line, number, self._layout, self._places, self._file)
                    return columns, (Block(number + 1, rest) if columns.has_head else Block(number, text))
                number, text = number + 1, rest
        raise ConfigError([Fault(self._file, 1, 1, "the file is empty")])

    def _wide(self, columns: Columns, blocks: Iterator[Block]) -> Iterator[Piece]:
        self._check_names(columns)
        watched = [
            (place, name, self._places[name]) for place, name in enumerate(columns.names) if name in self._places
        ]
        channel = np.array([self._number(target.channel) for _, _, target in watched], np.int32)
        for block in blocks:
            grid = read_grid(block, columns, self._notes)
            time_ns = read_times(grid.column(columns.time), grid.lines, self._times, self._notes)
            if columns.received is None:
                arrival_ns = self._arrivals(time_ns, grid.lines)
            else:
                arrival_ns = self._received_at(grid, columns.received, time_ns)
            value = np.empty((len(time_ns), len(watched)))
            is_there = np.empty(value.shape, np.bool_)
            is_there[:] = (time_ns != 0)[:, None]
            for number, (place, name, target) in enumerate(watched):
                numbers = read_numbers(grid.column(place), grid.lines, columns, name, self._notes)
                value[:, number] = numbers.value * target.factor + target.shift
                if numbers.is_there is not None:
                    self.empty_cells += int((~numbers.is_there).sum())
                    is_there[:, number] &= numbers.is_there
            self.rows += len(time_ns)
            kept = np.flatnonzero(is_there.ravel())
            row, slot = np.divmod(kept, max(1, len(watched)))
            yield Piece(arrival_ns[row], channel[slot], time_ns[row], value.ravel()[kept])

    def _check_names(self, columns: Columns) -> None:
        """Say which columns belong to no channel, and which part of the map to no column."""
        absent = [name for name in self._places if name not in columns.names]
        if len(absent) == len(self._places):
            hint = f"columns are {', '.join(columns.names)[:200]}; the map has {', '.join(absent)[:200]}"
            raise ConfigError([Fault(self._file, 1, 1, "no column belongs to a channel", hint)])
        for name in absent:
            if self._places[name].channel == name:
                # Nobody said that this channel would be there.
                continue
            hint = did_you_mean(name, columns.names) if len(absent) <= _HINTED else ""
            self._notes.add("map", 0, f"there is no column {name!r:.80}{f', {hint}' if hint else ''}")
        others = [
            name
            for place, name in enumerate(columns.names)
            if place not in (columns.time, columns.received) and name not in self._places
        ]
        if others:
            self._notes.add("map", 0, f"columns that belong to no channel: {', '.join(others)[:200]}")

    def _arrivals(self, time_ns: Int64s, lines: NDArray[np.int64]) -> Int64s:
        """Return the newest time at each row, noting what goes back, comes again, or is missing."""
        if not len(time_ns):
            return time_ns
        newest = np.maximum.accumulate(np.append(self._newest_ns, time_ns))
        before, arrival = newest[:-1], newest[1:]
        step = arrival - before
        if not self._step_ns and (usual := step[(step > 0) & (before > 0)]).size:
            self._step_ns = int(np.median(usual))
        self._say(
            LATE,
            (time_ns < before) & (time_ns != 0),
            lines,
            lambda row: f"goes back from {_iso(before[row])} to {_iso(time_ns[row])}; its readings come late",
        )
        self._say(
            "time",
            (time_ns == before) & (before > 0),
            lines,
            lambda row: f"{_iso(time_ns[row])} once more; what differs is not believed",
        )
        if self._step_ns:
            self._say(
                "gap",
                (step > _GAP * self._step_ns) & (before > 0),
                lines,
                lambda row: f"no rows for {_span(step[row])} after {_iso(before[row])}",
            )
        self._newest_ns = int(arrival[-1])
        return arrival

    def _received_at(self, grid: Grid, column: int, time_ns: Int64s) -> Int64s:
        return read_received(grid.column(column), grid.lines, time_ns, self._received, self._notes)

    def _say(self, kind: str, is_odd: NDArray[np.bool_], lines: NDArray[np.int64], text: Callable[[int], str]) -> None:
        """Say the same of many rows, the first few in words."""
        odd = np.flatnonzero(is_odd)
        for row in odd[:_SHOWN].tolist():
            self._notes.add(kind, int(lines[row]), text(row))
        if odd.size > _SHOWN:
            row = int(odd[_SHOWN])
            self._notes.add(kind, int(lines[row]), text(row), odd.size - _SHOWN)

    def _long(self, columns: Columns, blocks: Iterator[Block]) -> Iterator[Piece]:
        parts = [self._long_part(read_grid(block, columns, self._notes), columns) for block in blocks]
        if not parts:
            return
        channel = np.concatenate([part[0] for part in parts])
        time_ns = np.concatenate([part[1] for part in parts])
        value = np.concatenate([part[2] for part in parts])
        lines = np.concatenate([part[3] for part in parts])
        received_ns = np.concatenate([part[4] for part in parts])
        del parts
        if columns.received is not None:
            yield Piece(received_ns, channel, time_ns, value)
            return
        arrival_ns = np.maximum.accumulate(time_ns) if len(time_ns) else time_ns
        self._say(
            LATE,
            time_ns < arrival_ns,
            lines,
            lambda row: f"goes back from {_iso(arrival_ns[row])} to {_iso(time_ns[row])}; the reading comes late",
        )
        yield Piece(arrival_ns, channel, time_ns, value)

    def _long_part(self, grid: Grid, columns: Columns) -> tuple[Int32s, Int64s, Floats, NDArray[np.int64], Int64s]:
        assert columns.channel is not None  # noqa: S101 - only a long file comes here
        assert columns.value is not None  # noqa: S101
        names = grid.column(columns.channel)
        time_ns = read_times(grid.column(columns.time), grid.lines, self._times, self._notes)
        numbers = read_numbers(
            grid.column(columns.value), grid.lines, columns, columns.names[columns.value], self._notes
        )
        places = {name: self._places.get(name.strip()) for name in set(names)}
        for name, place in places.items():
            if place is None:
                first = int(grid.lines[names.index(name)])
                self._notes.add("map", first, f"no channel is mapped to {name!r:.80}", names.count(name))
        number = {name: self._number(place.channel) if place else -1 for name, place in places.items()}
        factor = {name: place.factor if place else 1.0 for name, place in places.items()}
        shift = {name: place.shift if place else 0.0 for name, place in places.items()}
        channel = np.array([number[name] for name in names], np.int32)
        value = numbers.value * np.array([factor[name] for name in names]) + np.array([shift[name] for name in names])
        is_there = (channel >= 0) & (time_ns != 0)
        if numbers.is_there is not None:
            self.empty_cells += int((~numbers.is_there).sum())
            is_there &= numbers.is_there
        self.rows += len(names)
        received_ns = time_ns if columns.received is None else self._received_at(grid, columns.received, time_ns)
        return channel[is_there], time_ns[is_there], value[is_there], grid.lines[is_there], received_ns[is_there]


def _chain(first: Block, rest: Iterator[Block]) -> Iterator[Block]:
    if first.text:
        yield first
    yield from rest


def _iso(time_ns: int | np.int64) -> str:
    return to_iso(int(time_ns))


def _span(nanoseconds: int | np.int64) -> str:
    seconds = int(nanoseconds) / SECOND
    for size, word in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {word}"
    return f"{seconds:.3g} s"
