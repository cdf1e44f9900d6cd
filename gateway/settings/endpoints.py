"""The part `collectors` of a site file: where readings come from. Passwords come from outside the file."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.documents import Document, Value, did_you_mean
from gateway.settings.secrets import Named, Source, read_secret
from gateway.settings.site import CollectorSettings, ModbusTcpSettings, MqttSettings
from gateway.settings.written import WrittenModbusTcp, WrittenMqtt, check_id

# Brokers must accept 23 bytes (MQTT 3.1.1, 3.1.3.1); those that we know of accept 64.
_CLIENT_ID_BYTES = 64
_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]+")
_DEVICE = "{device}"
_KINDS = ("mqtt", "modbus_tcp")


def read_collectors(
    document: Document, written: Value, site: str, source: Source
) -> dict[str, CollectorSettings | None]:
    """Return the collectors by name, None for one that is wrong."""
    collectors: dict[str, CollectorSettings | None] = {}
    for name, value in document.mapping(("collectors",), written).items():
        at = ("collectors", name)
        check_id(document, at, name)
        kind = document.mapping(at, value).get("kind")
        if kind not in _KINDS:
            got = f"got {kind!r:.60}" if kind is not None else "but is missing"
            message = f"collectors.{name}.kind must be one of {', '.join(_KINDS)}, {got}"
            document.fault((*at, "kind"), message, did_you_mean(str(kind), _KINDS))
            collectors[name] = None
        elif kind == "modbus_tcp":
            collectors[name] = _modbus_tcp(document, name, document.check(at, value, WrittenModbusTcp))
        elif mqtt := document.check(at, value, WrittenMqtt):
            password = _password(document, name, mqtt, source)
            collectors[name] = _mqtt(document, name, mqtt, site, password)
        else:
            collectors[name] = None
    _check_shared(document, collectors)
    return collectors


def _modbus_tcp(document: Document, name: str, modbus: WrittenModbusTcp | None) -> ModbusTcpSettings | None:
    if modbus is None:
        return None
    _check_host(document, name, modbus.host)
    return ModbusTcpSettings(name, modbus.host, modbus.port, modbus.poll_seconds, modbus.timeout_seconds)


def _mqtt(document: Document, name: str, mqtt: WrittenMqtt, site: str, password: str | None) -> MqttSettings:
    _check_host(document, name, mqtt.host)
    _check_topics(document, name, mqtt)
    return MqttSettings(
        id=name,
        host=mqtt.host,
        port=mqtt.port,
        client_id=_client_id(document, name, mqtt, site),
        topics=tuple(mqtt.topics),
        qos=mqtt.qos,
        in_flight=mqtt.in_flight,
        keepalive_seconds=mqtt.keepalive_seconds,
        username=mqtt.username,
        password=password,
    )


def _check_host(document: Document, name: str, host: str) -> None:
    if not _HOST.fullmatch(host):
        # The value is not repeated: people write user:password@host here.
        hint = "a name or an address alone, without scheme, user, port or path"
        document.fault(("collectors", name, "host"), f"collectors.{name}.host is no host name", hint)


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


def _check_shared(document: Document, collectors: Mapping[str, CollectorSettings | None]) -> None:
    endpoints: dict[tuple[str, int], str] = {}
    sessions: dict[tuple[str, int, str], str] = {}
    for name, settings in collectors.items():
        if document.is_faulty(("collectors", name)):
            continue
        if isinstance(settings, ModbusTcpSettings):
            first = endpoints.setdefault((settings.host, settings.port), name)
            if first != name:
                message = f"collectors.{name} is the same endpoint as collectors.{first}"
                document.fault(("collectors", name), message, "put the devices of both on one collector", at_key=True)
        elif isinstance(settings, MqttSettings):
            first = sessions.setdefault((settings.host, settings.port, settings.client_id), name)
            if first != name:
                message = f"collectors.{name} has the client id of collectors.{first}"
                document.fault(("collectors", name), message, "a broker drops the older of the two", at_key=True)
