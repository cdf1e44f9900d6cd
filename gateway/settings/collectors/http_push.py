"""The collector kind `http_push`: platforms and devices that push their messages by HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gateway.documents import Document
from gateway.profiles import PAYLOAD_PROTOCOLS
from gateway.settings.collectors.contract import Kind, Surroundings, check_host
from gateway.settings.collectors.listening import Network, check_open, read_networks
from gateway.settings.secrets import Named, read_secret
from gateway.settings.written import Seconds, Text, Written


@dataclass(frozen=True, slots=True)
class HttpPushSettings:
    """One listener for pushes."""

    kind: ClassVar[str] = "http_push"

    id: str
    listen_host: str
    listen_port: int
    allow: tuple[Network, ...] = ()
    """The networks from which pushes may come; empty means any that knows the token, or this machine alone."""
    token: str | None = field(default=None, repr=False)
    needs_token: bool = False
    """Whether the site file names one, even where nobody looked for it."""
    max_body_bytes: int = 1 << 20
    request_seconds: float = 10.0
    max_connections: int = 200

    @property
    def alone(self) -> tuple[str, int] | None:
        """The socket; port 0 takes a free one each time."""
        return (self.listen_host, self.listen_port) if self.listen_port else None


class WrittenHttpPush(Written):
    """A listener for pushes by HTTP."""

    kind: Annotated[Literal["http_push"], Field(examples=["http_push"])]
    listen_host: Text = "127.0.0.1"
    listen_port: Annotated[int, Field(ge=0, le=65_535, examples=[8090])]
    allow: list[Text] = Field(default_factory=list)
    token_env: Text | None = None
    token_file: Text | None = None
    max_body_bytes: Annotated[int, Field(ge=1_000, le=1 << 24)] = 1 << 20
    request_seconds: Annotated[Seconds, Field(ge=0.1, le=600)] = 10.0
    max_connections: Annotated[int, Field(ge=1, le=10_000)] = 200


def _read(document: Document, name: str, written: WrittenHttpPush, around: Surroundings) -> HttpPushSettings:
    at = ("collectors", name)
    check_host(document, name, written.listen_host, "listen_host")
    networks = read_networks(document, at, written.allow)
    needs_token = bool(written.token_env or written.token_file)
    hint = "name a token (token_env, token_file), or the senders' networks: allow: [10.20.0.0/16]"
    check_open(document, at, written.listen_host, is_guarded=needs_token or bool(networks), hint=hint)
    return HttpPushSettings(
        id=name,
        listen_host=written.listen_host,
        listen_port=written.listen_port,
        allow=networks,
        token=read_secret(document, at, Named("token", written.token_env, written.token_file), around.secrets),
        needs_token=needs_token,
        max_body_bytes=written.max_body_bytes,
        request_seconds=written.request_seconds,
        max_connections=written.max_connections,
    )


HTTP_PUSH = Kind(
    WrittenHttpPush, _read, PAYLOAD_PROTOCOLS, twice=("listens where", "put the devices of both on one collector")
)
