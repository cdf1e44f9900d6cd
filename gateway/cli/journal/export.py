"""`lifeline journal export FOLDER`: the readings that the journal holds, as CSV or JSON lines."""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from gateway.cli.journal.progress import bar

if TYPE_CHECKING:
    # `lifeline --help` must not pay for numpy.
    from gateway.journal.exporting import Export
    from gateway.model import Batch

_COLUMNS = ("channel", "time", "value", "quality", "flags")
_ROW = tuple[str, str, float, int, int]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--out", metavar="FILE", type=Path, help="write there instead of to stdout")
    parser.add_argument("--channel", metavar="ID", action="append", help="only this channel; may be given again")
    parser.add_argument("--since", metavar="TIME", type=_time, help="only readings from this time on (ISO 8601, UTC)")
    parser.add_argument("--until", metavar="TIME", type=_time, help="only readings before this time (ISO 8601, UTC)")


def run(folder: Path, options: argparse.Namespace) -> int:
    """Write the readings, oldest record first; what was left out is said on stderr."""
    from gateway.journal.exporting import Export  # noqa: PLC0415

    export = Export.open(folder)
    count = 0
    with _opened(options.out) as out, bar("exporting") as progress:
        write = _write_json if options.json else _write_csv
        count = write(out, (row for batch in export.batches(progress) for row in _rows(batch, export, options)))
    text = f"{count} readings"
    if export.damaged:
        text += f"; {export.damaged} damaged records were left out, see `lifeline journal verify`"
    print(text, file=sys.stderr)
    return 0


def _rows(batch: Batch, export: Export, options: argparse.Namespace) -> Iterator[_ROW]:
    from gateway.clock import to_iso  # noqa: PLC0415

    columns = (batch.channel, batch.time_ns, batch.value, batch.quality, batch.flags)
    for number, time_ns, value, quality, flags in zip(*(column.tolist() for column in columns), strict=True):
        channel = export.ids.get(number, str(number))
        is_wanted = not options.channel or channel in options.channel
        is_in_time = (options.since or -math.inf) <= time_ns < (options.until or math.inf)
        if is_wanted and is_in_time:
            yield channel, to_iso(time_ns), value, quality, flags


def _write_csv(out: TextIO, rows: Iterator[_ROW]) -> int:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    count = 0
    for channel, time, value, quality, flags in rows:
        writer.writerow((channel, time, "" if math.isnan(value) else repr(value), quality, flags))
        count += 1
    return count


def _write_json(out: TextIO, rows: Iterator[_ROW]) -> int:
    count = 0
    for row in rows:
        named = dict(zip(_COLUMNS, row, strict=True))
        if not math.isfinite(row[2]):
            named["value"] = None
        out.write(json.dumps(named, ensure_ascii=False) + "\n")
        count += 1
    return count


@contextmanager
def _opened(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    with path.open("w", encoding="utf-8") as file:
        yield file


def _time(text: str) -> int:
    """Return nanoseconds UTC; a time without a zone is UTC."""
    when = datetime.fromisoformat(text)
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1_000_000) * 1_000
