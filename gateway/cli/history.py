"""`lifeline history SITE CHANNEL`: what a channel measured, from this box or from InfluxDB.

The history on this box is read from its files; a gateway may be writing them.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import re
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from gateway.errors import ConfigError, Fault, Unreachable

if TYPE_CHECKING:
    # `lifeline --help` must not pay for numpy.
    from gateway.settings import Site

_SECOND = 1_000_000_000
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(s|min|h|d)")
_UNITS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
_SHOWN_ROWS = 1_000
_QUALITIES = {0: "", 1: "good", 2: "unknown", 3: "suspect", 4: "fail", 9: "missing"}


class Source(Protocol):
    """Somewhere that knows the past; both kinds of rows and buckets have columns of the same names."""

    def read(self, channel: int, start_ns: int, end_ns: int) -> Any:
        """Return readings in [start, end)."""
        ...

    def buckets(self, channel: int, start_ns: int, end_ns: int, count: int) -> Any:
        """Return [start, end) in so many buckets."""
        ...


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("site", metavar="SITE", type=Path, help="the site file")
    parser.add_argument("channel", metavar="CHANNEL", help="asset.device.point, as `lifeline check` lists them")
    when = "ISO 8601 (the site's time zone unless it says one), or so long ago: 90s, 30min, 6h, 2d"
    parser.add_argument("--since", metavar="TIME", default="1h", help=f"{when} (default: 1h)")
    parser.add_argument("--until", metavar="TIME", default="0s", help="as --since (default: now)")
    parser.add_argument(
        "--from",
        dest="source",
        choices=("embedded", "influxdb"),
        default="embedded",
        help="the history on this box, or the InfluxDB of the site file (default: embedded)",
    )
    parser.add_argument("--buckets", metavar="N", type=_count, help="draw the readings together into N equal times")
    parser.add_argument(
        "--state", metavar="DIR", type=Path, help="the gateway's state folder (default: state beside SITE)"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object")
    form.add_argument("--csv", action="store_true", help="print CSV, times in UTC")


def run(options: argparse.Namespace) -> int:
    """Print the readings; 69 when the source does not answer, 78 for a channel that is not there."""
    from gateway.settings import check_site, load_site  # noqa: PLC0415 - `lifeline --help` must not pay for numpy

    site: Site | None
    if options.source == "influxdb":
        site = load_site(options.site)
    else:
        # The token and other secrets are not needed here.
        checked = check_site(options.site)
        site = checked.site
        if site is None:
            raise ConfigError(list(checked.faults))
    now_ns = time.time_ns()
    zone = ZoneInfo(site.timezone)
    start_ns, end_ns = (_moment(name, getattr(options, name), now_ns, zone) for name in ("since", "until"))
    if start_ns >= end_ns:
        raise ConfigError([Fault("--since", 1, 1, "the time asked for ends before it begins", "--until is later")])
    source, number = _open(options, site)
    header: tuple[str, ...]
    if options.buckets:
        found = source.buckets(number, start_ns, end_ns, options.buckets)
        header, rows = ("from", "to", "low", "high", "last", "readings", "worst"), list(_bucket_rows(found))
    else:
        found = source.read(number, start_ns, end_ns)
        header, rows = ("time", "value", "quality", "flags"), list(_reading_rows(found))
    unit = site.inventory.channels[options.channel].unit if options.channel in site.inventory.channels else ""
    _print(options, header, rows, unit, zone)
    return 0


def _open(options: argparse.Namespace, site: Site) -> tuple[Source, int]:
    """Return where to read from, and the channel's number there."""
    if options.source == "influxdb":
        from gateway.sinks.influxdb_reading import InfluxdbReading  # noqa: PLC0415
        from gateway.sinks.series import series_of  # noqa: PLC0415

        if site.influxdb is None:
            hint = "add it, or leave --from influxdb out"
            raise ConfigError([Fault(str(options.site), 1, 1, "stores has no influxdb", hint)])
        known = site.inventory.channels.get(options.channel)
        if known is None:
            raise _unknown(options, site.inventory.channels)
        return InfluxdbReading(site.influxdb, series_of([(0, known.id, known.quantity)], site.inventory)), 0
    from gateway.history.offline import OfflineHistory  # noqa: PLC0415

    state = options.state or options.site.resolve().parent / "state"
    try:
        history = OfflineHistory(state / "history")
    except FileNotFoundError as error:
        raise Unreachable(f"{error}; name the gateway's state folder with --state") from error
    numbers = history.channels()
    if options.channel not in numbers:
        raise _unknown(options, numbers)
    return history, numbers[options.channel]


