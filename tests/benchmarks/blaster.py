"""A broker that only blasts: speaks enough MQTT 3.1.1 to hand one client QoS 1 messages inside a window.

A stand-in for a broker in speed tests alone: a real one would cost more CPU than the gateway and hide its figure.
Prints one JSON line {"port": N} when it listens, blasts once a line came on stdin, and prints one line
{"acked": N, "seconds": S} after the last PUBACK.
"""

from __future__ import annotations

import argparse
import json
import socket
import struct
import sys
import threading
import time

CONNECT, PUBACK, SUBSCRIBE, PINGREQ, DISCONNECT = 1, 4, 8, 12, 14


def main() -> None:
    """Serve one client, then exit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--values", type=int, default=1, help="readings a message")
    parser.add_argument("--devices", type=int, default=100)
    parser.add_argument("--window", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=0, help="messages a second; 0 = as fast as they are taken")
    options = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(json.dumps({"port": server.getsockname()[1]}), flush=True)
        connection, _ = server.accept()
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            blaster = Blaster(connection, options)
            seconds = blaster.run()
            print(json.dumps({"acked": blaster.acked, "seconds": seconds}), flush=True)


def payload(number: int, values: int, start_ms: int, devices: int) -> bytes:
    """Build one message of the bench profile: its own time and `values` numbers that stay below every limit."""
    time_ms = start_ms + number // devices
    fields = ",".join(f'"v{i}":{20 + (number * 7 + i) % 1000 / 100}' for i in range(values))
    return f'{{"ts":{time_ms},{fields}}}'.encode()


def publish(topic: bytes, mid: int, body: bytes) -> bytes:
    """Build a QoS 1 PUBLISH (MQTT 3.1.1, 3.3)."""
    rest = struct.pack("!H", len(topic)) + topic + struct.pack("!H", mid) + body
    length, head = len(rest), bytearray([0x32])
    while True:
        length, digit = divmod(length, 128)
        head.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(head) + rest


def packets(buffer: bytearray) -> list[tuple[int, bytes]]:
    """Take whole packets off the buffer: (type, body)."""
    found: list[tuple[int, bytes]] = []
    while len(buffer) >= 2:
        length, shift, index = 0, 0, 1
        while True:
            if index >= len(buffer):
                return found
            length |= (buffer[index] & 0x7F) << shift
            shift += 7
            index += 1
            if not buffer[index - 1] & 0x80:
                break
        if len(buffer) < index + length:
            return found
        found.append((buffer[0] >> 4, bytes(buffer[index : index + length])))
        del buffer[: index + length]
    return found


class Blaster:
    """One client's session: sent, acknowledged, and the bytes not yet parsed."""

    def __init__(self, connection: socket.socket, options: argparse.Namespace) -> None:
        self.connection = connection
        self.options = options
        self.buffer = bytearray()
        self.sent = self.acked = 0
        self.is_subscribed = False
        self.started_at = 0.0
        self.told = threading.Event()
        threading.Thread(target=self._wait_for_a_word, daemon=True).start()
        self.start_ms = time.time_ns() // 1_000_000 - options.messages // options.devices

    def _wait_for_a_word(self) -> None:
        sys.stdin.readline()
        self.told.set()

    def run(self) -> float:
        """Keep the window full until every message is acknowledged; return the seconds it took."""
        while self.acked < self.options.messages:
            self.receive()
            if self.is_subscribed and self.told.is_set():
                self.started_at = self.started_at or time.monotonic()
                self.fill_window()
        return time.monotonic() - self.started_at

    def receive(self) -> None:
        """Wait for bytes (with a rate: briefly) and answer them."""
        self.connection.settimeout(0.001 if self.options.rate or not self.started_at else None)
        try:
            data = self.connection.recv(1 << 16)
        except TimeoutError:
            return
        if not data:
            sys.exit("the client went away")
        self.buffer += data
        for kind, body in packets(self.buffer):
            if kind == CONNECT:
                self.connection.sendall(b"\x20\x02\x00\x00")
            elif kind == SUBSCRIBE:
                self.connection.sendall(b"\x90\x03" + body[:2] + b"\x01")
                self.is_subscribed = True
            elif kind == PUBACK:
                self.acked += 1
            elif kind == PINGREQ:
                self.connection.sendall(b"\xd0\x00")

    def fill_window(self) -> None:
        """Send what the window and the rate allow, in one piece."""
        options = self.options
        due = options.messages
        if options.rate:
            due = min(due, int((time.monotonic() - self.started_at) * options.rate))
        count = max(0, min(due - self.sent, options.window - (self.sent - self.acked)))
        chunk = bytearray()
        for number in range(self.sent, self.sent + count):
            topic = f"bench/node-{number % options.devices:04d}/up".encode()
            chunk += publish(topic, number % 65535 + 1, payload(number, options.values, self.start_ms, options.devices))
        self.connection.settimeout(None)
        self.connection.sendall(chunk)
        self.sent += count


if __name__ == "__main__":
    main()
