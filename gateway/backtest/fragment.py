"""Proposed limits as a piece of a site file, for an engineer to look at and put in.

The site file itself is not touched, and a ladder that did badly in its check is only named, not written.
"""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from gateway.backtest.tuning import Proposal, ProposedLadder
from gateway.clock import to_iso
from gateway.inventory import Channel


def write_fragment(proposals: Sequence[Proposal], channels: dict[str, Channel], false_per_month: float) -> str:
    """Return the parts `channels` and `ladders` of a site file with what is proposed, each with its basis."""
    own: dict[str, dict[str, object]] = {}
    ladders: dict[str, dict[str, object]] = {}
    left_out: list[str] = []
    for one in proposals:
        changed: dict[str, object] = {}
        if one.stuck_seconds is not None and not one.stuck_checked:
            changed["stuck_seconds"] = one.stuck_seconds
        if channels[one.channel].span is None:
            changed["span"] = list(one.span)
        if changed:
            own[one.channel] = changed
        kept = [ladder for ladder in one.ladders if ladder.name not in one.failed]
        ladders |= {ladder.name: _written(ladder, one, false_per_month) for ladder in kept}
        left_out += one.failed
    head = (
        "## Proposed by `lifeline tune`. Look at each, put it under the same keys of the site file,\n"
        "## and ask `lifeline check` whether all is well.\n"
    )
    head += "".join(f"## Left out, for it alarmed too often in the half that checked: {name}.\n" for name in left_out)
    parts = {name: part for name, part in (("channels", own), ("ladders", ladders)) if part}
    return head + (yaml.safe_dump(parts, allow_unicode=True, sort_keys=False, width=110) if parts else "")


def _written(ladder: ProposedLadder, proposal: Proposal, false_per_month: float) -> dict[str, object]:
    basis = (
        f"tuned on {to_iso(proposal.start_ns)[:10]} to {to_iso(proposal.end_ns)[:10]} for {false_per_month:g} false "
        f"alarms a sensor-month; {ladder.checked_alarms} alarms in the second half, which it had not seen"
    )
    written: dict[str, object] = {"channel": proposal.channel, "hazard": ladder.hazard}
    if ladder.of == "shift":
        written["of"] = "shift"
    elif ladder.direction == "below":
        written["direction"] = "below"
    return written | {
        "rungs": dict(ladder.rungs),
        "deadband": ladder.deadband,
        "on_seconds": ladder.on_seconds,
        "off_seconds": ladder.off_seconds,
        "basis": basis,
    }
