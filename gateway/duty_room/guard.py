"""What every request must pass and every answer carries, for a page that has no log-in and listens on loopback.

A browser can be made to send requests here by any site it visits: a foreign Host is DNS rebinding, a foreign Origin
is cross-site forgery, and a POST that is not JSON can be sent without asking first (Fetch, CORS-safelisted).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
MAX_BODY_BYTES = 16_384
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_ENCODED_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


class Guard:
    """Lets through what comes from this site's own page or from a program on this box."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str] = LOOPBACK_HOSTS) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path = str(scope["path"])
        refusal = self._refusal(str(scope["method"]), headers)
        if refusal is not None:
            await _answer(refusal[0], refusal[1], _with_headers(send, path))
            return
        await self._app(scope, receive, _with_headers(send, path))

    def _refusal(self, method: str, headers: Mapping[str, str]) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if _name_of(host) not in self._hosts:
            return 421, f"this site answers to {', '.join(sorted(self._hosts))}, not to {host or 'an empty host'}"
        return None if method in _SAFE_METHODS else _forgery(headers) or _bad_body(headers)


def _forgery(headers: Mapping[str, str]) -> tuple[int, str] | None:
    origin = headers.get("origin")
    if (origin is not None and urlsplit(origin).netloc != headers["host"]) or (
        headers.get("sec-fetch-site") == "cross-site"
    ):
        return 403, "a step can only be made from this site's own page"
    return None


def _bad_body(headers: Mapping[str, str]) -> tuple[int, str] | None:
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return 415, "send application/json"
    length = headers.get("content-length", "")
    if not length.isdecimal():
        return 411, "say content-length"
    if int(length) > MAX_BODY_BYTES:
        return 413, f"at most {MAX_BODY_BYTES} bytes"
    return None


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _with_headers(send: Send, path: str) -> Send:
    # An upgraded gateway must never meet the scripts of the one before.
    keep = b"no-store" if path.startswith("/api/") else b"no-cache"

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *_ENCODED_HEADERS, (b"cache-control", keep)]
        await send(message)

    return send_with_headers


async def _answer(status: int, detail: str, send: Send) -> None:
    body = json.dumps({"detail": detail}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
