"""The brokers keep sessions, stop cleanly and die with their parent."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from gateway.errors import Unreachable
from simulators.servers.mosquitto_broker import MosquittoBroker
from simulators.servers.nats_broker import NatsBroker

pytestmark = pytest.mark.slow


@pytest.fixture(params=["nats-server", "mosquitto"])
def broker(request: pytest.FixtureRequest, tmp_path: Path, need: Callable[[str], str]) -> NatsBroker | MosquittoBroker:
    if request.param == "nats-server":
        return NatsBroker(tmp_path, ack_wait_seconds=1)
    return MosquittoBroker(need("mosquitto"), tmp_path)


def test_a_message_to_an_absent_session_waits_for_it_over_a_restart(
    broker: NatsBroker | MosquittoBroker, connect: Any
) -> None:
    with broker:
        with connect(broker, "reader") as reader:
            reader.subscribe("city/+/up")
        with connect(broker, "writer") as writer:
            writer.publish("city/a/up", b"1")
        broker.stop()
        broker.start()
        with connect(broker, "reader") as reader:
            received = reader.wait_for(1)

    assert received == [b"1"]


def test_what_nats_server_acknowledged_survives_its_kill(tmp_path: Path, connect: Any) -> None:
    with NatsBroker(tmp_path, ack_wait_seconds=1) as broker:
        with connect(broker, "reader") as reader:
            reader.subscribe("city/+/up")
        with connect(broker, "writer") as writer:
            for number in range(50):
                writer.publish("city/a/up", b"%d" % number)
        broker.kill()
        broker.start()
        with connect(broker, "reader") as reader:
            received = reader.wait_for(50)

    assert received == [b"%d" % number for number in range(50)]


def test_stopping_leaves_no_process(broker: NatsBroker | MosquittoBroker) -> None:
    with broker:
        process = psutil.Process(broker.pid)

    assert broker.pid == 0
    assert not process.is_running()


def test_a_server_that_cannot_start_says_why(broker: NatsBroker | MosquittoBroker, tmp_path: Path) -> None:
    for config in tmp_path.glob("*.conf"):
        config.write_text("nonsense {")

    with pytest.raises(Unreachable, match=r"did not start, its log ends:\n.*(Parse error|Unknown configuration)"):
        broker.start()


def test_the_broker_dies_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from simulators.servers.nats_broker import NatsBroker; "
        "broker = NatsBroker(pathlib.Path(sys.argv[1])); broker.start(); "
        "print(broker.pid, flush=True); sys.stdin.read()"
    )
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))

        parent.kill()
        gone, alive = psutil.wait_procs([child], timeout=60)

    assert alive == []
    assert gone == [child]
