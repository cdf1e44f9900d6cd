"""One writer a journal: whoever writes a folder, or repairs it, holds its lock."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from gateway.errors import Unreachable

LOCK_FILE = "lock"
"""Locked by the process that writes the journal of a folder; the kernel lets go when it dies."""


def lock_folder(folder: Path) -> int:
    """Take a journal for this process and return what to close; Unreachable while another process has it."""
    path = folder / LOCK_FILE
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise Unreachable(f"another gateway writes the journal in {path.parent}; stop it first") from error
    return descriptor
