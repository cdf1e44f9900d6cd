"""The collector kind `mqtt`: one broker, its topics and the session that it keeps for us."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gateway.documents import Document
from gateway.settings.collectors.contract import Kind, Surroundings, check_host
from gateway.settings.secrets import Named, Source, read_secret
from gateway.settings.written import Port, Text, Written

# Brokers must accept 23 bytes (MQTT 3.1.1, 3.1.3.1); those that we know of accept 64.
_CLIENT_ID_BYTES = 64
_DEVICE = "{device}"


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """One MQTT broker to collect from."""

    kind: ClassVar[str] = "mqtt"

    id: str
    host: str
    port: int = 1883
    client_id: str = ""
    """Stable, so that the broker keeps the session; `lifeline-<site>-<collector>` unless set."""
    topics: tuple[str, ...] = ()
    """Templates with one `{device}` level, e.g. `city/{device}/up`."""
    qos: int = 1
    in_flight: int = 20
    keepalive_seconds: float = 30.0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    """Resolved from the environment or a file; never written in the site file itself, never printed."""

    @property
    def alone(self) -> tuple[str, int, str]:
        """The session: a broker knows it by the client id."""
        return (self.host, self.port, self.client_id)


class WrittenMqtt(Written):
    """An MQTT broker."""

    kind: Annotated[Literal["mqtt"], Field(examples=["mqtt"])]
    host: Annotated[Text, Field(examples=["192.168.10.5"])]
    port: Port = 1883
    client_id: str = ""
    topics: Annotated[list[Text], Field(min_length=1, examples=[["lifeline/{device}/up"]])]
    qos: Literal[0, 1] = 1
    in_flight: Annotated[int, Field(ge=1, le=65_535)] = 20
    keepalive_seconds: Annotated[float, Field(ge=5, le=65_535)] = 30.0
    username: Text | None = None
    password_env: Text | None = None
    password_file: Text | None = None


def _read(document: Document, name: str, mqtt: WrittenMqtt, around: Surroundings) -> MqttSettings:
    check_host(document, name, mqtt.host)
    _check_topics(document, name, mqtt)
    return MqttSettings(
        id=name,
        host=mqtt.host,
        port=mqtt.port,
        client_id=_client_id(document, name, mqtt, around.site),
        topics=tuple(mqtt.topics),
        qos=mqtt.qos,
        in_flight=mqtt.in_flight,
        keepalive_seconds=mqtt.keepalive_seconds,
        username=mqtt.username,
        password=_password(document, name, mqtt, around.secrets),
    )


def _check_topics(document: Document, name: str, mqtt: WrittenMqtt) -> None:
    for number, topic in enumerate(mqtt.topics):
        levels, at = topic.split("/"), ("collectors", name, "topics", number)
        if levels.count(_DEVICE) != 1 or topic.count("{") != 1 or topic.count("}") != 1:
            message = f"collectors.{name}.topics.{number} must hold exactly one level {_DEVICE}, got {topic!r:.80}"
            document.fault(at, message, "e.g. city/{device}/up")
        if "+" in topic or "#" in topic:
            document.fault(at, f"collectors.{name}.topics.{number} must not hold + or #, got {topic!r:.80}")
        if topic in mqtt.topics[:number]:
            document.fault(at, f"collectors.{name}.topics holds {topic!r:.80} twice")
    if mqtt.qos == 0:
        message = f"collectors.{name}.qos 0 is outside the promise that no reading is lost"
        document.warn(("collectors", name, "qos"), message, "use 1")


def _client_id(document: Document, name: str, mqtt: WrittenMqtt, site: str) -> str:
    client_id = mqtt.client_id or f"lifeline-{site}-{name}"
    size = len(client_id.encode())
    if size > _CLIENT_ID_BYTES:
        at = ("collectors", name, "client_id")
        message = f"collectors.{name}.client_id is too long: {size} bytes, at most {_CLIENT_ID_BYTES}"
        hint = "" if mqtt.client_id else f"it is {client_id!r} unless set; set a shorter one"
        document.fault(at, message, hint)
    return client_id


def _password(document: Document, name: str, mqtt: WrittenMqtt, source: Source) -> str | None:
    at = ("collectors", name)
    if (mqtt.password_env or mqtt.password_file) and mqtt.username is None:
        document.fault(at, f"collectors.{name} has a password but no username", at_key=True)
    return read_secret(document, at, Named("password", mqtt.password_env, mqtt.password_file), source)


MQTT = Kind(
    WrittenMqtt,
    _read,
    frozenset({"json"}),
    twice=("has the client id of", "a broker drops the older of the two"),
)
