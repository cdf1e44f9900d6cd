"""What a broker will do for a session, tried out: how many messages it sends unacknowledged, how many it keeps for us.

Under client ids and a topic of its own (`lifeline-doctor/…`), so that the running gateway's session is left alone; the
session is removed again. Both figures are lower bounds: nothing beyond `most` is tried.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.collectors.mqtt_connection import MqttConnection, MqttMessage
from gateway.errors import Unreachable
from gateway.settings import MqttSettings

_QUIET_SECONDS = 0.7
_LONGEST_SECONDS = 15.0
_TOGETHER = 20
_CLIENT_ID_BYTES = 64


@dataclass(frozen=True, slots=True)
class BrokerLimits:
    """What was found; None where it could not be found out."""

    in_flight: int | None
    """The messages that it sent before the first was acknowledged, `tried_in_flight` at most."""
    kept: int | None
    """The messages that it kept while we were away, `tried_kept` at most."""
    tried_in_flight: int
    tried_kept: int
    certificate_ends: str = ""
    """When the broker's certificate ends, as OpenSSL writes it; empty without TLS."""


async def find_limits(settings: MqttSettings, *, in_flight: int, kept: int) -> BrokerLimits:
    """Try a broker out with so many messages; Unreachable when it does not let us in."""
    name = f"{settings.client_id[: _CLIENT_ID_BYTES - 24]}-doctor-{os.getpid()}"
    topic = f"lifeline-doctor/{name}"
    # Our own receive maximum must not stand in for the broker's limit.
    asking = replace(settings, client_id=name, in_flight=65_535, share="", session_expiry_seconds=300.0)
    sending = replace(asking, client_id=f"{name}-s")
    try:
        heard, ends = await _away_and_back(asking, sending, topic, max(in_flight, kept))
    finally:
        with contextlib.suppress(Unreachable):
            async with MqttConnection(asking, _ignore, keeps_session=False):
                pass
    first_window, all_of_it = heard
    return BrokerLimits(min(first_window, in_flight) or None, min(all_of_it, kept) or None, in_flight, kept, ends)


async def _away_and_back(
    asking: MqttSettings, sending: MqttSettings, topic: str, messages: int
) -> tuple[tuple[int, int], str]:
    """Leave a session, have it sent to, come back; return what came before and after the first acknowledgement."""
    async with MqttConnection(asking, _ignore) as connection:
        ends = connection.certificate_ends
        await connection.subscribe([topic], 1)
    async with MqttConnection(sending, _ignore, keeps_session=False) as connection:
        for begun in range(0, messages, _TOGETHER):
            some = range(begun, min(begun + _TOGETHER, messages))
            await asyncio.gather(*(connection.deliver(topic, b"%d" % number) for number in some))
    arrived = _Arrivals()
    async with MqttConnection(asking, arrived) as connection:
        await arrived.until_quiet()
        first = len(arrived.numbers)
        async with asyncio.timeout(_LONGEST_SECONDS):
            while fresh := arrived.take():
                connection.acknowledge(fresh)
                await arrived.until_quiet(unless=messages)
    return (first, len(arrived.numbers)), ends


class _Arrivals:
    def __init__(self) -> None:
        self.numbers: set[bytes] = set()
        self._fresh: list[MqttMessage] = []
        self._came = asyncio.Event()

    def __call__(self, message: MqttMessage) -> None:
        self.numbers.add(message.payload)
        self._fresh.append(message)
        self._came.set()

    def take(self) -> Sequence[MqttMessage]:
        """Return what arrived since the last time."""
        fresh, self._fresh = self._fresh, []
        return fresh

    async def until_quiet(self, unless: int | None = None) -> None:
        """Wait until nothing has come for a moment, or all has."""
        while unless is None or len(self.numbers) < unless:
            self._came.clear()
            try:
                async with asyncio.timeout(_QUIET_SECONDS):
                    await self._came.wait()
            except TimeoutError:
                return


def _ignore(_message: MqttMessage) -> None:
    """Take what is of no interest."""
