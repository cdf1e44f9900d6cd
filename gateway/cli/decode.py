"""`lifeline decode --codec NAME`: frames in, one a line; what they say out, one JSON object a line.

    {"ok": true, "station": "…", "readings": [{"point": "Z", "time": …, "value": 1.5, "unit": "m", "quality": "GOOD"}]}
    {"ok": false, "error": "CRC: …"}

Points have the protocol's own names, units are UCUM (null when the protocol does not say), times are UTC. Exit code 0
when every frame was understood, 1 when one was not. Empty lines are passed by.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.cli import EXIT_FINDINGS, EXIT_USAGE, decode_raw
from gateway.errors import ConfigError, DecodeError, Fault

if TYPE_CHECKING:
    # `lifeline --help` must not pay for numpy.
    from gateway.codecs.contract import FieldReading, FrameDecoder

_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF \t,:-")
_LONGEST_LINE = 1 << 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    from gateway.codecs.registry import CODECS  # noqa: PLC0415 - see TYPE_CHECKING above

    parser.add_argument("file", nargs="?", default="-", metavar="FILE", help="one frame a line; - is stdin (default)")
    parser.add_argument("--codec", choices=sorted(CODECS), metavar="NAME", help=", ".join(sorted(CODECS)))
    parser.add_argument("--hex", action="store_true", help="the lines are hex (binary codecs expect it anyway)")
    parser.add_argument("--lenient", action="store_true", help="accept known deviations, e.g. another checksum")
    parser.add_argument(
        "--model", default="", metavar="MODEL", help="the maker's model, for milesight and decentlab: DL-KL66,f0=…,k=…"
    )
    parser.add_argument(
        "--timezone", default="Asia/Shanghai", metavar="ZONE", help="of times without one (default: Asia/Shanghai)"
    )

    decode_raw.configure(parser)


def run(options: argparse.Namespace) -> int:
    """Decode every line; 0 when all were understood, 1 when one was not."""
    if options.source == "raw":
        return decode_raw.run(options)
    if options.codec is None:
        print("lifeline decode: say --codec NAME, or --from raw --profile NEW", file=sys.stderr)
        return EXIT_USAGE
    from gateway.codecs.contract import CodecOptions  # noqa: PLC0415
    from gateway.codecs.registry import CODECS  # noqa: PLC0415

    try:
        zone = ZoneInfo(options.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        fault = Fault("--timezone", 1, 1, f"there is no time zone {options.timezone!r:.60}", "e.g. Asia/Shanghai")
        raise ConfigError([fault]) from None
    decoder = CODECS[options.codec](CodecOptions(is_lenient=options.lenient, zone=zone, model=options.model))
    failed = 0
    with _opened(options.file) as lines:
        for line in _frames(lines):
            said = decode_line(decoder, line, is_hex=options.hex)
            failed += not said["ok"]
            print(json.dumps(said, ensure_ascii=False, allow_nan=False), flush=True)
    return EXIT_FINDINGS if failed else 0


def decode_line(decoder: FrameDecoder[Any], line: bytes, *, is_hex: bool = False) -> dict[str, Any]:
    """Return what one line says, as it is printed."""
    try:
        message = decoder.decode(_bytes_of(line, is_hex=is_hex, is_text=decoder.is_text))
    except DecodeError as error:
        return {"ok": False, "error": str(error)}
    return {"ok": True, "station": message.station, "readings": [_shown(reading) for reading in message.readings]}


def _shown(reading: FieldReading) -> dict[str, Any]:
    from gateway.clock import to_iso  # noqa: PLC0415
    from gateway.model import Quality  # noqa: PLC0415

    is_missing = reading.quality == Quality.MISSING or reading.value != reading.value
    return {
        "point": reading.field,
        "time": None if reading.time_ns is None else to_iso(reading.time_ns),
        "value": None if is_missing else reading.value,
        "unit": reading.unit or None,
        "quality": Quality(reading.quality).name,
    }


def _bytes_of(line: bytes, *, is_hex: bool, is_text: bool) -> bytes:
    """Return the frame that a line shows; frames of binary codecs are shown in hex, control characters aside."""
    if is_text and not is_hex:
        return line
    if not is_hex and not _HEX_DIGITS.issuperset(line):
        return line
    try:
        return bytes.fromhex(line.decode().translate({ord(mark): " " for mark in ",:-"}).removeprefix("0x"))
    except ValueError as error:
        raise DecodeError("hex", f"{error}: {line[:60]!r}") from None


def _frames(lines: BinaryIO) -> Iterator[bytes]:
    while line := lines.readline(_LONGEST_LINE):
        if frame := line.strip(b" \t\r\n"):
            yield frame


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        with open(name, "rb") as file:  # noqa: PTH123 - a name, or the terminal
            yield file
    except OSError as error:
        raise ConfigError([Fault(name, 1, 1, f"cannot read it: {error.strerror}")]) from None
