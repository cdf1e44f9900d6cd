"""One connection to an MQTT broker: knows aiomqtt, with `mqtt_client` alone, and what it must reach for inside it.

Rule 1: manual acknowledgement and the message callback are in force before connecting. A persistent session delivers
its backlog right behind the CONNACK; set later, the client acknowledges some of it unread (measured: 3 of 67,992 lost).
Rule 2: a message is acknowledged on the connection that delivered it, or not at all: a packet identifier means
something else on the next one. Rule 3: a connection is used once; for the next attempt make another.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

import aiomqtt
from paho.mqtt.client import Client as Paho
from paho.mqtt.client import MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from gateway.collectors.cancellation import stop_if_cancelled
from gateway.collectors.mqtt_client import Offered, make_client, offered_by, tls_context
from gateway.errors import Unreachable
from gateway.settings import MqttSettings

_DISCONNECT_SECONDS = 1.0
_KEEPALIVE_CHECK_SECONDS = 1.0
_PACKETS_A_TURN = 32
_PROBE_SECONDS = 3.0
_NO_SHARES = "the broker grants shared subscriptions and never delivers them; take `share` out, or use another broker"
# MQTT 3.1.1, 3.4: fixed header, remaining length 2, then the packet identifier.
_PUBACK = b"\x40\x02"


class MqttMessage(NamedTuple):
    """One PUBLISH as it arrived; `arrival` counts those of its connection."""

    topic: bytes
    payload: bytes
    mid: int
    qos: int
    is_redelivery: bool
    is_retained: bool
    arrival: int


class MqttConnection:
    """A session's connection: enter it to connect, leave it to disconnect.

    The session is persistent unless `keeps_session` says otherwise.
    """

    # SLF001 below: aiomqtt has no public manual acknowledgement (aiomqtt issue 345) and no way to stop reading.

    def __init__(
        self, settings: MqttSettings, receive: Callable[[MqttMessage], None], *, keeps_session: bool = True
    ) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._settings = settings
        self._client = make_client(settings, keeps_session=keeps_session, on_message=self._on_message)
        paho = self._paho = self._client._client  # noqa: SLF001
        paho.on_connect = self._on_connect
        # aiomqtt's own socket callbacks act later, by file number, when that number may be another socket's.
        paho.on_socket_open = self._on_socket_open
        paho.on_socket_close = self._on_socket_close
        paho.on_socket_register_write = self._on_socket_register_write
        paho.on_socket_unregister_write = self._on_socket_unregister_write
        paho.on_disconnect = self._on_disconnect
        self._arrivals = 0
        self._unacknowledged: dict[int, int] = {}
        self._is_paused = False
        self._is_abandoned = False
        self._keeping_alive: asyncio.Task[None] | None = None
        self._probe: tuple[bytes, asyncio.Event] | None = None
        self.offered = Offered()
        """What the broker said of itself when it let us in."""

    async def __aenter__(self) -> Self:
        try:
            if self._settings.tls is not None:
                self._paho.tls_set_context(await asyncio.to_thread(tls_context, self._settings.tls))
            await self._client.__aenter__()
            stop_if_cancelled()
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            self._close_socket()
            stop_if_cancelled()
            raise Unreachable(str(error)) from None
        except BaseException:
            self._is_abandoned = True
            self._close_socket()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self._disconnected.done():
                self._client.timeout = _DISCONNECT_SECONDS
                with contextlib.suppress(aiomqtt.MqttError):
                    await self._client.__aexit__(None, None, None)
        finally:
            self._close_socket()

    async def subscribe(self, filters: Iterable[str], qos: int) -> None:
        """Subscribe to topic filters, or raise Unreachable with what the broker refused."""
        # At QoS 2 paho answers PUBREC before anything is on disk: 1 is the highest that keeps the promise.
        wanted = [(topic, min(qos, 1)) for topic in filters]
        subscribing = self._loop.create_task(self._client.subscribe(wanted))
        try:
            await asyncio.wait((subscribing, self._disconnected), return_when=asyncio.FIRST_COMPLETED)
            if not subscribing.done():
                raise Unreachable(await self.lost())
            granted = await subscribing
        except aiomqtt.MqttError as error:
            raise Unreachable(f"subscribing failed: {error}") from None
        finally:
            subscribing.cancel()
        refused = [
            topic
            for (topic, _), code in zip(wanted, list[ReasonCode | int](granted), strict=False)
            if _is_failure(code)
        ]
        if refused:
            raise Unreachable(f"the broker refuses to subscribe us to {', '.join(refused)}; check its access list")

    async def probe_share(self, group: str) -> None:
        """Raise Unreachable when the broker grants shared subscriptions and delivers nothing, as nats-server does."""
        if self.offered.shares is False:
            raise Unreachable(_NO_SHARES)
        topic = f"lifeline-probe/{self._client.identifier}"
        self._probe = topic.encode(), asyncio.Event()
        try:
            await self.subscribe([f"$share/{group}-probe/{topic}"], 0)
            self.publish(topic, b"")
            async with asyncio.timeout(_PROBE_SECONDS):
                await self._probe[1].wait()
        except TimeoutError:
            raise Unreachable(f"{_NO_SHARES} (or forbids {topic})") from None
        finally:
            self._probe = None
            self._paho.unsubscribe(f"$share/{group}-probe/{topic}")

    def publish(self, topic: str, payload: bytes, qos: int = 0) -> None:
        """Send a message of our own; nothing when the connection is gone."""
        if not self._disconnected.done():
            self._paho.publish(topic, payload, qos)

    async def deliver(self, topic: str, payload: bytes) -> None:
        """Send a message at QoS 1 and return when the broker has it; Unreachable when it does not take it."""
        try:
            await self._client.publish(topic, payload, qos=1)
        except aiomqtt.MqttError as error:
            raise Unreachable(f"publishing failed: {error}") from None

    @property
    def certificate_ends(self) -> str:
        """When the broker's certificate ends, as OpenSSL writes it; empty without TLS."""
        wire = self._paho.socket()
        shown = wire.getpeercert() if isinstance(wire, ssl.SSLSocket) else None
        return str(shown.get("notAfter", "")) if shown else ""

    async def lost(self) -> str:
        """Wait until the connection is gone and return why."""
        await asyncio.wait((self._disconnected,))
        error = self._disconnected.exception()
        return str(error) if error else "disconnected"

    def acknowledge(self, messages: Sequence[MqttMessage]) -> None:
        """Send the PUBACKs of messages of this connection, in the order given; nothing when it is gone."""
        unacknowledged = self._unacknowledged
        if self._disconnected.done():
            return
        answers = bytearray()
        for message in messages:
            # A broker may deliver again on the same connection what waits long; only the newest arrival answers, so
            # that the identifier cannot be free, and mean another message, while an older answer is still to come.
            if message.qos and unacknowledged.get(message.mid) == message.arrival:
                del unacknowledged[message.mid]
                if message.qos == 1:
                    answers += _PUBACK + message.mid.to_bytes(2)
                else:
                    self._paho.ack(message.mid, message.qos)
        if answers:
            # One write for all of them; `ack` would make one each.
            self._paho._packet_queue(0x40, bytes(answers), 0, 1)  # noqa: SLF001

    @property
    def unacknowledged(self) -> int:
        """How many messages the broker waits for."""
        return len(self._unacknowledged)

    def pause(self) -> None:
        """Stop reading the socket; the broker feels it by TCP. Longer than the keepalive, the connection ends."""
        wire = self._paho.socket()
        if not self._is_paused and wire is not None:
            self._is_paused = True
            self._loop.remove_reader(wire.fileno())

    def resume(self) -> None:
        """Read the socket again."""
        if self._is_paused:
            self._is_paused = False
            self._start_reading()
            if self._settings.tls is not None:
                self._loop.call_soon(self._read)

    def close(self, reason: str) -> None:
        """Break the connection off without a DISCONNECT, so that the broker delivers again what is not acknowledged."""
        self._fail(aiomqtt.MqttError(reason))

    @property
    def _disconnected(self) -> asyncio.Future[None]:
        return self._client._disconnected  # noqa: SLF001

    def _on_message(self, _client: Paho, _userdata: Any, message: MQTTMessage) -> None:
        if self._probe is not None and message._topic == self._probe[0]:  # noqa: SLF001 - see below
            self._probe[1].set()
            return
        self._arrivals += 1
        if message.qos:
            self._unacknowledged[message.mid] = self._arrivals
        self._receive(
            MqttMessage(
                message._topic,  # noqa: SLF001 - `topic` raises on bytes that are not UTF-8
                bytes(message.payload),
                message.mid,
                message.qos,
                bool(message.dup),
                bool(message.retain),
                self._arrivals,
            )
        )

    def _on_socket_open(self, _client: Paho, _userdata: Any, wire: Any) -> None:
        # paho connects in a thread; by now the attempt may have been cancelled.
        if self._is_abandoned:
            wire.close()
            raise ConnectionAbortedError("the attempt was cancelled")
        self._loop.call_soon_threadsafe(self._open)

    def _open(self) -> None:
        if self._paho.socket() is not None:
            self._start_reading()
            self._keeping_alive = self._loop.create_task(
                self._keep_alive(), name=f"{self._client.identifier} keepalive"
            )

    async def _keep_alive(self) -> None:
        while self._paho.loop_misc() == MQTTErrorCode.MQTT_ERR_SUCCESS:  # noqa: ASYNC110 - paho asks to be polled
            await asyncio.sleep(_KEEPALIVE_CHECK_SECONDS)

    def _start_reading(self) -> None:
        wire = self._paho.socket()
        if wire is not None and not self._is_paused:
            self._loop.add_reader(wire.fileno(), self._read)

    def _on_socket_register_write(self, _client: Paho, _userdata: Any, _wire: Any) -> None:
        if threading.get_ident() == self._thread:
            self._start_writing()
        else:
            self._loop.call_soon_threadsafe(self._start_writing)

    def _start_writing(self) -> None:
        wire = self._paho.socket()
        if wire is not None:
            self._loop.add_writer(wire.fileno(), self._write)

    def _on_socket_unregister_write(self, _client: Paho, _userdata: Any, wire: Any) -> None:
        self._loop.remove_writer(wire.fileno())

    def _on_socket_close(self, _client: Paho, _userdata: Any, wire: Any) -> None:
        self._loop.remove_reader(wire.fileno())
        self._loop.remove_writer(wire.fileno())
        if self._keeping_alive is not None:
            self._keeping_alive.cancel()

    def _write(self) -> None:
        try:
            self._paho.loop_write()
        except Exception as error:  # noqa: BLE001 - see _read
            self._fail(error)

    def _read(self) -> None:
        try:
            for _ in range(_PACKETS_A_TURN):
                before = self._arrivals
                self._paho.loop_read()
                if self._arrivals == before or self._is_paused:
                    break
            # What TLS has decrypted already makes the socket readable no more.
            if self._settings.tls is not None and not self._is_paused and _pending(self._paho.socket()):
                self._loop.call_soon(self._read)
        except Exception as error:  # noqa: BLE001 - whatever a broker sends ends this connection, not the collector
            self._fail(error)

    def _on_connect(self, client: Paho, userdata: Any, flags: Any, code: ReasonCode, properties: Any) -> None:
        self.offered = offered_by(properties)
        self._client._on_connect(client, userdata, flags, code, properties)  # noqa: SLF001

    def _on_disconnect(self, client: Paho, userdata: Any, flags: Any, code: ReasonCode, properties: Any) -> None:
        # aiomqtt ignores an end before the CONNACK and would wait for its timeout.
        connected = self._client._connected  # noqa: SLF001
        if not connected.done():
            connected.set_exception(aiomqtt.MqttError("the broker closed the connection before it answered"))
            return
        self._client._on_disconnect(client, userdata, flags, code, properties)  # noqa: SLF001

    def _fail(self, error: Exception) -> None:
        connected = self._client._connected  # noqa: SLF001
        if not connected.done():
            connected.set_exception(aiomqtt.MqttError(f"{type(error).__name__}: {error}"))
        elif not self._disconnected.done():
            self._disconnected.set_exception(error)
        self._close_socket()

    def _close_socket(self) -> None:
        self._unacknowledged.clear()
        if self._disconnected.done() and not self._disconnected.cancelled():
            self._disconnected.exception()
        # aiomqtt leaves the socket open after a failed attempt or read.
        self._paho._sock_close()  # noqa: SLF001


def _pending(wire: Any) -> int:
    return wire.pending() if isinstance(wire, ssl.SSLSocket) else 0


def _is_failure(code: ReasonCode | int) -> bool:
    return code.is_failure if isinstance(code, ReasonCode) else code == 0x80  # noqa: PLR2004 - MQTT 3.1.1, 3.9.3
