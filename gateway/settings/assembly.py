"""Assets, devices, channels and ladders of a site file put together with the device profiles into one inventory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from gateway.documents import Document, Value
from gateway.inventory import Channel, Device, Inventory, Ladder
from gateway.profiles import Point
from gateway.settings.collectors import CollectorSettings
from gateway.settings.devices import read_assets, read_devices
from gateway.settings.ladder_checks import days_of
from gateway.settings.ladders import check_channel, check_reach, is_derived, ladders_of, read_ladders
from gateway.settings.modbus_devices import with_polling
from gateway.settings.written import WrittenChannel, WrittenSite
from gateway.units import QUANTITIES

_LEAST_FRESH_SECONDS = 30.0
"""Three periods of a 1 Hz channel are less than device clocks are off: none of its findings would ever be live."""


def assemble(
    document: Document,
    parts: Mapping[str, Value],
    collectors: Mapping[str, CollectorSettings | None],
    box: WrittenSite,
) -> Inventory:
    """Return the inventory; what is wrong in the parts is added to the document's faults and left out."""
    assets = read_assets(document, parts.get("assets"))
    devices, report_seconds = read_devices(document, parts.get("devices"), assets, collectors)
    broken = {
        name
        for name, device in devices.items()
        if device is None or any(document.is_faulty(("devices", name, key)) for key in ("profile", "asset"))
    }
    sound = {name: device for name, device in devices.items() if device}
    points = {
        f"{device.asset}.{device.id}.{point.name}": (device, point)
        for device in sound.values()
        for point in device.profile.points.values()
        if not point.is_text
    }
    overrides = _read_overrides(document, parts.get("channels"), points, broken)
    sound = {name: with_polling(device, overrides) for name, device in sound.items()}
    ladders = read_ladders(document, parts.get("ladders"), points, broken, assets, days=days_of(box))
    channels = {
        name: _channel(device, point, report_seconds.get(device.id), overrides.get(name) or WrittenChannel(), ladders)
        for name, (device, point) in points.items()
    }
    if not document.faults:
        check_reach(document, ladders, channels.values())
    for name in overrides:
        channel = channels.get(name)
        if channel and channel.fresh_seconds < channel.report_seconds:
            message = f"channels.{name}.fresh_seconds must not be below report_seconds {channel.report_seconds:g}"
            document.fault(("channels", name, "fresh_seconds"), message, "its value would be stale between two reports")
    if not channels and not document.faults:
        document.warn((), "the site has no channels", "add devices")
    return Inventory(
        site=box.id,
        name=box.name or box.id,
        timezone=box.timezone,
        assets={name: asset for name, asset in assets.items() if asset},
        devices=sound,
        channels=channels,
        ladders=tuple(ladder for ladder in ladders if is_derived(ladder)),
    )


def _read_overrides(
    document: Document, value: Value, points: Mapping[str, object], broken: Collection[str]
) -> dict[str, WrittenChannel]:
    overrides: dict[str, WrittenChannel] = {}
    for name, part in document.mapping(("channels",), value).items():
        at = ("channels", name)
        check_channel(document, at, name, points, broken, at_key=True)
        written = document.check(at, part, WrittenChannel)
        if written is None:
            continue
        overrides[name] = written
        if written.span and not written.span[0] < written.span[1]:
            message = f"channels.{name}.span must go from low to high, got [{written.span[0]:g}, {written.span[1]:g}]"
            document.fault((*at, "span"), message)
    return overrides


def _channel(
    device: Device, point: Point, report_seconds: float | None, own: WrittenChannel, ladders: Iterable[Ladder]
) -> Channel:
    name = f"{device.asset}.{device.id}.{point.name}"
    report = own.report_seconds or report_seconds or point.report_seconds
    return Channel(
        id=name,
        asset=device.asset,
        device=device.id,
        point=point.name,
        quantity=point.quantity,
        unit=QUANTITIES[point.quantity].unit,
        span=own.span or point.span,
        report_seconds=report,
        fresh_seconds=own.fresh_seconds or max(3 * report, _LEAST_FRESH_SECONDS),
        reorder_seconds=own.reorder_seconds or 0.0,
        stuck_seconds=own.stuck_seconds if "stuck_seconds" in own.model_fields_set else point.stuck_seconds,
        importance=own.importance or point.importance,
        title=own.title or point.title,
        ladders=ladders_of(name, point.quantity, ladders, report),
        span_tolerance=point.span_tolerance if own.span_tolerance is None else own.span_tolerance,
        spike_limit=own.spike_limit if "spike_limit" in own.model_fields_set else point.spike_limit,
        rate_limit=own.rate_limit if "rate_limit" in own.model_fields_set else point.rate_limit,
    )
