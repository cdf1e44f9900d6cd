"""The MQTT collector with what real brokers offer: TLS, MQTT 5, shared subscriptions, several brokers, Sparkplug."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiomqtt
import pysparkplug
import pytest
from paho.mqtt.client import Client as Paho

from gateway.clock import SystemClock
from gateway.collectors import CollectedDevice
from gateway.collectors.backoff import Backoff
from gateway.collectors.mqtt import MqttCollector
from gateway.inventory import Device
from gateway.profiles import FieldPlace, Point, Profile
from gateway.settings import MqttSettings
from gateway.settings.collectors.mqtt import MqttVersion, TlsFiles
from simulators.servers.mosquitto_broker import MosquittoBroker
from simulators.servers.nats_broker import NatsBroker
from tests.gateway.collectors.certificates import Authority
from tests.gateway.collectors.mqtt_rig import mqtt_collector, mqtt_settings, numbered, values
from tests.gateway.collectors.rig import RecordingJournal, WatchedHealth, collecting, publish


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "certificates")


@pytest.fixture
def secure_broker(need: Callable[[str], str], tmp_path: Path, authority: Authority) -> Iterator[MosquittoBroker]:
    """A broker that shows a certificate and wants one."""
    with secured(need, tmp_path / "m", authority) as broker:
        yield broker


def secured(need: Callable[[str], str], folder: Path, authority: Authority) -> MosquittoBroker:
    certificate, key = authority.issue("broker")
    extra = f"cafile {authority.certificate}\ncertfile {certificate}\nkeyfile {key}\nrequire_certificate true"
    return MosquittoBroker(need("mosquitto"), folder, extra=extra)


@asynccontextmanager
async def publisher(broker: MosquittoBroker, files: TlsFiles) -> AsyncIterator[aiomqtt.Client]:
    params = aiomqtt.TLSParameters(ca_certs=str(files.ca), certfile=str(files.certificate), keyfile=str(files.key))
    async with aiomqtt.Client(broker.host, broker.port, tls_params=params) as client:
        yield client


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_an_encrypted_session_loses_nothing(
    version: MqttVersion,
    journal: RecordingJournal,
    health: WatchedHealth,
    secure_broker: MosquittoBroker,
    authority: Authority,
) -> None:
    files = TlsFiles(authority.certificate, *authority.issue("gateway"))
    settings = replace(mqtt_settings(secure_broker), tls=files, version=version)

    async with (
        collecting(mqtt_collector(settings, health, max_waiting=50), journal),
        publisher(secure_broker, files) as client,
    ):
        await health.until_ok()
        for topic, payload in numbered(300):
            await client.publish(topic, payload, qos=1)
        await journal.until(lambda: len(values(journal)) >= 300)

    assert set(values(journal)) == set(range(300))


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_broker_of_a_strange_authority_is_refused_by_name(
    journal: RecordingJournal, health: WatchedHealth, need: Callable[[str], str], tmp_path: Path, authority: Authority
) -> None:
    stranger = Authority(tmp_path / "stranger")
    with secured(need, tmp_path / "m", authority) as broker:
        settings = replace(mqtt_settings(broker), tls=TlsFiles(stranger.certificate, *stranger.issue("gateway")))
        async with collecting(mqtt_collector(settings, health), journal):
            await health.until(lambda: bool(health.conditions()))

    assert "certificate verify failed" in health.conditions()[0].reason


async def test_a_missing_certificate_is_named(journal: RecordingJournal, health: WatchedHealth, tmp_path: Path) -> None:
    settings = MqttSettings(
        "district", "127.0.0.1", 1, client_id="us", topics=("a/{device}",), tls=TlsFiles(tmp_path / "none.crt")
    )

    async with collecting(mqtt_collector(settings, health), journal):
        await health.until(lambda: bool(health.conditions()))

    assert "certificate is missing" in health.conditions()[0].reason


async def test_with_mqtt_5_the_broker_keeps_to_our_window_and_our_session(
    journal: RecordingJournal, health: WatchedHealth, need: Callable[[str], str], tmp_path: Path
) -> None:
    with MosquittoBroker(need("mosquitto"), tmp_path / "m", max_inflight_messages=1_000) as broker:
        settings = replace(mqtt_settings(broker, in_flight=10), version="5")
        async with collecting(mqtt_collector(settings, health), journal):
            await health.until_ok()
        await publish(broker, numbered(100))
        journal.hold()
        async with collecting(mqtt_collector(settings, health), journal):
            await health.until(lambda: health.counted("collector:district", "received") >= 10)
            held = health.counted("collector:district", "received")
            journal.release()
            await journal.until(lambda: len(values(journal)) >= 100)

    assert held == 10
    assert set(values(journal)) == set(range(100))


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_two_gateways_share_a_group_and_nothing_comes_twice(
    version: MqttVersion, health: WatchedHealth, need: Callable[[str], str], tmp_path: Path
) -> None:
    first, second = RecordingJournal(), RecordingJournal()
    other = WatchedHealth()
    with MosquittoBroker(need("mosquitto"), tmp_path / "m") as broker:
        settings = replace(mqtt_settings(broker), share="duty", version=version)
        beside = replace(settings, client_id="lifeline-test-other")
        async with (
            collecting(mqtt_collector(settings, health), first),
            collecting(mqtt_collector(beside, other), second),
        ):
            await health.until_ok()
            await other.until_ok()
            await publish(broker, numbered(100))
            await first.until(lambda: len(values(first)) == 50)
            await second.until(lambda: len(values(second)) == 50)

    assert set(values(first)) | set(values(second)) == set(range(100))


@pytest.mark.slow
async def test_a_broker_that_grants_shares_and_never_delivers_is_refused(
    journal: RecordingJournal, health: WatchedHealth, tmp_path: Path
) -> None:
    with NatsBroker(tmp_path) as broker:
        settings = replace(mqtt_settings(broker), share="duty")
        async with collecting(mqtt_collector(settings, health), journal):
            await health.until(lambda: bool(health.conditions()))

    assert "never delivers" in health.conditions()[0].reason


async def test_two_brokers_at_once_are_two_sessions(
    journal: RecordingJournal, health: WatchedHealth, need: Callable[[str], str], tmp_path: Path
) -> None:
    with NatsBroker(tmp_path / "n") as nats, MosquittoBroker(need("mosquitto"), tmp_path / "m") as mosquitto:
        here, there = mqtt_settings(nats), replace(mqtt_settings(mosquitto), id="second")
        async with (
            collecting(mqtt_collector(here, health), journal),
            collecting(mqtt_collector(there, health), journal),
        ):
            await health.until_ok()
            await health.until_ok("collector:second")
            await publish(nats, numbered(5))
            await publish(mosquitto, numbered(5, start=5))
            await journal.until(lambda: len(values(journal)) == 10)

    assert set(values(journal)) == set(range(10))


PUMP = Profile(
    "water/pump",
    "a pump",
    "water",
    "sparkplug",
    "made up",
    {"flow": Point("flow", "flow", "m3/h", FieldPlace(("Flow",)))},
    (),
)


@pytest.mark.filterwarnings("ignore:Callback API version 1:DeprecationWarning")  # what pysparkplug asks of paho
async def test_another_makers_edge_node_is_followed_from_any_moment(
    journal: RecordingJournal,
    health: WatchedHealth,
    need: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # pysparkplug calls what paho 2.2 no longer has and what did nothing before.
    monkeypatch.setattr(Paho, "message_retry_set", lambda *_, **__: None, raising=False)

    def flow(value: float) -> pysparkplug.Metric:
        return pysparkplug.Metric(pysparkplug.get_current_timestamp(), "Flow", pysparkplug.DataType.DOUBLE, value)

    loop, asked = asyncio.get_running_loop(), asyncio.Event()

    def on_command(_: pysparkplug.EdgeNode, message: pysparkplug.Message) -> None:
        if isinstance(message.payload, pysparkplug.NCmd):
            loop.call_soon_threadsafe(asked.set)

    with MosquittoBroker(need("mosquitto"), tmp_path / "m") as broker:
        node = pysparkplug.EdgeNode("plant", "pump-1", [flow(1.0)], cmd_callback=on_command)
        async with aiomqtt.Client(broker.host, broker.port) as witness:
            await witness.subscribe("spBv1.0/plant/NBIRTH/#")
            await asyncio.to_thread(node.connect, broker.host, port=broker.port)
            await anext(witness.messages)
        settings = MqttSettings("district", broker.host, broker.port, client_id="us", sparkplug_group="plant")
        devices = [CollectedDevice(Device("p", PUMP, "district", "P-1", station="pump-1"), {"flow": 1})]
        collector = MqttCollector(settings, devices, clock=SystemClock(), health=health, backoff=Backoff(0.02, 0.1))
        async with collecting(collector, journal), asyncio.timeout(60):
            await health.until_ok()
            await asyncio.to_thread(node.update, [flow(2.0)])
            # We never saw its birth, so it is asked for it; this node's maker leaves the answer to its user.
            await asked.wait()
            await asyncio.to_thread(node.disconnect)
            node = pysparkplug.EdgeNode("plant", "pump-1", [flow(2.0)])
            await asyncio.to_thread(node.connect, broker.host, port=broker.port)
            await journal.until(lambda: len(values(journal)) >= 2)
            await asyncio.to_thread(node.update, [flow(3.0)])
            await journal.until(lambda: 3.0 in values(journal))
            await asyncio.to_thread(node.disconnect)

    assert values(journal) == [2.0, 2.0, 3.0]
