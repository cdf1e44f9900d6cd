"""The batches between two ticks as one set of columns, and the samples that detectors may see of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Floats, Rows, Times
from detectors.rounds import every_row
from gateway.model import Batch, Bytes8, Flag, Flags16, Quality

_UNFIT_FLAGS = np.uint16(Flag.MAINTENANCE)
_CLAMPED = np.uint16(Flag.CLAMPED)
_DOUBTFUL_FLAGS = np.uint16(Flag.CLAMPED | Flag.AFTER_TIMEOUT | Flag.SENTINEL | Flag.TIME_UNSURE)


class Run(NamedTuple):
    """The rows of consecutive journal entries; `channel` is a dense index, -1 when no channel has that number."""

    channel: Rows
    time_ns: Times
    value: Floats
    is_good: NDArray[np.bool_]
    """Fit to be judged: finite, of a known channel, and `is_fit`; everything else is no evidence."""
    entry: NDArray[np.intp]
    """The entry that each row came with, counted from 0."""
    moments_ns: Times
    """Journal time of each entry."""
    quality: Bytes8
    flags: Flags16
    is_whole: bool
    """Every row is good, and of a known channel."""


class Samples(NamedTuple):
    """What detectors are fed: by channel, and each channel's times only going forward."""

    channel: Rows
    time_ns: Times
    value: Floats
    entry: NDArray[np.intp]
    """The entry with which the sample was fed: the moment at which the gateway knew it."""
    place: NDArray[np.intp]
    """The sample's place in the order of feeding, which no cut of the journal changes."""


def is_fit(quality: Bytes8, flags: Flags16) -> NDArray[np.bool_]:
    """Tell which readings may be judged: GOOD or UNKNOWN ones, and those suspect only for being clamped.

    Where a saturated sensor stands is doubtful; that it stands beyond the rung is not. Under maintenance nothing is.
    """
    fit: NDArray[np.bool_] = quality <= Quality.UNKNOWN
    if np.count_nonzero(flags):
        fit |= (quality == Quality.SUSPECT) & ((flags & _DOUBTFUL_FLAGS) == _CLAMPED)
        fit &= (flags & _UNFIT_FLAGS) == 0
    return fit


class Numbers:
    """Channel numbers of the journal to dense indices."""

    def __init__(self, channels: Sequence[str], numbers: Mapping[str, int]) -> None:
        # One slot more than needed: `take` with mode "clip" sends every unknown number there.
        self._index = np.full(max((numbers[channel] for channel in channels), default=0) + 2, -1, np.intp)
        self._every = every_row(len(channels))
        for index, channel in enumerate(channels):
            self._index[numbers[channel]] = index

    def run(self, batches: Sequence[Batch], moments_ns: Sequence[int]) -> Run:
        """Join batches, each received at its moment, into one run."""
        if not batches:
            nothing = np.empty(0, np.intp), np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_)
            marks = np.empty(0, np.uint8), np.empty(0, np.uint16)
            return Run(*nothing, np.empty(0, np.intp), np.array(moments_ns, np.int64), *marks, is_whole=True)
        number, time_ns, value, quality, flags = (
            np.concatenate([getattr(batch, column) for batch in batches])
            if len(batches) > 1
            else getattr(batches[0], column)
            for column in ("channel", "time_ns", "value", "quality", "flags")
        )
        channel = self._index.take(number, mode="clip")
        is_good = np.isfinite(value)
        is_good &= is_fit(quality, flags)
        is_good &= channel >= 0
        is_whole = np.count_nonzero(is_good) == len(is_good)
        if len(channel) == len(self._every) and not np.count_nonzero(channel != self._every):
            channel = self._every
        entry = np.zeros(len(channel), np.intp)
        if len(batches) > 1:
            entry = np.repeat(np.arange(len(batches)), [len(batch) for batch in batches])
        moments = np.array(moments_ns, np.int64)
        return Run(channel, time_ns, value, is_good, entry, moments, quality, flags, is_whole=is_whole)
