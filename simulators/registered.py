"""What a meter had counted before anybody simulated it: drawn for each channel, and with room to go on."""

from __future__ import annotations

from gateway.inventory import Channel
from simulators.models.ranges import Range
from simulators.noise import seed_of

BEGUN = Range(20_000.0, 500_000.0, "m3", "proposal: a quarter's main after one to ten years")
BACKWARD_SHARE = 0.001
"""So much of what ran forwards has run backwards (proposal)."""
BACKWARD_POINT = "reverse_total"
_MOST_OF_SPAN = 0.25
_WORDS = 2.0**63


def begun_of(channel: Channel, seed: str = "") -> float:
    """Return what a channel's register showed before, to a thousandth; within a quarter of its span."""
    share = seed_of(seed, channel.id, "begun") / _WORDS
    begun = BEGUN.low + (BEGUN.high - BEGUN.low) * share
    if channel.span is not None:
        begun = min(begun, _MOST_OF_SPAN * share * channel.span[1])
    return round(begun * (BACKWARD_SHARE if channel.point == BACKWARD_POINT else 1.0), 3)
