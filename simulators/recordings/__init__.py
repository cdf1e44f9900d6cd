"""Excerpts of real recordings, small enough to travel with the code, played back as signals."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources

import numpy as np

from gateway.model import SECOND, Floats, Int64s

_WEEK = 7 * 86_400 * SECOND
_MONDAY = 4 * 86_400 * SECOND
"""1970-01-05 was a Monday."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording of whole weeks of local time from a Monday on, repeated for ever, each weekday on its own.

    Between two samples the value goes straight; nothing is added to what was measured.
    """

    source: str
    local_ns: Int64s
    value: Floats
    utc_offset_seconds: float

    def at(self, time_ns: Int64s) -> Floats:
        """Return the values at the given times."""
        period = -(-int(self.local_ns[-1] - self.local_ns[0]) // _WEEK) * _WEEK
        local = time_ns + round(self.utc_offset_seconds * SECOND)
        values: Floats = np.interp(
            ((local - _MONDAY) % period).astype(np.float64),
            (self.local_ns - self.local_ns[0]).astype(np.float64),
            self.value,
            period=float(period),
        )
        return values


def dma_inflow(utc_offset_seconds: float) -> Recording:
    """Return four weeks of the inflow of a real district metered area, in m3/h."""
    text = resources.files(__name__).joinpath("dma_inflow.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    local = [datetime.fromisoformat(row["local_time"]).replace(tzinfo=UTC) for row in rows]
    litres_per_second = np.array([float(row["inflow_lps"]) for row in rows])
    return Recording(
        "bwdf_dma_inflow, dma9",
        np.array([round(time.timestamp()) * SECOND for time in local], np.int64),
        litres_per_second * 3.6,
        utc_offset_seconds,
    )
