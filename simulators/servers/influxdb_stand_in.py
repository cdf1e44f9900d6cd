"""A strict stand-in for InfluxDB's v2 API, for the answers that no other server at hand gives.

204 written · 400 a line is malformed, nothing is written · 401 token · 404 bucket or organisation · 413 too large ·
422 partial write: a field has another type than before, or a line is older than the bucket keeps.
What is planned (429, 503, silence, a reset) is answered first, one request each. Questions in Flux are answered with
annotated CSV from what was written, the two that the gateway asks (`flux_reader.py`); 400 for any other text.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from simulators.servers import flux_reader
from simulators.servers.child import HOST
from simulators.servers.line_reader import Line, read_line

_CODES = {
    HTTPStatus.BAD_REQUEST: "invalid",
    HTTPStatus.UNAUTHORIZED: "unauthorized",
    HTTPStatus.NOT_FOUND: "not found",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "request too large",
    HTTPStatus.UNPROCESSABLE_ENTITY: "unprocessable entity",
    HTTPStatus.TOO_MANY_REQUESTS: "too many requests",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}


@dataclass(frozen=True, slots=True)
class Planned:
    """An answer to one request, whatever it holds."""

    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    """Sent instead of the API's JSON, as a proxy would."""
    is_reset: bool = False
    """Break the connection instead of answering."""
    is_silent: bool = False
    """Keep the request until `release`, and never answer it."""


class InfluxdbStandIn:
    """One bucket of one organisation on an ephemeral port."""

    def __init__(self, *, org: str = "city", bucket: str = "lifeline", max_bytes: int = 10_000_000) -> None:
        self.org, self.bucket = org, bucket
        self.token = f"may-write-to-{bucket}"
        self.max_bytes = max_bytes
        self.oldest_ns = -(2**63)
        """Lines before this time are dropped, as by a bucket's retention."""
        self.points: dict[tuple[str, tuple[tuple[str, str], ...], int], dict[str, float | int | bool]] = {}
        self.questions: list[str] = []
        """The Flux texts that were asked."""
        self.requests: list[tuple[int, int]] = []
        """(status, lines) of every request, 0 for one that was not answered."""
        self.plan: deque[Planned] = deque()
        self.port = 0
        self._types: dict[tuple[str, str], type] = {}
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Listen; the port stays the same after the first time."""
        self._released.clear()
        self._server = _Server((HOST, self.port), _handler_of(self))
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="influxdb", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port; what was written stays."""
        self.release()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.drop_connections()
            self._server.server_close()
        self._server = self._thread = None

    def release(self) -> None:
        """Let requests go that are held back."""
        self._released.set()

    def answer(self, path: str, authorization: str, body: bytes) -> tuple[Planned, str]:
        """Return the answer to a request and its message."""
        with self._lock:
            planned, message = self.plan.popleft() if self.plan else None, "planned"
            if planned is None:
                status, message = self._write(path, authorization, body)
                planned = Planned(status)
            is_answered = not (planned.is_reset or planned.is_silent)
            self.requests.append((planned.status if is_answered else 0, body.count(b"\n") + 1))
        if planned.is_silent:
            self._released.wait()
        return planned, message

    def ask(self, path: str, authorization: str, body: bytes) -> tuple[int, str]:
        """Return status and annotated CSV (or a message) for a question."""
        query = parse_qs(urlsplit(path).query)
        if authorization != f"Token {self.token}":
            return HTTPStatus.UNAUTHORIZED, "unauthorized access"
        if query.get("org") != [self.org]:
            return HTTPStatus.NOT_FOUND, "organization not found"
        text = str(json.loads(body)["query"])
        with self._lock:
            self.questions.append(text)
            try:
                return HTTPStatus.OK, flux_reader.answer(text, self.bucket, self.points)
            except LookupError as error:
                return HTTPStatus.NOT_FOUND, str(error)
            except ValueError as error:
                return HTTPStatus.BAD_REQUEST, str(error)

    def _write(self, path: str, authorization: str, body: bytes) -> tuple[int, str]:
        refused = self._refusal(path, authorization, body)
        if refused is not None:
            return refused
        try:
            lines = [_read(text) for text in body.decode().split("\n")]
        except ValueError as error:
            return HTTPStatus.BAD_REQUEST, str(error)
        dropped = [line for line in lines if not self._takes(line)]
        if dropped:
            reason = "partial write: field type conflict or points beyond retention policy"
            return HTTPStatus.UNPROCESSABLE_ENTITY, f"failure writing points: {reason} dropped={len(dropped)}"
        return HTTPStatus.NO_CONTENT, ""

    def _refusal(self, path: str, authorization: str, body: bytes) -> tuple[int, str] | None:
        asked = urlsplit(path)
        query = parse_qs(asked.query)
        if asked.path != "/api/v2/write":
            return HTTPStatus.NOT_FOUND, "path not found"
        if authorization != f"Token {self.token}":
            return HTTPStatus.UNAUTHORIZED, "unauthorized access"
        if query.get("org") != [self.org] or query.get("bucket") != [self.bucket]:
            return HTTPStatus.NOT_FOUND, f'bucket "{query.get("bucket", [""])[0]}" not found'
        if query.get("precision", ["ns"]) != ["ns"]:
            return HTTPStatus.BAD_REQUEST, "this stand-in takes nanoseconds only"
        if len(body) > self.max_bytes:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"unable to read data: points batch is larger: {len(body)}"
        return None

    def _takes(self, line: Line) -> bool:
        types = {(line.measurement, name): type(value) for name, value in line.fields.items()}
        if line.time_ns < self.oldest_ns:
            return False
        if any(self._types.get(place, kind) is not kind for place, kind in types.items()):
            return False
        self._types |= types
        self.points.setdefault(line.key, {}).update(line.fields)
        return True

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._open: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def close_request(self, request: object) -> None:
        self._open.discard(request)
        super().close_request(request)  # type: ignore[arg-type]

    def drop_connections(self) -> None:
        """Close what clients keep open: a server that is gone answers nobody."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _read(text: str) -> Line:
    try:
        return read_line(text)
    except ValueError as error:
        raise ValueError(f"unable to parse '{text}': {error}") from error


def _handler_of(stand_in: InfluxdbStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            if urlsplit(self.path).path == "/api/v2/query":
                self._answer_question(body)
                return
            planned, message = stand_in.answer(self.path, self.headers["Authorization"] or "", body)
            if planned.is_silent or planned.is_reset:
                self._break()
                return
            code = _CODES.get(HTTPStatus(planned.status), "internal error")
            content = (planned.body or json.dumps({"code": code, "message": message})).encode()
            self.send_response(planned.status)
            for name, value in planned.headers.items():
                self.send_header(name, value)
            if planned.status != HTTPStatus.NO_CONTENT:
                kind = "text/html" if planned.body else "application/json"
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if planned.status != HTTPStatus.NO_CONTENT:
                self.wfile.write(content)

        def _answer_question(self, body: bytes) -> None:
            status, text = stand_in.ask(self.path, self.headers["Authorization"] or "", body)
            is_found = status == HTTPStatus.OK
            code = _CODES.get(HTTPStatus(status), "internal error")
            content = text.encode() if is_found else json.dumps({"code": code, "message": text}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/csv; charset=utf-8" if is_found else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _break(self) -> None:
            # Closing with lingering off sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
