"""What is damaged in a stopped journal set aside, and what can be read of it saved. Never wipes anything."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from gateway.journal.copying import finish_interrupted
from gateway.journal.locking import lock_folder
from gateway.journal.mending import Mended, mend
from gateway.journal.rejects import FILE as REJECTS_FILE
from gateway.journal.segment import first_of, follows_of, path_of, sealed_totals, size_of
from gateway.journal.segments import segment_paths
from gateway.journal.verifying import Progress, verify
from gateway.journal.versions import CHANNELS_FILE, FOLLOWS, RESUME, check_versions

_MOST_RECORDS = 64_000_000
"""More than a segment of the usual size can hold: a record takes more than a byte."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What became of a journal."""

    mended: tuple[Mended, ...]
    left: tuple[str, ...]
    """What is wrong and cannot be repaired here, with what to do."""


def repair(folder: Path, progress: Progress = lambda _done, _all: None) -> Repaired:
    """Repair a journal; positions stay as they are.

    Raises Unreachable while a gateway has it, ConfigError when a newer version wrote it, FileNotFoundError when
    there is none.
    """
    if not segment_paths(folder) and not list(folder.glob("*.segment.saved")):
        raise FileNotFoundError(f"no journal in {folder}")
    check_versions(folder)
    lock = lock_folder(folder)
    try:
        finish_interrupted(folder)
        return _repair(folder, progress)
    finally:
        os.close(lock)


def _repair(folder: Path, progress: Progress) -> Repaired:
    found = verify(folder, progress)
    damaged = {finding.file for finding in found.findings}
    mended, left = [], []
    firsts = [first_of(path) for path in segment_paths(folder)]
    for first, following in zip(firsts, (*firsts[1:], None), strict=True):
        path = path_of(folder, first)
        if path.name in damaged:
            notes = {FOLLOWS: follows_of(path)}
            if following is None:
                notes[RESUME] = first + max(_MOST_RECORDS, size_of(path))
            end = None if following is None else follows_of(path_of(folder, following))
            mended.append(mend(path, sealed_totals(path), end, notes))
    if CHANNELS_FILE in damaged:
        left.append(f"{CHANNELS_FILE} is damaged: restore it, other numbers would give each channel another one's past")
    if REJECTS_FILE in damaged:
        left.append(f"{REJECTS_FILE} is damaged: the gateway sets it aside at its next start and counts anew")
    return Repaired(tuple(mended), tuple(left))
