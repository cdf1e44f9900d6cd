"""A few megabytes set aside, given back to the disk when it is full, so that the last batches can still be kept."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


class Reserve:
    """One file of a fixed size that holds nothing."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size

    @property
    def is_there(self) -> bool:
        """Whether the reserve can be given back."""
        return self._path.exists()

    def free(self) -> bool:
        """Give the bytes back; return whether there were any."""
        was_there = self.is_there
        self._path.unlink(missing_ok=True)
        return was_there and self._size > 0

    def restore(self) -> bool:
        """Set the bytes aside again when the disk has twice as many; return whether they are."""
        if self._size <= 0:
            return True
        if self.is_there and self._path.stat().st_size == self._size:
            return True
        self._path.unlink(missing_ok=True)
        disk = os.statvfs(self._path.parent)
        if disk.f_bavail * disk.f_frsize < 2 * self._size:
            return False
        try:
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._size)
        except OSError:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            return False
        return True