def _unknown(options: argparse.Namespace, channels: Any) -> ConfigError:
    import difflib  # noqa: PLC0415

    close = difflib.get_close_matches(options.channel, list(channels), 1, 0.0)
    hint = f"did you mean {close[0]!r}?" if close else ""
    return ConfigError([Fault("CHANNEL", 1, 1, f"there is no channel {options.channel!r:.120}", hint)])


def _moment(name: str, text: str, now_ns: int, zone: ZoneInfo) -> int:
    if ago := _SPAN.fullmatch(text):
        return now_ns - round(float(ago[1]) * _UNITS[ago[2]] * _SECOND)
    try:
        moment = datetime.fromisoformat(text)
        return round((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1_000_000) * 1_000
    except (ValueError, OverflowError) as error:
        hint = "e.g. 2026-07-01T02:14, 2026-07-01T02:14:00Z, or 6h"
        raise ConfigError([Fault(f"--{name}", 1, 1, f"{text!r:.60} is no time", hint)]) from error


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 10_000:  # noqa: PLR2004 - said in the sentence
        raise argparse.ArgumentTypeError("must be 1 to 10000")
    return count


def _reading_rows(found: Any) -> Iterator[tuple[Any, ...]]:
    columns = (found.time_ns, found.value, found.quality, found.flags)
    for time_ns, value, quality, flags in zip(*(column.tolist() for column in columns), strict=True):
        yield time_ns, _number(value), _QUALITIES.get(quality, str(quality)), flags


def _bucket_rows(found: Any) -> Iterator[tuple[Any, ...]]:
    columns = (found.start_ns, found.end_ns, found.low, found.high, found.last, found.rows, found.worst_quality)
    for start_ns, end_ns, low, high, last, rows, worst in zip(*(column.tolist() for column in columns), strict=True):
        yield start_ns, end_ns, _number(low), _number(high), _number(last), rows, _QUALITIES.get(worst, str(worst))


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _print(
    options: argparse.Namespace, header: Sequence[str], rows: Sequence[tuple[Any, ...]], unit: str, zone: ZoneInfo
) -> None:
    from gateway.clock import to_iso  # noqa: PLC0415

    times = {name for name in header if name in {"time", "from", "to"}}
    if options.json or options.csv:
        written = [
            [to_iso(one) if name in times else one for name, one in zip(header, row, strict=True)] for row in rows
        ]
        if options.csv:
            csv.writer(sys.stdout, lineterminator="\n").writerows([header, *written])
            return
        kind = "buckets" if options.buckets else "readings"
        listed = [dict(zip(header, row, strict=True)) for row in written]
        said = {"channel": options.channel, "unit": unit, "source": options.source, kind: listed}
        print(json.dumps(said, ensure_ascii=False, allow_nan=False))
        return
    for row in rows[:_SHOWN_ROWS]:
        cells = [
            _clock(one, zone)
            if name in times
            else ""
            if one is None
            else f"{one:g}"
            if isinstance(one, float)
            else str(one)
            for name, one in zip(header, row, strict=True)
        ]
        print("  ".join(cell.ljust(10) for cell in cells).rstrip())
    more = f", of which the first {_SHOWN_ROWS} are shown; --csv has them all" if len(rows) > _SHOWN_ROWS else ""
    print(f"{len(rows)} {'buckets' if options.buckets else 'readings'} in {unit or '1'}{more}")


def _clock(time_ns: int, zone: ZoneInfo) -> str:
    moment = datetime.fromtimestamp(time_ns // _SECOND, zone)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{time_ns % _SECOND // 1_000_000:03d}"
