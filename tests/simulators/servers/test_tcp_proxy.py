"""A bad line before a server that sends back what it gets."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from simulators.servers.tcp_proxy import TcpProxy


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while piece := self.request.recv(1_024):
            self.request.sendall(piece)


@pytest.fixture
def proxy() -> Iterator[TcpProxy]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with TcpProxy(server.server_address[1]) as proxy:
            yield proxy
        server.shutdown()


def connected(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def answer(client: socket.socket, word: bytes) -> bytes:
    client.sendall(word)
    return client.recv(1_024)


def test_a_good_line_passes_everything_on(proxy: TcpProxy) -> None:
    with connected(proxy) as client:
        assert answer(client, b"level") == b"level"

    assert proxy.accepted == 1


def test_a_silent_line_stands_and_carries_nothing_until_it_is_broken(proxy: TcpProxy) -> None:
    with connected(proxy) as client:
        assert answer(client, b"before") == b"before"

        proxy.go_silent()
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            answer(client, b"during")
        with connected(proxy) as another:
            another.settimeout(0.1)
            with pytest.raises(TimeoutError):
                answer(another, b"during")
        proxy.heal()

        client.settimeout(5)
        with pytest.raises(ConnectionResetError):
            client.recv(1_024)
    with connected(proxy) as client:
        assert answer(client, b"after") == b"after"


def test_a_reset_breaks_every_connection_and_says_how_many(proxy: TcpProxy) -> None:
    with connected(proxy) as client:
        assert answer(client, b"level") == b"level"

        assert proxy.reset() == 1

        with pytest.raises(ConnectionResetError):
            client.recv(1_024)


def test_a_closed_port_refuses_until_it_is_opened_again(proxy: TcpProxy) -> None:
    port = proxy.port

    proxy.close_port()

    with pytest.raises(ConnectionRefusedError):
        connected(proxy)
    proxy.start()
    assert proxy.port == port
    with connected(proxy) as client:
        assert answer(client, b"level") == b"level"


def test_a_slow_line_delays_every_piece(proxy: TcpProxy) -> None:
    proxy.delay_seconds = 0.1
    with connected(proxy) as client:
        began = time.monotonic()

        assert answer(client, b"level") == b"level"

        assert time.monotonic() - began >= 0.2
