"""Which devices of a site the simulator can be, by how they speak."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.errors import ConfigError, Fault
from gateway.inventory import Device
from simulators.encoders import SPOKEN


def unspoken(devices: Iterable[Device]) -> dict[str, str]:
    """Return the devices that no simulated one can be, each with how it speaks and its profile."""
    left_out = {}
    for device in devices:
        protocol = device.profile.protocol
        if protocol not in SPOKEN:
            left_out[device.id] = f"{protocol}, {device.profile.id}"
        elif protocol == "sparkplug" and "/" in (device.station or ""):
            left_out[device.id] = f"sparkplug behind an edge node, {device.profile.id}"
    return left_out


def check_spoken(devices: Iterable[Device]) -> None:
    """Raise ConfigError, a line a device, for those that no simulated one can be."""
    hint = f"they speak {', '.join(sorted(SPOKEN))}"
    left_out = unspoken(devices)
    if left_out:
        raise ConfigError(
            [
                Fault(f"devices.{name}", 1, 1, f"no simulated device speaks {how}", hint)
                for name, how in left_out.items()
            ]
        )
