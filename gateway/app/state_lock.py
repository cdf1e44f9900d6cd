"""One gateway a state folder: two writers of one journal would each be right and both be wrong."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Self

from gateway.errors import Unreachable


class StateLock:
    """Holds a folder for this process; the kernel lets go when the process dies, however it dies."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            owner = self._file.read().strip() or "unknown"
            self._file.close()
            raise Unreachable(
                f"{self._path.parent} is in use by process {owner}; stop it or name another folder with --state"
            ) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
