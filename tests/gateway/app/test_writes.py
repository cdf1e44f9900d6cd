"""A value goes to a device only as the site file allows, and the ledger knows before and after."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.cli import main
from gateway.clock import SystemClock
from gateway.settings import load_site
from simulators.servers.modbus_server import ModbusServer
from simulators.servers.registers import Behaviour

PROFILE = """\
id: drainage/gate
title: a gate
lifeline: drainage
protocol: modbus
source: made up
modbus:
  commands:
    opening: {register: {kind: holding, address: 10, type: uint16}, scale: 0.1}
points:
  position: {quantity: status_bits, unit: "1", register: {kind: holding, address: 5, type: uint16}}
frames:
  - source: computed
    request: 01 03 00 05 00 01 94 0b
    reply: 01 03 02 00 07 f9 86
    values: {position: 7}
"""
SITE = """\
site: {{id: here, http_port: 0}}
collectors:
  line: {{kind: modbus_tcp, host: 127.0.0.1, port: {port}, poll_seconds: 0.1, timeout_seconds: 0.3}}
assets:
  G-1: {{kind: gate, lifeline: drainage}}
devices:
  gate-1:
    {{profile: ./gate.yaml, collector: line, asset: G-1, unit: 1, writes: {{opening: {{range: [0, 100]}}}}}}
"""


def outcomes(folder: Path) -> list[str]:
    """The outcomes of the writes that the ledger holds, in their order."""
    found = []
    for path in folder.rglob("*.db"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "events" in tables:
                rows = connection.execute("SELECT body FROM events WHERE kind = 'wrote' ORDER BY rowid")
                found += [json.loads(body)["outcome"] for (body,) in rows]
        connection.close()
    return found


async def test_a_write_is_done_once_and_filed_before_and_after(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModbusServer() as server:
        server.put(1, "holding", 5, [7, 0, 0, 0, 0, 0])
        server.behave(1, Behaviour(is_writable=True))
        (tmp_path / "gate.yaml").write_text(PROFILE)
        path = tmp_path / "site.yaml"
        path.write_text(SITE.format(port=server.port))
        async with Gateway(load_site(path), tmp_path / "state", clock=SystemClock()) as gateway:
            command = ["write", str(path), "gate-1", "--url", gateway.url, "--json", "--person", "li"]
            done = await asyncio.to_thread(main, [*command, "opening", "42"])
            refused = await asyncio.to_thread(main, [*command, "opening", "142"])
            unlisted = await asyncio.to_thread(main, [*command, "position", "1"])
            held = await server.table.async_getValues(1, 3, 10, 1)

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (done, refused, unlisted) == (0, 1, 1)
    assert held == [420]
    assert [each["outcome"] for each in told] == ["confirmed", "refused", "refused"]
    assert "from 0 to 100" in told[1]["note"]
    assert outcomes(tmp_path / "state" / "ledger") == ["asked", "confirmed", "asked", "refused", "asked", "refused"]


def test_without_a_gateway_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ModbusServer() as server:
        (tmp_path / "gate.yaml").write_text(PROFILE)
        path = tmp_path / "site.yaml"
        path.write_text(SITE.format(port=server.port))

        exit_code = main(["write", str(path), "gate-1", "opening", "42", "--url", "http://127.0.0.1:9"])

        assert exit_code == 69
        assert "nothing is written without it" in capsys.readouterr().err
        assert server.table.requests() == []
