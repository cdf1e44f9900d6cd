"""What a ladder may be about (`of`): the unit of its rungs, and the keys that belong to it. Data only.

Rule 1: rungs are in plain units; `{unit}` stands for the channel's own.
Rule 2: a window that is not written spans some seconds, or so many reports of the channel if that is longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.inventory import Ladder

_MOST_SAMPLES = 50_000
"""A longer window would take more than half a megabyte of state."""
_BINS_OF_A_BAND = 8.0
_CYCLES = 30.0
_LEAST_BINS = 3.0


_WINDOWS: Mapping[str, tuple[float, float, float]] = {
    "rate": (60.0, 10.0, 9.0),
    "trend": (7 * 86_400.0, 56.0, 9.0),
    "step": (2.0, 20.0, 10.0),
    "departure": (10.0, 10.0, 3.0),
    "novelty": (3_600.0, 12.0, 3.0),
    "line": (10.0, 0.0, 4.0),
    "rms": (2.0, 20.0, 4.0),
    "peak": (2.0, 20.0, 4.0),
    "crest": (2.0, 20.0, 4.0),
}
"""Kind → its window unless written: seconds, or so many reports; and the fewest reports that any window spans."""
WAVEFORMS = ("line", "rms", "peak", "crest")
"""Kinds that look at evenly sampled stretches without a hole."""


@dataclass(frozen=True, slots=True)
class LadderKind:
    """One thing that rungs may be compared with."""

    of: str
    zh: str
    en: str
    unit: str
    """Of the rungs."""
    keys: tuple[str, ...] = ()
    """Keys of a ladder that mean something here, besides those of every ladder."""
    is_signed: bool = False
    """Whether `direction: below` makes sense; what is not signed is judged either way."""
    most: float | None = None
    """It is never larger; None when it knows no end."""

    def unit_of(self, unit: str) -> str:
        """Return the unit of the rungs for a channel of a unit."""
        return self.unit.replace("{unit}", unit)

    def window_seconds(self, ladder: Ladder, report_seconds: float) -> float:
        """Return the window of a ladder on a channel, 0 for a kind that has none."""
        if ladder.window_seconds:
            return ladder.window_seconds
        seconds, reports, _ = _WINDOWS.get(self.of, (0.0, 0.0, 0.0))
        if ladder.band_hz:
            low, high = ladder.band_hz
            seconds = max(seconds, _BINS_OF_A_BAND / (high - low), 2.0 * _CYCLES / (low + high))
        return max(seconds, reports * report_seconds)


LADDER_KINDS: Mapping[str, LadderKind] = {
    kind.of: kind
    for kind in (
        LadderKind("value", "数值", "value", "{unit}", ("ahead_seconds",), is_signed=True),
        LadderKind("rate", "变化速率", "rate of change", "{unit}/min", ("window_seconds",), is_signed=True),
        LadderKind("trend", "日趋势", "trend", "{unit}/d", ("window_seconds",), is_signed=True),
        LadderKind("step", "永久台阶", "lasting step", "{unit}", ("window_seconds", "latch_seconds")),
        LadderKind("shift", "偏离常态", "shift", "sigmas", ("course",)),
        LadderKind("cusum", "累积偏离", "summed shift", "sigmas", ("course",), most=16.0),
        LadderKind("outlier", "离群", "outlier", "sigmas"),
        LadderKind("band", "超出常态带", "beyond the ordinary band", "band widths"),
        LadderKind("departure", "偏离自身起伏", "departure", "wanderings", ("window_seconds",)),
        LadderKind("novelty", "前所未有", "beyond all that was seen", "%", ("window_seconds",)),
        LadderKind("line", "谱线偏移", "line moved", "%", ("band_hz", "window_seconds")),
        LadderKind("rms", "均方根", "RMS", "{unit}", ("window_seconds",)),
        LadderKind("peak", "峰值", "peak", "{unit}", ("window_seconds",)),
        LadderKind("crest", "峰值因数", "crest factor", "1", ("window_seconds",)),
    )
}
"""Every kind by what stands under `of`."""


def unfit(ladder: Ladder, report_seconds: float) -> str:
    """Return why a ladder cannot watch a channel that reports that often, empty when it can."""
    kind = LADDER_KINDS[ladder.of]
    window = kind.window_seconds(ladder, report_seconds)
    if not window:
        return ""
    if ladder.band_hz and ladder.band_hz[1] >= 0.5 / report_seconds:
        least = 2.0 * ladder.band_hz[1]
        return f"a band up to {ladder.band_hz[1]:g} Hz needs more than {least:g} readings a second"
    if ladder.band_hz and (ladder.band_hz[1] - ladder.band_hz[0]) * window < _LEAST_BINS:
        return f"a window of {window:g} s cannot tell frequencies apart in so narrow a band"
    least_reports = _WINDOWS[ladder.of][2]
    if window < least_reports * report_seconds * (1.0 - 1e-9):
        return f"a window of {window:g} s is shorter than {least_reports:g} reports"
    if ladder.of in WAVEFORMS and window > _MOST_SAMPLES * report_seconds:
        return f"a window of {window:g} s holds more than {_MOST_SAMPLES:,} readings"
    return ""
