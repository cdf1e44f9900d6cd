"""The clients through which a fleet's MQTT devices publish at QoS 1: one for every few hundred devices."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from simulators.encoders import sparkplug_topic

_MAX_IN_FLIGHT = 100
_MAX_QUEUED_MESSAGES = 10_000


@dataclass(frozen=True, slots=True)
class MqttTarget:
    """Where devices of one collector publish; the topic has one `{device}` level."""

    host: str
    port: int
    topic: str
    sparkplug_group: str = ""
    """The group of those that speak Sparkplug B, whose topics are its own."""


class Publisher:
    """Publishes for devices, each always through the same client; what a broker cannot take waits, up to a bound."""

    def __init__(
        self,
        targets: Mapping[str, MqttTarget],
        devices: Mapping[str, Sequence[str]],
        *,
        stations: Mapping[str, str] | None = None,
        sparkplug: Collection[str] = (),
        bear_again: Callable[[str], None] = lambda _: None,
        devices_per_client: int = 500,
    ) -> None:
        """`devices` gives each target's devices, `stations` what a device is called in its topic.

        `bear_again` is told, on a thread of a client, which device of `sparkplug` a host wants to hear the birth of.
        """
        self._clients: list[_Client] = []
        self._of: dict[str, tuple[_Client, str]] = {}
        self._groups: dict[str, str] = {}
        self._stations: dict[str, str] = {}
        for name, target in targets.items():
            for number, some in enumerate(_batches(devices.get(name, ()), devices_per_client)):
                named = {device: (stations or {}).get(device, device) for device in some}
                nodes = {named[device]: device for device in some if device in sparkplug}
                client = _Client(target, f"fleet-{name}-{number}", nodes, bear_again)
                self._clients.append(client)
                for device in some:
                    self._groups[device] = target.sparkplug_group
                    self._of[device] = (client, target.topic.replace("{device}", named[device]))
                self._stations |= named

    @property
    def acknowledged(self) -> int:
        """Messages that a broker has taken."""
        return sum(client.acknowledged for client in self._clients)

    def connect(self) -> None:
        """Begin to connect, and keep trying."""
        for client in self._clients:
            client.connect()

    def publish(self, device: str, payload: bytes, *, sparkplug_sequence: int | None = None) -> None:
        """Send a device's message on its own topic; one of Sparkplug B has a number, and its topic goes by that."""
        client, topic = self._of[device]
        if sparkplug_sequence is not None:
            topic = sparkplug_topic(self._groups[device], self._stations[device], sparkplug_sequence)
        client.publish(topic, payload)

    def close(self) -> None:
        """Say goodbye."""
        for client in self._clients:
            client.close()


class _Client:
    def __init__(
        self, target: MqttTarget, name: str, nodes: Mapping[str, str], bear_again: Callable[[str], None]
    ) -> None:
        self.acknowledged = 0
        self._target = target
        self._nodes = dict(nodes)
        """Edge node → its device."""
        self._bear_again = bear_again
        self._paho = paho.Client(CallbackAPIVersion.VERSION2, client_id=name)
        self._paho.max_inflight_messages_set(_MAX_IN_FLIGHT)
        self._paho.max_queued_messages_set(_MAX_QUEUED_MESSAGES)
        self._paho.on_publish = self._on_publish
        if nodes:
            self._paho.on_connect = self._on_connect
            self._paho.on_message = self._on_command

    def connect(self) -> None:
        self._paho.connect_async(self._target.host, self._target.port)
        self._paho.loop_start()

    def publish(self, topic: str, payload: bytes) -> None:
        self._paho.publish(topic, payload, qos=1)

    def close(self) -> None:
        self._paho.disconnect()
        self._paho.loop_stop()

    def _on_publish(
        self, _client: paho.Client, _data: object, _number: int, _code: ReasonCode, _more: Properties | None
    ) -> None:
        self.acknowledged += 1

    def _on_connect(
        self, client: paho.Client, _data: object, _flags: object, _code: ReasonCode, _more: Properties | None
    ) -> None:
        client.subscribe(f"spBv1.0/{self._target.sparkplug_group}/NCMD/+", qos=1)

    def _on_command(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        """Take every command for a request of rebirth: a simulated node has nothing else to be commanded."""
        device = self._nodes.get(message.topic.rpartition("/")[2])
        if device is not None:
            self._bear_again(device)


def _batches(devices: Sequence[str], size: int) -> list[Sequence[str]]:
    return [devices[start : start + size] for start in range(0, len(devices), size)]
