"""A recording in a Parquet file, as `Recording` tells a CSV file: column by column, a row group's batch at a time.

Rule 1: pyarrow is asked for only here, and only when there is such a file.
Rule 2: null is no reading; NaN is a reading without a value. A long file is held in memory and put in order of time, a
wide one when it clearly is not written as it came, or says when it was received (`order`).
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gateway.errors import ConfigError, Fault
from gateway.model import Floats, Int32s, Int64s
from gateway.recordings.layout import Columns, Layout, columns_of
from gateway.recordings.mapping import Place
from gateway.recordings.notes import Notes
from gateway.recordings.order import Order, Piece
from gateway.recordings.times import Times

_ROWS = 65_536


class ParquetRecording:
    """One Parquet file whose columns, or names in its channel column, belong to channels of a site."""

    def __init__(self, path: Path, places: Mapping[str, Place], layout: Layout, notes: Notes) -> None:
        self._path, self._file = path, str(path)
        self._places, self._layout, self._notes = places, layout, notes
        self._times = Times(layout.zone, layout.time_format)
        self._received = Times(layout.zone, layout.time_format)
        self.is_received = False
        self._newest_ns = 0
        self.numbers: dict[str, int] = {}
        self.empty_cells = 0
        self.rows = 0
        self._read_share = 0.0
        self._order = Order(notes)

    @property
    def share(self) -> float:
        """How much of the file has been read and handed on."""
        return self._read_share * self._order.share

    def pieces(self) -> Iterator[Piece]:
        """Yield the readings; ConfigError when the file is none, or pyarrow is missing."""
        pieces = self._pieces()
        first = next(pieces, None)
        if first is None:
            return
        rest = itertools.chain([first], pieces)
        if self.is_received:
            yield from self._order.received(rest)
        else:
            yield from self._order.settled(rest, is_long=False)

    def _pieces(self) -> Iterator[Piece]:
        _pyarrow(self._file)
        parquet = importlib.import_module("pyarrow.parquet")
        try:
            file = parquet.ParquetFile(self._path)
        except (OSError, ValueError) as error:
            raise ConfigError([Fault(self._file, 1, 1, f"it is no Parquet file: {error!s:.120}")]) from error
        with file:
            columns = columns_of(tuple(file.schema_arrow.names), self._layout, self._places, self._file)
            self.is_received = columns.received is not None
            total = max(file.metadata.num_rows, 1)
            wanted = self._wanted(columns)
            parts: list[Piece] = []
            for batch in file.iter_batches(_ROWS, columns=wanted):
                self.rows += batch.num_rows
                self._read_share = self.rows / total
                if columns.is_long:
                    parts.append(self._long(batch, columns))
                else:
                    yield self._wide(batch, columns)
        yield from self._in_order(parts)

    def _wanted(self, columns: Columns) -> list[str]:
        time = columns.names[columns.time]
        more = [] if columns.received is None else [columns.names[columns.received]]
        if columns.channel is not None and columns.value is not None:
            return [time, columns.names[columns.channel], columns.names[columns.value], *more]
        mapped = [name for name in columns.names if name in self._places and name != time]
        if not mapped:
            hint = f"columns are {', '.join(columns.names)[:200]}"
            raise ConfigError([Fault(self._file, 1, 1, "no column belongs to a channel", hint)])
        return [time, *mapped, *more]

    def _wide(self, batch: Any, columns: Columns) -> Piece:
        time_ns = self._time(batch.column(columns.names[columns.time]), self._times)
        arrival_ns = np.maximum.accumulate(np.append(self._newest_ns, time_ns))[1:]
        self._newest_ns = int(arrival_ns[-1]) if len(arrival_ns) else self._newest_ns
        arrival_ns = self._arrival(batch, columns, time_ns, arrival_ns)
        names = [name for name in batch.schema.names if name in self._places and name != columns.names[columns.time]]
        value = np.empty((len(time_ns), len(names)))
        is_there = np.empty(value.shape, np.bool_)
        channel = np.array([self._number(self._places[name].channel) for name in names], np.int32)
        for slot, name in enumerate(names):
            place = self._places[name]
            numbers, there = _numbers(batch.column(name), self._file, name)
            value[:, slot], is_there[:, slot] = numbers * place.factor + place.shift, there & (time_ns != 0)
        self.empty_cells += int((~is_there).sum())
        row, slot_of = np.nonzero(is_there)
        return Piece(arrival_ns[row], channel[slot_of], time_ns[row], value[row, slot_of])

    def _long(self, batch: Any, columns: Columns) -> Piece:
        assert columns.channel is not None  # noqa: S101 - only a long file comes here
        assert columns.value is not None  # noqa: S101
        time_ns = self._time(batch.column(columns.names[columns.time]), self._times)
        arrival_ns = self._arrival(batch, columns, time_ns, time_ns)
        value, there = _numbers(batch.column(columns.names[columns.value]), self._file, columns.names[columns.value])
        names = batch.column(columns.names[columns.channel]).dictionary_encode()
        spoken = [str(name).strip() for name in names.dictionary.to_pylist()]
        places = [self._places.get(name) for name in spoken]
        for name, place in zip(spoken, places, strict=True):
            if place is None:
                self._notes.add("map", 0, f"no channel is mapped to {name!r:.80}")
        number = np.array([self._number(place.channel) if place else -1 for place in places], np.int32)
        index = names.indices.fill_null(0).to_numpy(zero_copy_only=False)
        factor = np.array([place.factor if place else 1.0 for place in places])
        shift = np.array([place.shift if place else 0.0 for place in places])
        kept = np.flatnonzero(there & (number[index] >= 0) & (time_ns != 0))
        index = index[kept]
        return Piece(arrival_ns[kept], number[index], time_ns[kept], value[kept] * factor[index] + shift[index])

    def _in_order(self, parts: list[Piece]) -> Iterator[Piece]:
        if not parts:
            return
        arrival_ns: Int64s = np.concatenate([part.arrival_ns for part in parts])
        channel: Int32s = np.concatenate([part.channel for part in parts])
        time_ns: Int64s = np.concatenate([part.time_ns for part in parts])
        value: Floats = np.concatenate([part.value for part in parts])
        parts.clear()
        order = np.argsort(arrival_ns, kind="stable")
        yield Piece(arrival_ns[order], channel[order], time_ns[order], value[order])

    def _number(self, channel: str) -> int:
        return self.numbers.setdefault(channel, len(self.numbers) + 1)

    def _arrival(self, batch: Any, columns: Columns, time_ns: Int64s, otherwise_ns: Int64s) -> Int64s:
        """Return when rows were received: where that is not said, at their own time."""
        if columns.received is None:
            return otherwise_ns
        received_ns = self._time(batch.column(columns.names[columns.received]), self._received)
        return np.where(received_ns != 0, received_ns, time_ns)

    def _time(self, column: Any, times: Times) -> Int64s:
        """Return times in nanoseconds UTC, 0 where there is none."""
        pa, pc = _pyarrow(self._file), importlib.import_module("pyarrow.compute")
        if pa.types.is_timestamp(column.type):
            if column.type.tz is None:
                zone = str(self._layout.zone)
                column = pc.assume_timezone(column, zone, ambiguous="earliest", nonexistent="earliest")
            whole = column.cast(pa.timestamp("ns", "UTC"), safe=False).cast(pa.int64())
            return np.asarray(whole.fill_null(0).to_numpy(zero_copy_only=False), np.int64)
        read = [self._read(str(cell), times) if cell is not None else 0 for cell in column.to_pylist()]
        return np.array(read, np.int64)

    def _read(self, cell: str, times: Times) -> int:
        try:
            return times.read(cell)
        except ValueError as error:
            self._notes.add("time", 0, str(error))
            return 0


def _numbers(column: Any, file: str, name: str) -> tuple[Floats, Any]:
    """Return the numbers of a column and which rows have one."""
    pa = _pyarrow(file)
    try:
        numbers = column.cast(pa.float64())
    except pa.ArrowInvalid as error:
        raise ConfigError([Fault(file, 1, 1, f"column {name!r:.60} is not of numbers: {error!s:.80}")]) from error
    there = numbers.is_valid().to_numpy(zero_copy_only=False)
    return np.asarray(numbers.fill_null(np.nan).to_numpy(zero_copy_only=False), np.float64), there


def _pyarrow(file: str) -> Any:
    """Return pyarrow, an extra whose types nobody needs to have installed."""
    try:
        return importlib.import_module("pyarrow")
    except ImportError as error:
        hint = "pip install 'lifeline-gateway[reports]', or give it as CSV"
        raise ConfigError([Fault(file, 1, 1, "reading Parquet needs pyarrow", hint)]) from error
