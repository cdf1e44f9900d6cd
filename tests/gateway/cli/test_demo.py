"""The demo as a visitor meets it: quiet, then one leak with its evidence, then nothing left behind."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from gateway.cli.demo import configure

LIFELINES = {"gas", "water", "drainage", "bridge", "slope", "road"}
PAGE_SECONDS = 60.0
WARNING_SECONDS = 60.0
STOP_SECONDS = 5.0


LOOPBACK_ONLY = """
import os, sys

def loopback_only(event, arguments):
    host = None
    if event in ("socket.connect", "socket.bind") and isinstance(arguments[1], tuple):
        # paho binds the near end of each connection to any address and any port.
        host = None if arguments[1][:2] == ("", 0) else arguments[1][0]
    if event == "socket.getaddrinfo":
        host = arguments[0]
    if host not in (None, "127.0.0.1", "::1", "localhost"):
        os.write(2, f"{event} {host}".encode())
        os._exit(99)

sys.addaudithook(loopback_only)
"""
MAIN = """
from gateway.cli import main
sys.exit(main())
"""
AN_HOUR = """
from gateway.cli import demo_district
demo_district.PAST_SECONDS = 3_600.0
"""
"""Where the length of the past is not the point."""


class Demo:
    """One `lifeline demo` in a process of its own, and what it said when it was ready."""

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, Any]) -> None:
        self.process = process
        self.state = Path(ready["state"])
        self.page = httpx.Client(base_url=ready["url"], timeout=WARNING_SECONDS)

    def warnings(self) -> list[dict[str, Any]]:
        answer = self.page.get("/api/v1/warnings")
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["warnings"]
        return found

    def day_of(self, channel: str) -> int:
        """Count the readings of the day before now."""
        now = datetime.now(UTC)
        span = {"start": (now - timedelta(days=1)).isoformat(), "end": now.isoformat()}
        answer = self.page.get("/api/v1/history", params={"channel": channel, "buckets": 4000, **span})
        answer.raise_for_status()
        return len(answer.json()["rows"]["time_ms"])


@contextmanager
def demo(folder: Path, *options: str, past: str = "") -> Iterator[Demo]:
    environment = {**os.environ, "TMPDIR": str(folder)}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", LOOPBACK_ONLY + past + MAIN, "demo", "--no-browser", *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (folder / "log").read_text()
        running = Demo(process, json.loads(line))
        with running.page:
            yield running
    finally:
        process.kill()
        process.communicate()


def first_change(page: httpx.Client) -> None:
    """Wait for the first thing that the stream says of a warning."""
    with page.stream("GET", "/api/v1/stream") as stream:
        for line in stream.iter_lines():
            if line == "event: warning":
                return


@pytest.mark.slow
def test_a_visitor_sees_a_quiet_district_then_one_leak_and_nothing_is_left(tmp_path: Path) -> None:
    started = time.monotonic()
    with demo(tmp_path) as running:
        up = time.monotonic()
        children = psutil.Process(running.process.pid).children(recursive=True)
        channels = running.page.get("/api/v1/channels").json()["channels"]
        past = {channel["id"]: running.day_of(channel["id"]) for channel in channels}
        before = running.warnings()
        first_change(running.page)
        warned = time.monotonic()
        (warning,) = running.warnings()
        evidence = running.page.get(f"/api/v1/warnings/{warning['id']}").json()
        staged = running.page.post("/api/v1/stages", json={"word": "storm"})

        running.process.send_signal(signal.SIGINT)
        rest, _ = running.process.communicate(timeout=STOP_SECONDS)

    assert up - started < PAGE_SECONDS
    assert len(channels) >= 60
    assert {channel["lifeline"] for channel in channels} >= LIFELINES
    for channel in channels:
        assert past[channel["id"]] >= 0.98 * 86_400 / channel["report_seconds"], channel["id"]
    assert before == []
    assert warned - up < WARNING_SECONDS
    assert (warning["hazard"], warning["asset"]) == ("gas_leak", "MH-1")
    assert "ch4" in json.dumps(evidence)
    assert (staged.status_code, "storm of 90 mm" in staged.json()["told"]) == (202, True)
    assert running.process.returncode == 0
    assert rest == ""
    assert not running.state.exists()
    assert children
    assert [child for child in children if child.is_running()] == []
    assert [entry.name for entry in tmp_path.iterdir()] == ["log"]


@pytest.mark.parametrize(
    "wrong", [["--port", "70000"], ["--port", "-1"], ["--for", "0"], ["--for", "nan"], ["--for", "soon"]]
)
def test_a_wrong_option_is_a_usage_error(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    configure(parser)

    with pytest.raises(SystemExit) as refused:
        parser.parse_args(wrong)

    assert refused.value.code == 2
    assert wrong[0] in capsys.readouterr().err


@pytest.mark.slow
def test_it_stops_by_itself_and_keeps_the_named_state(tmp_path: Path) -> None:
    state = tmp_path / "kept"
    for _ in range(2):
        with demo(tmp_path, "--for", "1", "--state", str(state), past=AN_HOUR) as running:
            rest, _ = running.process.communicate(timeout=1 + STOP_SECONDS)

        assert running.process.returncode == 0
        assert rest == ""
        assert running.state == state

    assert (state / "gateway" / "journal").is_dir()


@pytest.mark.slow
def test_it_may_be_stopped_while_the_past_is_replayed(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "demo", "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    while process.poll() is None and not list(tmp_path.glob("lifeline-demo-*/gateway/journal")):
        pass

    process.terminate()
    _, errors = process.communicate(timeout=STOP_SECONDS)

    assert process.returncode == 0, errors
    assert list(tmp_path.iterdir()) == []
