"""`lifeline simulate` and `rehearse` that are told to stop at any moment leave no process, socket or folder behind.

The sleeps choose the moment of the signal in a real process: while it imports, starts, sends or records.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psutil
import pytest

pytestmark = pytest.mark.fault

SCENARIO = """scenario: try
start: "2025-06-16T08:00:00"
lasts: 20 d
district: {gas: 2, tunnel: 1, drainage: 2}
expect:
  - want: gas_leak on MH-1 within 30 min
    pending: nothing leaks
  - want: at most 1 false warning a day
"""
WITHIN_SECONDS = 60.0


@contextlib.contextmanager
def _simulating(folder: Path, *options: str, command: str = "simulate") -> Iterator[subprocess.Popen[str]]:
    scenario, temporary = folder / "try.yaml", folder / "temporary"
    scenario.write_text(SCENARIO)
    temporary.mkdir()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", command, "--json", str(scenario), *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={"TMPDIR": str(temporary), "PATH": ""},
        )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _until_it_begins(out: IO[str]) -> list[int]:
    """Read until the fleet is at work; return the ports that it listens on."""
    ports = []
    for line in out:
        told = json.loads(line)
        if told["event"] == "listens":
            ports.append(int(told["port"]))
        if told["event"] == "begins":
            return ports
    raise AssertionError("it never began")


def _left(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "temporary").iterdir())


def _wait_for_folder(folder: Path) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    while not _left(folder):
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.01)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
@pytest.mark.parametrize("times", [1, 3], ids=["once", "thrice"])
def test_a_fleet_that_is_stopped_in_mid_run_leaves_nothing(how: signal.Signals, times: int, tmp_path: Path) -> None:
    with _simulating(tmp_path, "--speed", "60") as process:
        assert process.stdout is not None
        ports = _until_it_begins(process.stdout)
        children = psutil.Process(process.pid).children(recursive=True)
        time.sleep(1.0)
        for _ in range(times):
            process.send_signal(how)
            time.sleep(0.02)
        process.communicate(timeout=WITHIN_SECONDS)

    # Those that come when all is done already end the interpreter itself.
    assert process.returncode == 0 or times > 1, (tmp_path / "log").read_text()
    assert children
    assert [child for child in children if child.is_running()] == []
    assert _left(tmp_path) == []
    assert len(ports) >= 2
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
@pytest.mark.parametrize("after_seconds", [0.0, 0.3, 1.0, 3.0])
def test_one_that_is_stopped_while_it_starts_leaves_nothing(
    how: signal.Signals, after_seconds: float, tmp_path: Path
) -> None:
    with _simulating(tmp_path, "--speed", "60") as process:
        _wait_for_folder(tmp_path)
        time.sleep(after_seconds)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(how)
        process.communicate(timeout=WITHIN_SECONDS)

    assert process.returncode in {0, 130, 143}, (tmp_path / "log").read_text()
    assert [child for child in children if child.is_running()] == []
    assert _left(tmp_path) == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
def test_a_recording_that_is_stopped_leaves_no_working_folder(how: signal.Signals, tmp_path: Path) -> None:
    with _simulating(tmp_path, "--record", str(tmp_path / "set")) as process:
        _wait_for_folder(tmp_path)
        time.sleep(3.0)
        process.send_signal(how)
        process.communicate(timeout=WITHIN_SECONDS)

    assert process.returncode in {130, 143}, (tmp_path / "log").read_text()
    assert _left(tmp_path) == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
def test_a_rehearsal_that_is_stopped_leaves_no_folder(how: signal.Signals, tmp_path: Path) -> None:
    with _simulating(tmp_path, command="rehearse") as process:
        _wait_for_folder(tmp_path)
        time.sleep(3.0)
        process.send_signal(how)
        process.communicate(timeout=WITHIN_SECONDS)

    assert process.returncode in {130, 143}, (tmp_path / "log").read_text()
    assert _left(tmp_path) == []
