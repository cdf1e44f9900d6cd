"""What a kind of collector adds to the site file: its keys, its settings, what it shares with nobody."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel

from gateway.documents import Document
from gateway.settings.secrets import Source

_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]+")


class CollectorSettings(Protocol):
    """One collector after checking; each kind has a frozen class of its own."""

    kind: ClassVar[str]

    @property
    def id(self) -> str:
        """Its name in the site file."""
        ...

    @property
    def alone(self) -> Hashable:
        """What no two collectors of this kind may share, e.g. the endpoint; None when they may share all."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a collector's settings may depend on beside its own keys."""

    site: str
    """The id of the box."""
    secrets: Source


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of collector, as the site file knows it."""

    written: type[BaseModel]
    """Its keys, with `kind` as a literal."""
    read: Callable[[Document, str, Any, Surroundings], CollectorSettings | None]
    """Document, name and an instance of `written` to settings; faults go to the document."""
    protocols: frozenset[str]
    """The protocols of profiles whose devices it can serve."""
    twice: tuple[str, str] = ("is the same endpoint as", "put the devices of both on one collector")
    """What to say when two of them share what is `alone`, and what to do about it."""


def check_host(document: Document, name: str, host: str, key: str = "host") -> None:
    """Add a fault when a host is neither a name nor an address."""
    if not _HOST.fullmatch(host):
        # The value is not repeated: people write user:password@host here.
        hint = "a name or an address alone, without scheme, user, port or path"
        document.fault(("collectors", name, key), f"collectors.{name}.{key} is no host name", hint)
