"""The collector kind `mqtt`: one broker, its topics and the session that it keeps for us."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from gateway.documents import Document
from gateway.profiles import PAYLOAD_PROTOCOLS
from gateway.settings.collectors.contract import Kind, Surroundings, check_host
from gateway.settings.secrets import Named, Source, read_secret
from gateway.settings.written import Port, Seconds, Text, Written

# Brokers must accept 23 bytes (MQTT 3.1.1, 3.1.3.1); those that we know of accept 64.
_CLIENT_ID_BYTES = 64
_DEVICE = "{device}"
_PORT, _TLS_PORT = 1883, 8883
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

MqttVersion: TypeAlias = Literal["3.1.1", "5"]
Envelope: TypeAlias = Literal["none", "chirpstack"]


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The files of an encrypted connection; their content is read when connecting, so that they may be renewed."""

    ca: pathlib.Path | None = None
    """Who may vouch for the broker; None trusts the authorities of this machine."""
    certificate: pathlib.Path | None = None
    """What this box shows of itself."""
    key: pathlib.Path | None = None


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
    version: MqttVersion = "3.1.1"
    tls: TlsFiles | None = None
    share: str = ""
    """Gateways of the same group share the messages; empty takes them all."""
    session_expiry_seconds: float = 604_800.0
    """MQTT 5: how long the broker keeps what it has for us while we are away."""
    envelope: Envelope = "none"
    """What a network server wraps around a device's own payload."""
    sparkplug_group: str = ""
    """The Sparkplug B group to follow; empty when there is none."""

    @property
    def filters(self) -> tuple[str, ...]:
        """The topic filters to subscribe to."""
        filters = [template.replace(_DEVICE, "+") for template in self.topics]
        if self.sparkplug_group:
            filters.append(f"spBv1.0/{self.sparkplug_group}/#")
        return tuple(f"$share/{self.share}/{one}" if self.share else one for one in filters)

    @property
    def alone(self) -> tuple[str, int, str]:
        """The session: a broker knows it by the client id."""
        return (self.host, self.port, self.client_id)


class WrittenTls(Written):
    """The files of an encrypted connection."""

    ca_file: Text | None = None
    certificate_file: Text | None = None
    key_file: Text | None = None


class WrittenMqtt(Written):
    """An MQTT broker."""

    kind: Annotated[Literal["mqtt"], Field(examples=["mqtt"])]
    host: Annotated[Text, Field(examples=["192.168.10.5"])]
    port: Port | None = None
    version: MqttVersion = "3.1.1"
    client_id: str = ""
    topics: Annotated[list[Text], Field(examples=[["lifeline/{device}/up"]])]
    envelope: Envelope = "none"
    sparkplug_group: Annotated[str, Field(pattern=r"^[^/+#]*$")] = ""
    share: Annotated[str, Field(pattern=r"^[^/+#]*$")] = ""
    qos: Literal[0, 1] = 1
    in_flight: Annotated[int, Field(ge=1, le=65_535)] = 20
    keepalive_seconds: Annotated[float, Field(ge=5, le=65_535)] = 30.0
    session_expiry_seconds: Annotated[Seconds, Field(le=0xFFFF_FFFE)] = 604_800.0
    tls: WrittenTls | None = None
    username: Text | None = None
    password_env: Text | None = None
    password_file: Text | None = None


def _read(document: Document, name: str, mqtt: WrittenMqtt, around: Surroundings) -> MqttSettings:
    check_host(document, name, mqtt.host)
    _check_topics(document, name, mqtt)
    return MqttSettings(
        id=name,
        host=mqtt.host,
        port=mqtt.port or (_TLS_PORT if mqtt.tls else _PORT),
        client_id=_client_id(document, name, mqtt, around.site),
        topics=tuple(mqtt.topics),
        qos=mqtt.qos,
        in_flight=mqtt.in_flight,
        keepalive_seconds=mqtt.keepalive_seconds,
        username=mqtt.username,
        password=_password(document, name, mqtt, around.secrets),
        version=mqtt.version,
        tls=_tls(document, name, mqtt, around.secrets),
        share=mqtt.share,
        session_expiry_seconds=mqtt.session_expiry_seconds,
        envelope=mqtt.envelope,
        sparkplug_group=mqtt.sparkplug_group,
    )


def _check_topics(document: Document, name: str, mqtt: WrittenMqtt) -> None:
    if not (mqtt.topics or mqtt.sparkplug_group):
        message = f"collectors.{name} must have 'topics', or a 'sparkplug_group'"
        document.fault(("collectors", name), message, "e.g. topics: [lifeline/{device}/up]", at_key=True)
    if mqtt.share and mqtt.sparkplug_group:
        # A birth that another gateway received would leave its aliases unknown here.
        message = f"collectors.{name}: Sparkplug cannot be shared, every gateway needs every birth"
        document.fault(("collectors", name, "share"), message)
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


def _tls(document: Document, name: str, mqtt: WrittenMqtt, source: Source) -> TlsFiles | None:
    """Return the files beside the site file; without an environment (`check`) nobody looks whether they are there."""
    at = ("collectors", name, "tls")
    if mqtt.tls is None:
        if mqtt.username is not None and mqtt.host not in _LOOPBACK:
            message = f"collectors.{name} sends its password unencrypted"
            document.warn(("collectors", name, "username"), message, "tls: {ca_file: ca.crt}")
        return None
    if (mqtt.tls.certificate_file is None) != (mqtt.tls.key_file is None):
        document.fault(at, f"collectors.{name}.tls must have certificate_file and key_file, or neither", at_key=True)
    found: dict[str, pathlib.Path | None] = {}
    for key, file in mqtt.tls.model_dump().items():
        path = source.folder / file if file else None
        found[key.removesuffix("_file")] = path
        if path is not None and source.environment is not None and not path.is_file():
            document.fault((*at, key), f"collectors.{name}.tls.{key} cannot be read: there is no file {file!r:.80}")
    return TlsFiles(**found)


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
    PAYLOAD_PROTOCOLS | {"sparkplug"},
    twice=("has the client id of", "a broker drops the older of the two"),
)
