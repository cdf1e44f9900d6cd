"""The MQTT client as this gateway wants it: which version, which session, which certificates. Connects nothing."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import aiomqtt
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, MQTTMessage
from paho.mqtt.client import Client as Paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.settings import MqttSettings
from gateway.settings.collectors.mqtt import TlsFiles

CONNECT_SECONDS = 5.0
"""How long a broker may take to answer."""

# paho logs each failed read as an error; the collector says once that the broker is away.
_paho_log = logging.getLogger(f"{__name__}.paho")
_paho_log.setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Offered:
    """What an MQTT 5 broker says of itself; None where it says nothing."""

    receive_maximum: int | None = None
    """How many of our messages it takes unacknowledged."""
    shares: bool | None = None
    session_expiry_seconds: int | None = None
    keepalive_seconds: int | None = None


def make_client(
    settings: MqttSettings, *, keeps_session: bool, on_message: Callable[[Paho, Any, MQTTMessage], None]
) -> aiomqtt.Client:
    """Return a client that acknowledges by hand and hands its messages over, before anything is connected."""
    is_5 = settings.version == "5"
    client = aiomqtt.Client(
        settings.host,
        settings.port,
        username=settings.username,
        password=settings.password,
        identifier=settings.client_id,
        protocol=aiomqtt.ProtocolVersion.V5 if is_5 else aiomqtt.ProtocolVersion.V311,
        clean_session=None if is_5 else not keeps_session,
        # paho wants its own default where there is no MQTT 5.
        clean_start=not keeps_session if is_5 else MQTT_CLEAN_START_FIRST_ONLY,
        properties=_connect_properties(settings, keeps_session=keeps_session) if is_5 else None,
        keepalive=max(1, round(settings.keepalive_seconds)),
        timeout=CONNECT_SECONDS,
        logger=_paho_log,
    )
    paho = client._client  # noqa: SLF001
    paho.disable_logger()
    paho.connect_timeout = CONNECT_SECONDS
    paho.manual_ack_set(True)  # noqa: FBT003 - paho's signature
    paho.on_message = on_message
    return client


def tls_context(files: TlsFiles) -> ssl.SSLContext:
    """Return what an encrypted connection needs; OSError names a file that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=str(files.ca) if files.ca else None)
        if files.certificate and files.key:
            context.load_cert_chain(str(files.certificate), str(files.key))
    except ssl.SSLError as error:
        where = ", ".join(str(file) for file in (files.ca, files.certificate, files.key) if file)
        raise OSError(f"the certificates do not fit: {error.reason or error} ({where})") from None
    except FileNotFoundError as error:
        raise OSError(f"a certificate is missing: {error.filename or files}") from None
    return context


def _connect_properties(settings: MqttSettings, *, keeps_session: bool) -> Properties:
    # MQTT 5, 3.1.2.11: the broker holds back beyond the receive maximum, and keeps the session so long.
    properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho has no types here
    properties.ReceiveMaximum = settings.in_flight
    properties.SessionExpiryInterval = round(settings.session_expiry_seconds) if keeps_session else 0
    return cast("Properties", properties)


def offered_by(properties: Any) -> Offered:
    """Return what a CONNACK says (MQTT 5, 3.2.2.3); before MQTT 5 it says nothing."""
    if properties is None:
        return Offered()

    def said(name: str) -> Any:
        return getattr(properties, name, None)

    shares = said("SharedSubscriptionAvailable")
    return Offered(
        receive_maximum=said("ReceiveMaximum"),
        shares=None if shares is None else bool(shares),
        session_expiry_seconds=said("SessionExpiryInterval"),
        keepalive_seconds=said("ServerKeepAlive"),
    )
