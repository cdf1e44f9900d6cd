"""A numbered stream at QoS 1 that knows which messages the broker has acknowledged; it stands by a broker that dies."""

from __future__ import annotations

import queue
import threading
import time

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

MOST_WAITING = 1_000
_ANSWER_SECONDS = 120.0

Points = dict[tuple[str, int], float]
"""(channel, time in ms) → value."""


def value_of(device: int, number: int) -> float:
    """Return what message `number` of a device says: quiet, with excursions over the limits now and then."""
    place = number % 600
    if 150 <= place < 300:
        return 30.0 if (number // 600) % 2 == 0 else 60.0
    return (device * 131 + number * 7) % 1_000 / 100


class Publisher:
    """One client; devices `gas-N` report in rounds, one message each."""

    def __init__(
        self,
        port: int,
        *,
        devices: int,
        first: int = 0,
        rounds_per_second: float = 20.0,
        period_ms: int = 0,
        start_ms: int = 0,
        name: str = "publisher",
    ) -> None:
        self.acked: Points = {}
        self.published: Points = {}
        self._devices = range(first, first + devices)
        self._pause = 1.0 / rounds_per_second
        # Source times go in steps of their own: an hour may be told in a minute.
        self._period_ms = period_ms or round(1_000 * self._pause)
        self._start_ms = start_ms or time.time_ns() // 1_000_000
        self._number = 0
        self._waiting: dict[int, tuple[tuple[str, int], float]] = {}
        # paho holds a lock of its own while it calls back: only note the number there.
        self._answered: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
        self._client.max_inflight_messages_set(200)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_publish = lambda _client, _userdata, mid, _reason, _properties: self._answered.put(mid)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def start(self) -> None:
        """Publish until `pause`, in a thread."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    def rounds(self, count: int) -> None:
        """Publish so many rounds as fast as the broker takes them."""
        for _ in range(count):
            self._round()

    def pause(self) -> None:
        """Stop publishing and wait until the broker has acknowledged everything."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        while self._waiting:
            self._note_answer()

    def close(self) -> None:
        """Leave."""
        self._stop.set()
        self._client.disconnect()
        self._client.loop_stop()

    def garbage(self, device: int, payload: bytes) -> None:
        """Publish something that nobody understands."""
        self._client.publish(f"city/gas-{device}/up", payload, qos=1)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            due += self._pause
            self._round()

    def _round(self) -> None:
        time_ms = self._start_ms + self._number * self._period_ms
        for device in self._devices:
            value = value_of(device, self._number)
            sent = self._client.publish(f"city/gas-{device}/up", f'{{"ts": {time_ms}, "data": {{"ch4": {value}}}}}', 1)
            key = f"MH-{device}.gas-{device}.ch4", time_ms
            self.published[key] = value
            self._waiting[sent.mid] = key, value
        while len(self._waiting) >= MOST_WAITING or not self._answered.empty():
            self._note_answer()
        self._number += 1

    def _note_answer(self) -> None:
        # An acknowledgement of garbage waits for nothing.
        noted = self._waiting.pop(self._answered.get(timeout=_ANSWER_SECONDS), None)
        if noted is not None:
            self.acked[noted[0]] = noted[1]
