"""Recordings of munich_bridge, scored. Being built: it names the files it will read."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.detection.recordings import recordings
from tests.benchmarks.detection.scores import Progress, Scores


def run(data: Path, progress: Progress) -> Scores:
    """Score every recording of the folder."""
    found = recordings(data, "*.csv.xz")
    progress("done", 1.0)
    return Scores({}, lines=[path.name for path in found])
