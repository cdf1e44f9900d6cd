"""`lifeline reload`, against a gateway that runs."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.app import Gateway
from gateway.cli import main
from gateway.clock import SystemClock
from gateway.settings import load_site
from simulators.servers.modbus_server import ModbusServer

SITE = """
site: {{id: test, timezone: UTC, http_port: 0}}
collectors:
  line: {{kind: modbus_tcp, host: 127.0.0.1, port: {port}, poll_seconds: 0.1}}
assets: {{P-1: {{kind: pipe, lifeline: water}}}}
devices:
  meter-1: {{profile: water/keller_36xw, collector: line, asset: P-1, unit: 1}}
{more}
stores: {{journal: {{cap_bytes: 16000000, segment_bytes: 4000000, raw_bytes: 0}}}}
"""
SECOND = "  meter-2: {profile: water/keller_36xw, collector: line, asset: P-1, unit: 2}"


@pytest.fixture
def meters() -> Iterator[ModbusServer]:
    """Return a line with two pressure transmitters."""
    with ModbusServer() as server:
        for unit in (1, 2):
            server.put(unit, "holding", 256, struct.unpack(">4H", struct.pack(">ff", 3.5, 14.25)))
        yield server


def write(folder: Path, meters: ModbusServer, more: str = "") -> Path:
    file = folder / "site.yaml"
    file.write_text(SITE.format(port=meters.port, more=more))
    return file


def answer_of(url: str) -> dict[str, Any]:
    """Return what a page says that may be about to begin anew."""
    for _ in range(200):
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - loopback
                told: dict[str, Any] = json.load(answer)
                return told
        except OSError:
            threading.Event().wait(0.05)
    raise AssertionError(f"nobody answers at {url}")


@pytest.mark.slow
async def test_a_changed_file_is_tried_compared_and_taken_over(
    tmp_path: Path, meters: ModbusServer, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, meters)
    async with Gateway(load_site(file), tmp_path / "state", clock=SystemClock()) as gateway:
        write(tmp_path, meters, SECOND)
        reload = ["reload", str(file), "--url", gateway.url]

        tried = await asyncio.to_thread(main, [*reload, "--dry-run"])
        before = capsys.readouterr().out
        done = await asyncio.to_thread(main, [*reload, "--watch", "0.1", "--wait", "--json"])
        after = json.loads(capsys.readouterr().out)
        again = await asyncio.to_thread(main, reload)

        assert (tried, done, again) == (0, 0, 0)
        assert "+ P-1.meter-2.pressure" in before
        assert "ok  meter-2: pressure 0.35, temperature 14.25" in before
        assert "cycle of line: 0." in before
        assert before.endswith("nothing was changed\n")
        assert (after["stage"], after["restarted"]) == ("done", ["line"])
        assert "P-1.meter-2.pressure" in gateway.numbers
        assert capsys.readouterr().out == "the site file has not changed\n"


@pytest.mark.slow
async def test_a_device_that_does_not_answer_is_refused(
    tmp_path: Path, meters: ModbusServer, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, meters)
    async with Gateway(load_site(file), tmp_path / "state", clock=SystemClock()) as gateway:
        write(tmp_path, meters, SECOND.replace("unit: 2", "unit: 9"))

        code = await asyncio.to_thread(main, ["reload", str(file), "--url", gateway.url])

        assert code == 1
        assert "refused, nothing was changed: meter-2" in capsys.readouterr().out


def test_a_wrong_file_is_said_before_anybody_is_asked(
    tmp_path: Path, meters: ModbusServer, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, meters, SECOND.replace("asset: P-1", "asset: P-9"))

    code = main(["reload", str(file), "--url", "http://127.0.0.1:9"])

    assert code == 78
    assert "there is no 'P-9'" in capsys.readouterr().err


def test_without_a_gateway_nothing_is_reloaded(
    tmp_path: Path, meters: ModbusServer, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["reload", str(write(tmp_path, meters)), "--url", "http://127.0.0.1:9"])

    assert code == 69
    assert "no gateway answers" in capsys.readouterr().err


@pytest.mark.slow
def test_the_service_reloads_on_sighup(tmp_path: Path, meters: ModbusServer) -> None:
    file = write(tmp_path, meters)
    command = [sys.executable, "-m", "gateway.cli", "run", str(file), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ, text=True) as service:
        try:
            assert service.stdout is not None
            url = json.loads(service.stdout.readline())["url"]
            with urllib.request.urlopen(url + "api/v1/stream", timeout=30) as page:  # noqa: S310 - loopback
                write(tmp_path, meters, SECOND)

                service.send_signal(signal.SIGHUP)
                # Open pages are let go of when the page begins anew with the new inventory.
                page.read()
            told = answer_of(url + "api/v1/reload")
        finally:
            service.terminate()

    assert told["stage"] in {"swapping", "watching"}
    assert told["added"] == ["P-1.meter-2.pressure", "P-1.meter-2.temperature"]
    assert service.returncode == 0
