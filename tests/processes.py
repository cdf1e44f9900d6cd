"""A gateway as a real process, for tests that kill it and benchmarks that weigh it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import psutil

ROOT = Path(__file__).parents[1]
LONG_AGO, LONG_AHEAD = "2020-01-01T00:00:00Z", "2040-01-01T00:00:00Z"


class GatewayProcess:
    """`lifeline run SITE --state DIR --port 0` in a process of its own.

    `launcher` is what comes between the interpreter and `run`; `groups` are files of cgroups to join (cgroup.procs).
    """

    def __init__(
        self,
        site: Path,
        state: Path,
        *,
        log: Path | None = None,
        launcher: Sequence[str] = ("-m", "gateway.cli"),
        groups: Sequence[Path] = (),
    ) -> None:
        self.site = site
        self.state = state
        self.log = log
        self.peak_rss_mb = 0.0
        """The most memory that any of its lives took, up to its newest end."""
        self._launcher = launcher
        self._groups = groups
        self.process: subprocess.Popen[str] | None = None
        self.url = ""
        self.started_at = 0.0

    def start(self) -> None:
        """Start it without waiting."""
        command = [sys.executable, *self._launcher, "run", str(self.site.resolve())]
        command += ["--state", str(self.state.resolve()), "--port", "0"]
        if self._groups:
            # The shell joins before the gateway takes its first byte.
            join = "".join(f"echo $$ > '{group}' && " for group in self._groups)
            command = ["sh", "-c", f'{join}exec "$@"', "sh", *command]
        self.started_at = time.monotonic()
        errors: IO[str] | int = self.log.open("a") if self.log else subprocess.DEVNULL
        self.url = ""
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True, cwd=ROOT
        )
        if not isinstance(errors, int):
            errors.close()
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                if line.startswith("{") and process is self.process:
                    self.url = json.loads(line)["url"]

    def wait_ready(self, seconds: float = 30) -> float:
        """Wait for the page; return how long it took since the start in seconds."""
        assert self.process is not None
        process = self.process
        wait_until(lambda: bool(self.url) or process.poll() is not None, seconds, "the gateway to be ready")
        if not self.url:
            message = f"the gateway ended with {process.returncode} instead of getting ready; see {self.log}"
            raise ChildProcessError(message)
        return time.monotonic() - self.started_at

    def kill(self) -> None:
        """Kill it with SIGKILL and reap it."""
        if self.process is not None:
            self._note_peak()
            self.process.kill()
            self.process.wait()

    def _note_peak(self) -> None:
        with suppress(OSError):
            status = Path(f"/proc/{self.process.pid if self.process else 0}/status").read_text()
            peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
            self.peak_rss_mb = max([self.peak_rss_mb, *(int(peak) / 1024 for peak in peaks)])

    def stop(self, seconds: float = 20) -> int:
        """Stop it with SIGTERM; return its exit code."""
        assert self.process is not None
        self._note_peak()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def get(self, path: str) -> Any:
        """Read JSON (or, for /metrics, text) from it."""
        with urllib.request.urlopen(self.url.rstrip("/") + path, timeout=10) as answer:  # noqa: S310 - our own page
            body = answer.read().decode()
            return json.loads(body) if "json" in answer.headers["content-type"] else body

    def readiness(self) -> Any:
        """Read /readyz, whatever its status."""
        try:
            return self.get("/readyz")
        except urllib.error.HTTPError as answer:
            with answer:
                return json.loads(answer.read())

    def count(self, stage: str, name: str, reason: str | None = None) -> float:
        """Return one of the four counters of a stage, summed over its reasons unless one is given."""
        wanted = [f'stage="{stage}"'] + ([] if reason is None else [f'reason="{reason}"'])
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in self.get("/metrics").splitlines()
            if line.startswith(f"lifeline_{name}_total{{") and all(part in line for part in wanted)
        )

    def metric(self, name: str) -> float:
        """Return the sum of one metric over its labels."""
        lines = self.get("/metrics").splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))

    def kept(self, point: str) -> int:
        """Return how many readings the history holds of all channels of a point."""
        total = 0
        for channel in self.get("/api/v1/channels")["channels"]:
            if channel["id"].endswith(f".{point}"):
                past = self.get(f"/api/v1/history?channel={channel['id']}&start={LONG_AGO}&end={LONG_AHEAD}&buckets=1")
                buckets, rows = past.get("buckets"), past.get("rows")
                total += sum(buckets["rows"]) if buckets else len(rows["time_ms"]) if rows else 0
        return total

    def wait_drained(self, seconds: float = 120) -> None:
        """Wait until every reader of the journal has passed what was appended."""
        wait_until(lambda: self.metric("lifeline_reader_lag_records") == 0, seconds, "the readers to catch up")

    def usage(self) -> psutil.Process:
        """Return the process as psutil sees it."""
        assert self.process is not None
        return psutil.Process(self.process.pid)


def wait_until(condition: Any, seconds: float, what: str, *, every: float = 0.05) -> None:
    """Poll a condition of a real process until it holds; fail with what was waited for."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            message = f"waited {seconds} s for {what}"
            raise TimeoutError(message)
        threading.Event().wait(every)


def cpu_seconds(process: psutil.Process) -> float:
    """Return user plus system CPU time."""
    times = process.cpu_times()
    return float(times.user + times.system)
