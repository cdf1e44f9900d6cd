"""Spectral lines of a waveform followed over weeks: a structure's natural frequency, a cable's, a machine's.

Each window's power spectrum (Hann, mean removed) goes into a running mean (Welch); in each line's gate the highest peak
is refined by a parabola through the logarithm of its three bins. The line's ordinary frequency is learned for the
warm-up and followed slowly after that, never while the score is 1.0 or more.

    score = largest |f - ordinary f| / ordinary f / limit          1.0 = a line has moved by its limit

Welch, The Use of Fast Fourier Transform for the Estimation of Power Spectra, IEEE Trans. Audio Electroacoust. 15, 1967.
A peak that does not stand `least_rise` above the median of its gate is none: a bridge without traffic has no lines, and
gives no opinion. Temperature moves the lines of a bridge by percents: take that out of the frequencies before judging
small changes (Peeters & De Roeck, Earthquake Engng Struct. Dyn. 30, 2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from detectors.contract import Floats, Rows, Scores, State, Times, no_scores
from detectors.windows import Windows

_MOST_SCORE = 1e6
_FOLLOWED = 1e-300
"""Added to a power before its logarithm: an empty bin is not minus infinity."""
_BINS_OF_A_GATE = 5


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one channel."""

    rate_hz: float
    window_seconds: float
    """Frequencies are told apart by about two over this."""
    lines_hz: tuple[float, ...]
    """Where each line is expected."""
    gate: float = 0.05
    """A line is looked for within this share of where it is expected."""
    limit: float = 0.02
    """The share of its frequency by which a line may move."""
    spectra: float = 8.0
    """How many windows the running mean remembers; more: steadier lines, later news."""
    warm_up_spectra: float = 32.0
    """No opinion before so many windows with a line."""
    memory_spectra: float = 20_000.0
    """How slowly the ordinary frequency follows."""
    least_rise: float = 4.0
    """A peak is so many times as high as the median of its gate."""

    def __post_init__(self) -> None:
        """Refuse lines that the sampling rate or the window cannot show."""
        if not self.lines_hz or max(self.lines_hz) * (1.0 + self.gate) >= self.rate_hz / 2.0 or min(self.lines_hz) <= 0:
            raise ValueError(f"lines must lie between 0 and half the sampling rate, got {self}")
        if min(self.lines_hz) * self.gate * 2.0 * self.window_seconds < _BINS_OF_A_GATE - 2:
            raise ValueError(
                f"a gate must hold {_BINS_OF_A_GATE - 2} bins: make the window or the gate longer, got {self}"
            )

    @property
    def length(self) -> int:
        """Samples in a window."""
        return round(self.rate_hz * self.window_seconds)


