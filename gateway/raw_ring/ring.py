"""The thread that keeps raw frames. It never holds anybody up: what it cannot write in time is counted and gone.

The ring is no promise. It is not synced, so that a power cut may take its last seconds; a killed process loses one.
"""

from __future__ import annotations

import logging
import queue
import threading
from pathlib import Path

from gateway.health import Health
from gateway.model import RawFrames
from gateway.raw_ring.frame_files import FrameFiles

_log = logging.getLogger(__name__)

_MOST_WAITING = 2_000
_FLUSH_SECONDS = 1.0


class RawRing:
    """The ring of one gateway; `add` may be called from any thread."""

    def __init__(self, folder: Path, cap_bytes: int, health: Health) -> None:
        self._files = FrameFiles(folder, cap_bytes)
        self._health = health
        self._waiting: queue.Queue[RawFrames | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="raw", daemon=True)
        self._thread.start()
        health.gauge("raw_bytes", lambda: float(self._files.size()))

    def add(self, frames: RawFrames) -> None:
        """Take frames over, or drop them while the disk is slow."""
        try:
            self._waiting.put_nowait(frames)
        except queue.Full:
            self._health.count("raw", "dropped", len(frames.frames), "slow disk")

    def _run(self) -> None:
        while True:
            try:
                frames = self._waiting.get(timeout=_FLUSH_SECONDS)
            except queue.Empty:
                self._try(None)
                continue
            if frames is None:
                return
            self._try(frames)

    def _try(self, frames: RawFrames | None) -> None:
        try:
            if frames is None:
                self._files.flush()
            else:
                self._files.add(frames)
                self._health.count("raw", "received", len(frames.frames))
        except OSError as error:
            if frames is not None:
                self._health.count("raw", "failed", len(frames.frames), "disk")
            if self._health.set_condition("raw", ok=False, reason=f"raw frames are not kept: {error}", needed=False):
                _log.warning("raw frames are not kept: %s", error)
        else:
            if self._health.set_condition("raw", ok=True, needed=False):
                _log.debug("raw frames are kept")

    def close(self) -> None:
        """Write what waits and let go of the files."""
        self._waiting.put(None)
        self._thread.join()
        try:
            self._files.close()
        except OSError as error:
            _log.warning("the last raw frames are not kept: %s", error)
