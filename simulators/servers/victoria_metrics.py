"""VictoriaMetrics with a folder of its own: a real database that takes InfluxDB's v2 writes.

It keeps milliseconds and 15 digits, and skips a malformed line without a word.
"""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

from simulators.servers.child import HOST, Child, free_port

_ANSWER_SECONDS = 30.0


class VictoriaMetrics(Child):
    """A server on an ephemeral port; the program is Debian's and its path is given.

    After `stop` or `kill`, `start` continues on the same port with the same points.
    """

    def __init__(self, program: str | Path, folder: Path, *, port: int | None = None) -> None:
        port = port or free_port()
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            str(program),
            f"-storageDataPath={folder}",
            f"-httpListenAddr={HOST}:{port}",
            # Points older than the retention, a month unless set, would be dropped without a word.
            "-retentionPeriod=100y",
        ]
        super().__init__(command, port, folder / "victoria-metrics.log")

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.port}"

    def points(self, metric: str) -> dict[str, dict[int, float]]:
        """Return channel → time in ms → value of one `<measurement>_<field>`, a time twice being one."""
        self._get("/internal/force_flush")
        held: dict[str, dict[int, float]] = {}
        for line in self._get(f"/api/v1/export?match[]={metric}&reduce_mem_usage=1").splitlines():
            series = json.loads(line)
            points = dict(zip(series["timestamps"], series["values"], strict=True))
            held.setdefault(series["metric"]["channel"], {}).update(points)
        return held

    def _get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 - loopback
            text: str = answer.read().decode()
            return text
