"""What the commands that read a recording share: its options, the site, and the way through a gateway in memory."""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.errors import ConfigError, Fault

if TYPE_CHECKING:
    # `lifeline --help` must not pay for numpy.
    from gateway.app.in_memory import InMemoryGateway
    from gateway.recordings import Notes, Piece, Place, Readable
    from gateway.settings import Site

_BAR = 30
_LOOK_SECONDS = 0.2


FILE_HELP = "a recording: .csv, .csv.xz, .csv.gz or .parquet, wide or long"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare how a recording is laid out."""
    parser.add_argument(
        "--map",
        metavar="COLUMN=CHANNEL[@UNIT]",
        nargs="+",
        action="extend",
        default=[],
        help="which column (or name, in a long file) is which channel, or a YAML file of such lines; "
        "columns that are named like channels need none",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--wide", dest="form", action="store_const", const="wide", help="one column a channel")
    form.add_argument("--long", dest="form", action="store_const", const="long", help="one row a reading")
    parser.add_argument("--time", metavar="COLUMN", help="the column of times")
    parser.add_argument("--channel-column", metavar="COLUMN", help="the column of names in a long file")
    parser.add_argument("--value-column", metavar="COLUMN", help="the column of values in a long file")
    parser.add_argument(
        "--received-column",
        metavar="COLUMN",
        help="the column of when rows were received (default: one called received, where there is one; - takes none)",
    )
    parser.add_argument(
        "--time-format", metavar="FORMAT", help="strptime format of the times, e.g. '%%d.%%m.%%Y %%H:%%M'"
    )
    parser.add_argument("--timezone", metavar="ZONE", help="of times without one (default: the site's)")
    parser.add_argument("--quiet", action="store_true", help="say nothing of what is odd about the recording")


def open_site(path: Path) -> Site:
    """Return the site of a file; its secrets are not needed, for nothing is collected."""
    from gateway.settings import check_site  # noqa: PLC0415 - `lifeline --help` must not pay for numpy

    checked = check_site(path)
    if checked.site is None:
        raise ConfigError(list(checked.faults))
    return checked.site


def open_recording(options: argparse.Namespace, site: Site, notes: Notes) -> Readable:
    """Return the recording that the options name; ConfigError when the map or a zone makes no sense."""
    from gateway.recordings import Layout, open_file, read_map  # noqa: PLC0415

    layout = Layout(
        zone_of(options, site),
        form=options.form,
        time=options.time,
        channel=options.channel_column,
        value=options.value_column,
        time_format=options.time_format,
        received=options.received_column,
    )
    places = read_map(options.map, site.inventory.channels) or _own_names(site)
    return open_file(options.file, places, layout, notes)


def through_a_gateway(
    recording: Readable, site: Site, look: Callable[[Piece], None] | None = None
) -> tuple[InMemoryGateway, int]:
    """Feed a whole recording to a gateway in memory; return what came of it, and how many readings there were.

    `look` sees every piece before the gateway does.
    """
    from gateway.app.in_memory import InMemoryGateway  # noqa: PLC0415

    pieces = recording.pieces()
    # The channels of a file are known once there is a piece.
    first = next(pieces, None)
    readings, bar = 0, Bar()
    with InMemoryGateway(site, recording.numbers, is_received=recording.is_received) as gateway:
        for piece in itertools.chain([first] if first else [], pieces):
            if look is not None:
                look(piece)
            gateway.feed(piece.arrival_ns, piece.channel, piece.time_ns, piece.value)
            readings += len(piece.value)
            bar.show(recording.share, gateway.now_ns, f"{readings:,} readings, {len(gateway.warnings)} warnings")
    bar.end()
    return gateway, readings


def say_what_is_odd(options: argparse.Namespace, notes: Notes, readings: int) -> None:
    """Say on stderr what is odd about the recording; ConfigError when it held not one reading."""
    say(options, options.file, notes)
    if not readings:
        hint = "leave --quiet out to see why" if options.quiet else "the lines above say why"
        raise ConfigError([Fault(str(options.file), 1, 1, "not one reading could be taken from it", hint)])


def say(options: argparse.Namespace, file: Path, notes: Notes) -> None:
    """Say on stderr what is odd about a file, unless that is not wanted."""
    if not options.quiet and (said := notes.as_text(str(file))):
        print("\n".join(said), file=sys.stderr)


def zone_of(options: argparse.Namespace, site: Site) -> ZoneInfo:
    """Return the zone of times without one."""
    name = options.timezone or site.timezone
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            [Fault("--timezone", 1, 1, f"{name!r:.60} is not a time zone", "e.g. Asia/Shanghai")]
        ) from error


class Bar:
    """A progress bar on a terminal's stderr; nothing where nobody watches."""

    def __init__(self) -> None:
        self._is_watched = sys.stderr.isatty()
        self._looked = time.monotonic()

    def show(self, share: float, now_ns: int, text: str) -> None:
        """Show how far the work is, five times a second at most."""
        if not self._is_watched or time.monotonic() - self._looked <= _LOOK_SECONDS:
            return
        from gateway.cli.duty_log import clock_time  # noqa: PLC0415

        self._looked = time.monotonic()
        done = round(_BAR * share)
        bar = "█" * done + "░" * (_BAR - done)
        now = clock_time(now_ns, ZoneInfo("UTC"))
        print(f"\r\x1b[K{bar} {share:4.0%}  {now} UTC  {text}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Take the bar away."""
        if self._is_watched:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _own_names(site: Site) -> dict[str, Place]:
    """Return every channel as a column of its own name."""
    from gateway.recordings import Place  # noqa: PLC0415

    return {name: Place(name) for name in site.inventory.channels}
