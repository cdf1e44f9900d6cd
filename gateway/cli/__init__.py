"""The command line: one file a command, imported only when it is called.

Results go to stdout, logs to stderr. Exit codes: 0 ok, 1 findings, 2 usage, 69 unavailable, 75 try again,
78 configuration.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence

from gateway import __version__
from gateway.errors import ConfigError, Unreachable

COMMANDS = {
    "demo": "a simulated district, the gateway and its page, on this machine",
    "run": "collect, keep and warn as a site file says",
    "check": "check a site file: every fault at once, with its place",
    "doctor": "what may go wrong before it does: brokers, certificates, clock, disk, files, ports",
    "schema": "the JSON Schema of site files, profiles or scenarios, for editors",
    "reload": "have the gateway that runs take over its changed site file, without losing a reading",
    "plan": "what each Modbus line is asked, and whether that fits",
    "write": "write one value to a device through the gateway that runs, as its site file allows",
    "profile": "find out what a device's registers mean: suggest",
    "probe": "read one device once: raw, decoded, unit, quality",
    "decode": "frames of a protocol, one a line, to one JSON object a line",
    "simulate": "the fleet of a scenario on real sockets, with the truth; or as a labelled data set",
    "rehearse": "the whole gateway against a simulated fleet, with expected warnings",
    "replay": "what early warnings a recording (CSV) would have given",
    "backtest": "how well the site's rules find labelled events in a recording, with a report",
    "tune": "limits for each channel from its own history, with what they would have said",
    "history": "what a channel measured, from this box or from InfluxDB",
    "why": "why a channel warned or did not: each rule, its margin, and what held it back",
    "drill": "stage a fault in service and prove that nothing is lost: uplink, unit",
    "journal": "look at a journal, check, export or repair it: stats, verify, export, repair",
    "proof": "was anything lost, is anything there twice: counts by channel and hour",
}
"""Command → what it does; the command's module has its name."""

EXIT_FINDINGS, EXIT_USAGE, EXIT_UNAVAILABLE, EXIT_CONFIG = 1, 2, 69, 78


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="lifeline", description="The urban lifeline gateway.")
    parser.add_argument("--version", action="version", version=f"lifeline {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    named = next((word for word in arguments if not word.startswith("-")), None)
    for name, text in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == named:
            importlib.import_module(f"gateway.cli.{name}").configure(sub)
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return EXIT_USAGE
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    for chatty in ("pymodbus", "uvicorn", "asyncio", "asyncua", "pandapower"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.basicConfig(
        level=os.environ.get("LIFELINE_LOG", "INFO").upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )
    try:
        return int(importlib.import_module(f"gateway.cli.{options.command}").run(options))
    except ConfigError as error:
        from gateway.documents import with_excerpts  # noqa: PLC0415 - `lifeline --help` must not pay for pydantic

        print(with_excerpts(error.faults), file=sys.stderr)
        return EXIT_CONFIG
    except Unreachable as error:
        print(f"lifeline: {error}", file=sys.stderr)
        return EXIT_UNAVAILABLE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output went away (`lifeline … | head`): nothing is left to say.
        sys.stdout = None
        return 0
