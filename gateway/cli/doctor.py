"""`lifeline doctor SITE`: what may go wrong before it does. 0 when nothing was found, 1 when something was.

Brokers are tried out on a topic of their own (`lifeline-doctor/…`): how many messages they send unacknowledged, how
many they keep while the gateway is away. What could not be checked is said as such.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict
from pathlib import Path

from gateway.cli import EXIT_FINDINGS

_MARKS = {"ok": "ok     ", "finding": "FINDING", "unknown": "unknown"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("site", type=Path, metavar="SITE", help="the site file")
    parser.add_argument("--state", metavar="DIR", type=Path, help="the state folder (default: state beside SITE)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Examine the site and print what was found."""
    from gateway.app.doctor import examine  # noqa: PLC0415 - `lifeline --help` must not pay for numpy
    from gateway.clock import SystemClock  # noqa: PLC0415
    from gateway.settings.loading import load_site  # noqa: PLC0415

    site = load_site(options.site)
    state = options.state or options.site.resolve().parent / "state"
    checks = asyncio.run(examine(site, state, SystemClock()))
    findings = sum(check.verdict == "finding" for check in checks)
    if options.json:
        found = {"ok": not findings, "findings": findings, "checks": [asdict(check) for check in checks]}
        print(json.dumps(found, ensure_ascii=False))
    else:
        width = max((len(check.name) for check in checks), default=0)
        for check in checks:
            print(f"{_MARKS[check.verdict]}  {check.name.ljust(width)}  {check.text}")
        print(f"{len(checks)} checks, {findings} findings")
    return EXIT_FINDINGS if findings else 0
