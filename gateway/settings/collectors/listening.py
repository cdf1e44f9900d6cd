"""What listeners beyond stations share in the site file: where they listen, and who may come."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import TypeAlias

from gateway.documents import Document, Path

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def read_networks(document: Document, at: Path, written: Sequence[str]) -> tuple[Network, ...]:
    """Return the networks from which senders may come."""
    networks: list[Network] = []
    for number, text in enumerate(written):
        try:
            networks.append(ipaddress.ip_network(text))
        except ValueError as error:
            where = (*at, "allow", number)
            document.fault(where, f"{'.'.join(map(str, where))}: {error}", "e.g. 10.20.0.0/16, or one address")
    if any(network.prefixlen == 0 for network in networks):
        document.warn((*at, "allow"), f"{'.'.join(map(str, at))}.allow lets the whole world in", "name its networks")
    return tuple(networks)


def check_open(document: Document, at: Path, host: str, *, is_guarded: bool, hint: str) -> None:
    """Add a fault when something listens beyond this machine and nothing guards it."""
    if host not in _LOOPBACK and not is_guarded:
        message = f"{'.'.join(map(str, at))} listens on {host} and anybody may send to it"
        document.fault((*at, "listen_host"), message, hint)
