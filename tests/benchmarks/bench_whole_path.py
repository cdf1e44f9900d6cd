"""The whole path, MQTT QoS 1 in to journal with fsync, history and detection; a core = 1 / CPU time of the process.

The peer in the same run is the plainest consumer there is: aiomqtt's iterator, `json.loads`, nothing kept.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from gateway.health import Health
from gateway.history import History
from gateway.settings import HistorySettings
from tests.benchmarks.machine import write_site
from tests.processes import GatewayProcess, cpu_seconds

PEER = """
import asyncio, json, sys, time, aiomqtt
async def main(port, messages):
    async with aiomqtt.Client("127.0.0.1", port, clean_session=False, identifier="peer") as client:
        await client.subscribe("bench/+/up", qos=1)
        count, total, start = 0, 0.0, time.process_time()
        async for message in client.messages:
            total += sum(value for key, value in json.loads(message.payload).items() if key != "ts")
            count += 1
            if count == messages:
                break
        print(time.process_time() - start)
        await asyncio.sleep(0.5)
asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
"""


def run() -> dict[str, str]:
    """Return messages and readings a second and core for 1 and 10 readings a message."""
    figures = {}
    for values, messages in ((1, 200_000), (10, 100_000)):
        ours, wall, kept = _gateway(messages, values)
        theirs = _peer(messages, values)
        figures[f"{values} a message: messages/s/core"] = f"{messages / ours:,.0f} ({wall:,.0f}/s wall)"
        figures[f"{values} a message: readings/s/core"] = f"{messages * values / ours:,.0f}"
        figures[f"{values} a message: in the history"] = f"{kept:,} of {messages * values:,} readings"
        figures[f"{values} a message: CPU against aiomqtt + json, nothing kept"] = f"{ours / theirs:.2f} x"
    return figures


def _blaster(messages: int, values: int) -> tuple[subprocess.Popen[str], int]:
    command = [sys.executable, "-m", "tests.benchmarks.blaster", "--messages", str(messages), "--values", str(values)]
    blaster = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert blaster.stdout is not None
    return blaster, json.loads(blaster.stdout.readline())["port"]


def _gateway(messages: int, values: int) -> tuple[float, float, int]:
    """Return CPU seconds for all messages with all readers, messages a second by the wall clock, and readings kept."""
    blaster, port = _blaster(messages, values)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = write_site(folder, broker_port=port, devices=100, values=values, in_flight=2000)
        gateway = GatewayProcess(site, folder / "state", log=folder / "log")
        gateway.start()
        gateway.wait_ready()
        before = cpu_seconds(gateway.usage())
        output, _ = blaster.communicate("go\n")
        gateway.wait_drained()
        used = cpu_seconds(gateway.usage()) - before
        gateway.stop()
        history = History.open(folder / "state" / "history", settings=HistorySettings(), health=Health())
        kept = history.count()
        history.close()
    return used, messages / json.loads(output)["seconds"], kept


def _peer(messages: int, values: int) -> float:
    blaster, port = _blaster(messages, values)
    command = [sys.executable, "-c", PEER, str(port), str(messages)]
    peer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    blaster.communicate("go\n")
    return float(peer.communicate()[0])
