"""What another version of a site file would change: channels, devices, collectors, cycle times. Connects nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from gateway.collectors import CollectedDevice
from gateway.collectors.modbus_budget import budget
from gateway.inventory import Channel, Device
from gateway.settings import ModbusRtuOverTcpSettings, ModbusRtuSettings, ModbusTcpSettings, Site

_FIXED = ("id", "timezone", "http_host", "http_port", "clock", "journal", "history")
"""What a running gateway cannot change: it needs a restart."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One new or changed device, or one broker, tried beside the gateway that runs."""

    what: str
    ok: bool | None
    """None where it could not be tried."""
    said: str


@dataclass(frozen=True, slots=True)
class Change:
    """One channel that stays, and what of it is otherwise."""

    channel: str
    fields: Mapping[str, tuple[str, str]]
    """Field → before and after, in words."""


@dataclass(frozen=True, slots=True)
class ReloadPlan:
    """What a reload would do."""

    added: tuple[str, ...] = ()
    """Channels."""
    removed: tuple[str, ...] = ()
    changed: tuple[Change, ...] = ()
    devices: tuple[str, ...] = ()
    """Devices that are new or otherwise: those to try."""
    restarted: tuple[str, ...] = ()
    """Collectors that begin, end, or begin anew; all others go on untouched."""
    cycles: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    """Modbus line → seconds to ask everything once, before and after; None where there is no such line."""
    refused: tuple[str, ...] = ()
    """What stands against it."""
    trials: tuple[Trial, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.added or self.removed or self.changed or self.devices or self.restarted)


def compare(old: Site, new: Site) -> ReloadPlan:
    """Say what lies between two versions of a site."""
    before, after = old.inventory.channels, new.inventory.channels
    changed = [
        Change(name, found) for name in after if name in before and (found := _differences(before[name], after[name]))
    ]
    known = old.inventory.devices
    devices = [name for name, device in new.inventory.devices.items() if known.get(name) != device]
    names = [*old.collectors, *(name for name in new.collectors if name not in old.collectors)]
    restarted = [
        name
        for name in names
        if old.collectors.get(name) != new.collectors.get(name) or _devices_of(old, name) != _devices_of(new, name)
    ]
    lines = {name: (_cycle_seconds(old, name), _cycle_seconds(new, name)) for name in names}
    fixed = [name for name in _FIXED if getattr(old, name) != getattr(new, name)]
    return ReloadPlan(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=tuple(changed),
        devices=tuple(devices),
        restarted=tuple(restarted),
        cycles={name: both for name, both in lines.items() if both[0] != both[1]},
        refused=tuple(f"{_word(name)} cannot change while the gateway runs; restart it" for name in fixed),
    )


def _word(name: str) -> str:
    return f"stores.{name}" if name in {"journal", "history"} else f"site.{name}"


def _differences(before: Channel, after: Channel) -> dict[str, tuple[str, str]]:
    return {
        one.name: (_shown(getattr(before, one.name)), _shown(getattr(after, one.name)))
        for one in fields(Channel)
        if getattr(before, one.name) != getattr(after, one.name)
    }


def _shown(value: object) -> str:
    if isinstance(value, tuple) and value and not isinstance(value[0], float):
        return ", ".join(getattr(one, "name", str(one)) for one in value)
    return str(value)


def _devices_of(site: Site, collector: str) -> dict[str, Device]:
    return {name: device for name, device in site.inventory.devices.items() if device.collector == collector}


def _cycle_seconds(site: Site, collector: str) -> float | None:
    settings = site.collectors.get(collector)
    if not isinstance(settings, ModbusTcpSettings | ModbusRtuSettings | ModbusRtuOverTcpSettings):
        return None
    devices = [
        CollectedDevice(device, {name: 0 for name, point in device.profile.points.items() if not point.is_text})
        for device in _devices_of(site, collector).values()
    ]
    return round(budget(settings, devices).cycle_seconds, 6)
