"""`lifeline profile`: prove a profile by its own frames, or rank what a dump's registers could mean.

`suggest` takes a dump of registers and what the device's own display shows.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli import EXIT_CONFIG, EXIT_FINDINGS, EXIT_USAGE

if TYPE_CHECKING:
    # `lifeline --help` must not pay for numpy.
    from gateway.codecs.modbus_detective import Candidate


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="decode a profile's frames and compare them with what it says they mean")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a profile in YAML")
    check.add_argument("--json", action="store_true", help="print one JSON object per file")
    suggest = actions.add_parser("suggest", help="rank address, type, byte order, scale and offset for a known reading")
    suggest.add_argument("--dump", metavar="FILE", required=True, help="registers: '256: 4060 0000' a line; - is stdin")
    suggest.add_argument("--reading", metavar="VALUE", required=True, help="what the display shows, all digits")
    suggest.add_argument("--unit", metavar="UNIT", default="", help="the unit of the reading (UCUM), e.g. bar")
    suggest.add_argument("--tolerance", metavar="N", type=float, help="default: half of the reading's last digit")
    suggest.add_argument("--kind", choices=("holding", "input"), default="holding", help="where the dump was read")
    suggest.add_argument("--one-based", action="store_true", help="the dump counts from 1, as mbpoll does")
    suggest.add_argument("--most", metavar="N", type=int, default=8, help="how many candidates to print (8)")
    suggest.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Prove profiles (78 when one is wrong), or print the candidates, the likeliest first (1 when none fits)."""
    return _check(options) if options.action == "check" else _suggest(options)


def _check(options: argparse.Namespace) -> int:
    from gateway.codecs.golden import disproved  # noqa: PLC0415 - see above
    from gateway.errors import ConfigError  # noqa: PLC0415
    from gateway.profiles import load_profile  # noqa: PLC0415

    exit_code = 0
    for path in options.files:
        shown = ""
        try:
            profile = load_profile(path.read_bytes(), str(path))
        except OSError as error:
            print(f"lifeline: {path}: {error.strerror}; give the path of a profile", file=sys.stderr)
            return EXIT_USAGE
        except ConfigError as error:
            wrong = [str(fault) for fault in error.faults]
        else:
            wrong = [f"{path}: error: {what}" for what in disproved(profile)]
            shown = f"{path}: ok: {len(profile.points)} points proved by {len(profile.frames)} frames"
        if wrong:
            exit_code = EXIT_CONFIG
        if options.json:
            print(json.dumps({"file": str(path), "ok": not wrong, "faults": wrong}, ensure_ascii=False))
        else:
            print("\n".join(wrong) or shown)
    return exit_code


def _suggest(options: argparse.Namespace) -> int:
    from gateway.codecs.modbus_detective import read_dump, suggest, tolerance_of  # noqa: PLC0415 - see above
    from gateway.errors import DecodeError  # noqa: PLC0415

    try:
        text = sys.stdin.read() if options.dump == "-" else Path(options.dump).read_text(encoding="utf-8")
        registers = read_dump(text)
        if options.one_based:
            registers = {address - 1: word for address, word in registers.items() if address > 0}
        tolerance = tolerance_of(options.reading) if options.tolerance is None else options.tolerance
    except (OSError, UnicodeDecodeError, DecodeError) as error:
        print(f"lifeline: {error}", file=sys.stderr)
        return EXIT_USAGE
    found = suggest(registers, float(options.reading), tolerance, max(1, options.most))
    if options.json:
        shown = [{**each._asdict(), "patch": _patch(each, options)} for each in found]
        print(json.dumps({"registers": len(registers), "tolerance": tolerance, "candidates": shown}))
    elif found:
        for number, each in enumerate(found, start=1):
            print(
                f"{number}. {each.type} {each.byte_order} at {each.address}, scale {each.scale:g}, "
                f"offset {each.offset:g}: {each.value:.7g} (likelihood {each.likelihood:.2f})"
            )
        print("\nfor the profile, of the first:\n" + _patch(found[0], options), end="")
    else:
        hint = "read it again while it stands still, or allow more with --tolerance"
        print(f"no register fits {options.reading} within {tolerance:g}; {hint}")
    return 0 if found else EXIT_FINDINGS


def _patch(found: Candidate, options: argparse.Namespace) -> str:
    order = "" if found.type.endswith("16") and found.byte_order == "ABCD" else f", byte_order: {found.byte_order}"
    lines = [
        "points:",
        "  reading:  # its name for ever: a channel's id ends with it",
        f"    quantity: {_quantity(options.unit)}",
        f'    unit: "{options.unit or "1"}"',
        f"    register: {{kind: {options.kind}, address: {found.address}, type: {found.type}{order}}}",
    ]
    lines += [f"    scale: {found.scale:g}"] if found.scale != 1 else []
    lines += [f"    offset: {found.offset:g}"] if found.offset else []
    return "\n".join(lines) + "\n"


def _quantity(unit: str) -> str:
    from gateway.units import QUANTITIES  # noqa: PLC0415

    fitting = [name for name, quantity in QUANTITIES.items() if unit in quantity.units() and not quantity.is_derived]
    return f"{fitting[0]}  # or {', '.join(fitting[1:6])}" if len(fitting) > 1 else (fitting or ["count"])[0]