class Spectrum:
    """Score how far the lines of each row have moved (None: no opinion).

    >>> cable = Spectrum([Lines(50.0, 10.24, (2.0,), gate=0.2, warm_up_spectra=4, spectra=2)])
    >>> times = np.arange(6_000) * 20_000_000
    >>> hz = np.where(np.arange(6_000) < 4_000, 2.0, 1.9)
    >>> score = cable.update(np.zeros(6_000, np.intp), times, np.sin(2 * np.pi * np.cumsum(hz) / 50.0))
    >>> score[[500, 3_900, 5_999]].round(1).tolist(), cable.frequencies()[0].round(2).tolist()
    ([nan, 0.0, 2.5], [1.9])
    """

    name = "lines"
    version = 1

    def __init__(self, lines: Sequence[Lines | None]) -> None:
        self._lines = lines
        size, most = len(lines), max([len(one.lines_hz) for one in lines if one] or [1])
        bins = max([one.length // 2 + 1 for one in lines if one] or [1])
        rate_hz = np.array([one.rate_hz if one else 1.0 for one in lines])
        self._windows = Windows([one.length if one else 0 for one in lines], rate_hz)
        self._power = np.zeros((size, bins), np.float32)
        self._count = np.zeros(size)
        self._now = np.full((size, most), np.nan)
        self._usual = np.full((size, most), np.nan)
        self._learned = np.zeros((size, most))

    @classmethod
    def example(cls, rows: int) -> Self:
        """Return a bank with short windows, as contract tests and benchmarks use it."""
        one = Lines(1.0, 64.0, (0.2,), gate=0.2, warm_up_spectra=2.0, spectra=2.0)
        return cls([None if row % 4 == 0 else one for row in range(rows)])

    def update(self, rows: Rows, time_ns: Times, value: Floats) -> Floats:
        """Return one score per sample, that of the row's newest full window."""
        return self._windows.update(rows, time_ns, value, self._judge)

    def frequencies(self) -> Floats:
        """Return the lines of each row as they are now, in Hz; NaN where none stands out."""
        return self._now.copy()

    def _judge(self, row: int, window: Floats) -> float:
        lines = self._lines[row]
        if lines is None:
            return float("nan")
        power = _power(window)
        self._count[row] = min(self._count[row] + 1.0, lines.spectra)
        held = self._power[row, : len(power)]
        held += ((power - held) / self._count[row]).astype(np.float32)
        moved = [self._follow(row, number, lines, held.astype(np.float64)) for number in range(len(lines.lines_hz))]
        told = [one for one in moved if not np.isnan(one)]
        return min(max(told), _MOST_SCORE) if told else float("nan")

    def _follow(self, row: int, number: int, lines: Lines, power: Floats) -> float:
        """Return how far one line has moved, as a share of its limit, and learn where it ordinarily is."""
        found = peak(power, lines.rate_hz / lines.length, lines.lines_hz[number], lines.gate, lines.least_rise)
        self._now[row, number] = found
        if np.isnan(found):
            return float("nan")
        learned, usual = self._learned[row, number], self._usual[row, number]
        score = abs(found - usual) / usual / lines.limit if learned else 0.0
        is_warm = learned >= lines.warm_up_spectra
        if not is_warm or score < 1.0:
            share = 1.0 / (min(learned, lines.memory_spectra) + 1.0)
            self._usual[row, number] = found if not learned else usual + share * (found - usual)
            self._learned[row, number] = learned + 1.0
        return float(score) if is_warm else float("nan")

    def advance(self, now_ns: int) -> Scores:  # noqa: ARG002 - only samples have a spectrum
        """Change nothing."""
        return no_scores()

    def state(self) -> State:
        """Return the windows, the mean spectra, and where each line is and ordinarily is."""
        own = {"count": self._count.copy(), "now": self._now.copy(), "power": self._power.copy()}
        return {**self._windows.state(), **own, "usual": self._usual.copy(), "learned": self._learned.copy()}

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state."""
        self._windows.restore(state, rows)
        self._power[rows], self._count[rows], self._now[rows] = state["power"], state["count"], state["now"]
        self._usual[rows], self._learned[rows] = state["usual"], state["learned"]


def peak(power: Floats, bin_hz: float, expected_hz: float, gate: float, least_rise: float) -> float:
    """Return the frequency of the highest peak in a gate, between bins by a parabola; NaN when none stands out."""
    first = max(1, int(np.ceil(expected_hz * (1.0 - gate) / bin_hz)))
    last = min(len(power) - 2, int(np.floor(expected_hz * (1.0 + gate) / bin_hz)))
    if last < first:
        return float("nan")
    gated = power[first : last + 1]
    place = first + int(np.argmax(gated))
    # A narrow gate is filled by its own peak: what is round about it tells how high the floor is.
    around = power[max(1, first - len(gated)) : last + 1 + len(gated)]
    if not power[place] > least_rise * float(np.median(around)) or power[place] < max(
        power[place - 1], power[place + 1]
    ):
        return float("nan")
    low, middle, high = np.log(power[place - 1 : place + 2] + _FOLLOWED)
    bend = low - 2.0 * middle + high
    between = 0.5 * (low - high) / bend if bend < 0.0 else 0.0
    return float((place + between) * bin_hz)


def _power(window: Floats) -> Floats:
    away = window - window.mean()
    # float32 holds the mean spectrum; a spectrum relative to the largest value cannot overflow it.
    largest = float(np.abs(away).max())
    if largest <= 0.0:
        return np.zeros(len(window) // 2 + 1)
    spectrum = np.fft.rfft(away / largest * np.hanning(len(window)))
    # Weak and violent windows count alike: a line's place is asked for, not its height.
    power: Floats = np.abs(spectrum) ** 2 / len(window)
    return power
