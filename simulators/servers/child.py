"""A server as a child process: started, awaited on its port, stopped or killed; it dies with this process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.errors import Unreachable

HOST = "127.0.0.1"
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.01

# The kernel kills the child when the thread that started it ends (prctl(2), PR_SET_PDEATHSIG = 1), however it ends;
# a launcher sets it, because code between fork and exec may deadlock in a process with threads.
_LAUNCHER = """
import ctypes, os, sys
try:
    ctypes.CDLL(None).prctl(1, 9)
except (OSError, AttributeError):
    pass
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


class Child:
    """A server process that listens on one port of loopback.

    Start it from a thread that lives as long as the server shall: with that thread it ends. After `stop` or `kill`,
    `start` continues on the same port.
    """

    def __init__(self, argv: Sequence[str], port: int, log: Path) -> None:
        self.host, self.port = HOST, port
        self._argv = list(argv)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id, 0 when it does not run."""
        return self._process.pid if self._process else 0

    def start(self, timeout_seconds: float = 20.0) -> None:
        """Start the server and return when its port accepts connections."""
        command = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *self._argv]
        with self._log.open("ab") as log:
            # A session of its own keeps Ctrl-C of the terminal away: the parent stops the server when it is done.
            self._process = subprocess.Popen(  # noqa: S603 - the program is given by the caller
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + timeout_seconds
        while not _accepts(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise Unreachable(f"{self._argv[0]} did not start, its log ends:\n{self._tail()}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """End the server as its service manager would, then make sure."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server as a crash would."""
        self._end(signal.SIGKILL)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-10:])


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=0.5):
            return True
    except OSError:
        return False
