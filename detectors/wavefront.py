"""A front in a pressure record: where it stands, how steep it is, and from where along a main its wave came."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.contract import Floats

_SPIKE_SLOTS = 5
_TOLERANCE = 5.0
"""Clock sigmas that a front's time may be off before it is held for another event's."""


class Front(NamedTuple):
    """A change within a window."""

    place: float
    """Where half its height, or the share asked for, is reached, in slots from the window's begin."""
    step: float
    """Its height, below 0 when it falls."""
    steepness: float
    """The share of all that changed in the window which happened within the rise."""


class Source(NamedTuple):
    """From where a wave came."""

    position: float
    seconds: float
    is_between: bool
    """Between two of the sensors, not from beyond an end."""
    fits: NDArray[np.intp]
    """The sensors whose times it explains."""


def without_spikes(rows: Floats) -> Floats:
    """Return each column's median of the last five slots, NaN at the begin and where one of them is absent.

    >>> without_spikes(np.array([[1.0], [1.0], [9.0], [1.0], [1.0], [1.0]]))[4:].ravel().tolist()
    [1.0, 1.0]
    """
    smooth = np.full(rows.shape, np.nan)
    if len(rows) >= _SPIKE_SLOTS:
        windows = np.lib.stride_tricks.sliding_window_view(rows, _SPIKE_SLOTS, axis=0)
        # A sort puts NaN last: a window that ends with one has an absence in it.
        ordered = np.sort(windows, axis=-1)
        smooth[_SPIKE_SLOTS - 1 :] = np.where(np.isnan(ordered[..., -1]), np.nan, ordered[..., _SPIKE_SLOTS // 2])
    return smooth


def steady_change(rows: Floats, mean: int, apart: int) -> Floats:
    """Return each column's mean of the last `mean` slots less the same `apart` slots before, NaN where unknown."""
    change = np.full(rows.shape, np.nan)
    if len(rows) >= mean + apart:
        means = np.lib.stride_tricks.sliding_window_view(rows, mean, axis=0).mean(axis=-1)
        change[mean - 1 + apart :] = means[apart:] - means[:-apart]
    return change


def front(window: Floats, crossed: int, rise: int, mean: int, *, dated_at: float = 0.5) -> Front:
    """Measure the front that was seen to cross its limit at slot `crossed` of the window.

    It stands where this share of its height is reached.

    >>> ramp = np.concatenate([np.zeros(100), -np.arange(10) / 5.0, np.full(90, -2.0)])
    >>> seen = front(ramp, crossed=104, rise=40, mean=10)
    >>> round(seen.place), round(seen.step, 1), round(seen.steepness, 1)
    (105, -2.0, 1.0)
    """
    change = steady_change(window[:, None], mean, rise)[:, 0]
    near = change[crossed : crossed + rise + mean + 1]
    if np.isnan(near).all() or math.isnan(change[crossed]):
        return Front(math.nan, math.nan, math.nan)
    # An echo may follow within the rise: the way that the first change goes is the front's.
    way = math.copysign(1.0, float(change[crossed]))
    last = crossed + int(np.nanargmax(near * way))
    first = max(last - mean - rise, 0)
    step = float(change[last])
    level = window[max(first - rise, 0) : first + 1]
    base = float(np.nanmean(level)) if np.isfinite(level).any() else math.nan
    held = np.lib.stride_tricks.sliding_window_view(window[first:], mean).mean(axis=-1) - base
    whole = float(np.nanmax(held * way)) if np.isfinite(held).any() else math.nan
    steepness = abs(step) / max(abs(step), whole) if math.isfinite(whole) else math.nan
    part = np.nan_to_num(window[first : last + 1] - base - dated_at * step)
    sums = np.cumsum(part) * way
    lowest = int(np.argmin(sums))
    place = first + lowest + 0.5 + _vertex(sums, lowest)
    return Front(place, step, steepness)


def _vertex(values: Floats, place: int) -> float:
    """Return how far the vertex of the parabola through a minimum and its neighbours lies from it, in slots."""
    if not 0 < place < len(values) - 1:
        return 0.0
    before, here, after = (float(each) for each in values[place - 1 : place + 2])
    bend = before - 2.0 * here + after
    return 0.0 if bend <= 0 else min(max((before - after) / (2.0 * bend), -0.5), 0.5)


def placed(position: Floats, seconds: Floats, speed: float, spread: tuple[float, float]) -> Source:
    """Return from where the wave came that was at these sensors at these times.

    `spread` is one sigma of the wave speed as a share of it, and of a clock in seconds. Of three times and more the one
    that fits worst is left out when the others fit well without it.

    >>> x = np.array([0.0, 800.0, 2_000.0])
    >>> source = placed(x, 5.0 + np.abs(x - 1_100.0) / 1_020.0, 1_000.0, (0.02, 0.006))
    >>> round(source.position), round(source.seconds, 2), source.is_between
    (1100, 5.0, True)
    """
    every = np.arange(len(position))
    best, cost = _solved(position, seconds, speed, spread)
    if cost > _TOLERANCE**2 and len(position) > 2:  # noqa: PLR2004 - two always fit
        for left_out in every.tolist():
            kept = np.delete(every, left_out)
            other, less = _solved(position[kept], seconds[kept], speed, spread)
            if less < min(cost, _TOLERANCE**2):
                best, cost = other._replace(fits=kept), less
    return best if cost <= _TOLERANCE**2 else best._replace(is_between=False)


def _solved(position: Floats, seconds: Floats, speed: float, spread: tuple[float, float]) -> tuple[Source, float]:
    """Solve t = t0 + s |x(i) - x| for every stretch; with y = s x it is linear. Return the likeliest and its cost."""
    slowness, (share, clock) = 1.0 / speed, spread
    best, least = Source(math.nan, math.nan, is_between=False, fits=np.arange(len(position))), math.inf
    for stretch in range(len(position) + 1):
        side = np.where(np.arange(len(position)) >= stretch, 1.0, -1.0)
        ends = stretch in (0, len(position))
        terms = np.stack([np.ones_like(side), side * position, -side], axis=1)
        if ends:
            terms = terms[:, :2]
        rows = np.vstack([terms / clock, np.eye(terms.shape[1])[1] / (share * slowness)])
        wanted = np.concatenate([seconds / clock, [1.0 / share]])
        found, *_ = np.linalg.lstsq(rows, wanted, rcond=None)
        cost = float(((rows @ found - wanted) ** 2).sum())
        if ends:
            source = Source(math.nan, math.nan, is_between=False, fits=best.fits)
        else:
            where = float(found[2] / found[1]) if found[1] > 0 else math.nan
            reach = 2.0 * clock * speed
            if not position[stretch - 1] - reach <= where <= position[stretch] + reach:
                continue
            if not position[0] + reach < where < position[-1] - reach:
                continue
            source = Source(where, float(found[0]), is_between=True, fits=best.fits)
        if cost < least:
            best, least = source, cost
    return best, least
