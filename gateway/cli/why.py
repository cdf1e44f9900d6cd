"""`lifeline why SITE CHANNEL`: why a channel warned or did not, from the history on this box.

Each of its rules with what is missing to the next rung, and what held it back: silence, quality, late data, warm-up,
hold time, votes, deadband. The files are only read; a gateway may be writing them.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from gateway.cli import recorded
from gateway.errors import ConfigError, Fault, Unreachable

if TYPE_CHECKING:
    # `lifeline --help` must not pay for numpy.
    from gateway.detection.why import Why
    from gateway.detection.why_rules import RuleView

_HELD = {
    "no_rules": "no ladder and no stuck_seconds watch it",
    "no_readings": "there is no reading in the window",
    "silent": "it is silent: no good reading within its fresh_seconds",
    "bad_quality": "its newest reading is not good, and is not judged",
    "late": "its newest reading came too late for the detectors",
    "warm_up": "still warming up",
    "hold_time": "beyond the limit, but not yet for its hold time",
    "votes": "beyond the limit, but too few of the last readings say so",
    "deadband": "back behind the limit, but within the deadband",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("site", metavar="SITE", type=Path, help="the site file")
    parser.add_argument("channel", metavar="CHANNEL", help="asset.device.point, as `lifeline check` lists them")
    parser.add_argument("--at", metavar="TIME", help="ISO 8601 (the site's time zone unless it says one; default: now)")
    parser.add_argument(
        "--state", metavar="DIR", type=Path, help="the gateway's state folder (default: state beside SITE)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Say why; 69 when there is no history here, 78 for a channel that is not there."""
    from gateway.detection.why import document, why  # noqa: PLC0415 - `lifeline --help` must not pay for numpy
    from gateway.documents import did_you_mean  # noqa: PLC0415
    from gateway.history.offline import OfflineHistory  # noqa: PLC0415
    from gateway.recordings import Times  # noqa: PLC0415

    site = recorded.open_site(options.site)
    zone = ZoneInfo(site.timezone)
    if options.channel not in site.inventory.channels:
        hint = did_you_mean(options.channel, site.inventory.channels) or "`lifeline check SITE` lists them"
        raise ConfigError([Fault("CHANNEL", 1, 1, f"there is no channel {options.channel!r:.120}", hint)])
    try:
        at_ns = Times(zone).read(options.at) if options.at else time.time_ns()
    except ValueError as error:
        raise ConfigError([Fault("--at", 1, 1, str(error), "e.g. 2026-07-01T02:14, or 2026-07-01T02:14:00Z")]) from None
    state = options.state or options.site.resolve().parent / "state"
    try:
        history = OfflineHistory(state / "history")
    except FileNotFoundError as error:
        raise Unreachable(f"{error}; name the gateway's state folder with --state") from error
    numbers = history.channels()
    if options.channel not in numbers:
        raise Unreachable(f"the history has nothing of {options.channel} yet")
    found = why(site.inventory, numbers, history, options.channel, at_ns)
    if options.json:
        print(json.dumps(document(found), ensure_ascii=False, allow_nan=False))
    else:
        print("\n".join(_lines(found, zone)))
    return 0


def _lines(found: Why, zone: ZoneInfo) -> list[str]:
    from gateway.cli.duty_log import clock_time  # noqa: PLC0415

    value = "no good reading"
    if found.value is not None and found.value_time_ns is not None:
        value = f"{found.value:g} {found.unit} at {clock_time(found.value_time_ns, zone)}"
    lines = [f"{found.channel}  {clock_time(found.at_ns, zone)}  {value}"]
    lines += [f"held back: {_HELD.get(word, word)}" for word in found.suppressed]
    lines += [_line(view, is_nearest=view.rule == found.nearest) for view in found.rules]
    if found.band is not None:
        lines.append(f"  ordinarily {found.band[0]:g} to {found.band[1]:g} {found.unit} (nine in ten values)")
    if found.onset_ns is not None:
        lines.append(f"  shifted since about {clock_time(found.onset_ns, zone)}")
        lines += [
            f"  {word}: {', '.join(names)}"
            for word, names in (("agreeing", found.agreeing), ("disagreeing", found.disagreeing))
            if names
        ]
    trust = found.data_trust
    lines.append(
        f"  {trust['readings']:,.0f} readings looked at, {trust['good_share']:.1%} good, {trust['late_share']:.1%} late"
    )
    return lines


def _line(view: RuleView, *, is_nearest: bool) -> str:
    said = f"stands at {view.standing}" if view.standing != "none" else "does not stand"
    if view.next_level and view.margin is not None:
        limit = f" at {view.limit:g}" if view.limit is not None else ""
        said += f"; {view.margin:g} {view.margin_unit} to {view.next_level}{limit}"
        said += f", now {view.seen:g}" if view.seen is not None and view.of not in {"", "value"} else ""
    held = "".join(f"; {_HELD.get(word, word)}" for word in view.suppressed)
    return f"{'→' if is_nearest else ' '} {view.rule} ({view.hazard}): {said}{held}"
