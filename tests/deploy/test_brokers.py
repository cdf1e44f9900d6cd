"""The brokers start with the files that are here, and let nobody in without a password."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from simulators.servers.child import HOST, Child, free_port
from simulators.servers.nats_broker import nats_server

pytestmark = pytest.mark.slow

DEPLOY = Path(__file__).parents[2] / "deploy"
PASSWORD = "correct horse"  # noqa: S105 - of a broker that lives for a second


def moved(file: Path, folder: Path, replacements: dict[str, str]) -> Path:
    """Return a copy with other ports and paths; each must have been there."""
    text = file.read_text()
    for old, new in replacements.items():
        assert old in text
        text = text.replace(old, new)
    copy = folder / file.name
    copy.write_text(text)
    return copy


@pytest.fixture(params=["mosquitto", "nats-server"])
def port(
    request: pytest.FixtureRequest, tmp_path: Path, need: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[int]:
    """The port of a running broker."""
    port = free_port()
    if request.param == "mosquitto":
        passwords = tmp_path / "passwords"
        subprocess.run([need("mosquitto_passwd"), "-b", "-c", passwords, "lifeline", PASSWORD], check=True)
        replacements = {
            "listener 1883": f"listener {port} {HOST}" + ("\nuser root" if os.geteuid() == 0 else ""),
            "/mosquitto/config/passwords": str(passwords),
            "/mosquitto/data/": f"{tmp_path}/",
        }
        config = moved(DEPLOY / "mosquitto" / "mosquitto.conf", tmp_path, replacements)
        child = Child([need("mosquitto"), "-c", str(config)], port, tmp_path / "log")
    else:
        monkeypatch.setenv("MQTT_PASSWORD", f'"{PASSWORD}"')
        replacements = {
            "127.0.0.1:4222": f"{HOST}:-1",
            "0.0.0.0:1883": f"{HOST}:{port}",
            "/var/lib/nats": str(tmp_path / "nats"),
        }
        config = moved(DEPLOY / "nats" / "nats.conf", tmp_path, replacements)
        child = Child([nats_server(), "-c", str(config)], port, tmp_path / "log")
    with child:
        yield port


def answer(port: int, password: str | None) -> bool:
    """Connect; return whether the broker let us in."""
    answered = threading.Event()
    refusals: list[bool] = []

    def on_connect(_client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        refusals.append(bool(reason.is_failure))
        answered.set()

    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_connect = on_connect
    if password is not None:
        client.username_pw_set("lifeline", password)
    client.connect(HOST, port)
    client.loop_start()
    assert answered.wait(60)
    client.disconnect()
    client.loop_stop()
    return not refusals[0]


def test_the_gateway_is_let_in(port: int) -> None:
    assert answer(port, PASSWORD)


@pytest.mark.parametrize("password", [None, "wrong"])
def test_strangers_are_not(port: int, password: str | None) -> None:
    assert not answer(port, password)
