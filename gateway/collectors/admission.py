"""Who may send to a listener: those of the networks allowed, or this machine alone. Knows no protocol."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def address_of(peer: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a peer's address, an IPv4 one that came through an IPv6 socket as what it is; None when it is none."""
    try:
        address = ipaddress.ip_address(peer.split("%", 1)[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_allowed(peer: str, networks: Sequence[Network]) -> bool:
    """Tell whether an address lies in one of the networks; without networks, whether it is this machine."""
    address = address_of(peer)
    if address is None:
        return False
    return any(address in network for network in networks) if networks else address.is_loopback
