"""`lifeline probe SITE DEVICE`: read one device once, and show what it sent and what that means.

Nothing is journaled.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli import EXIT_FINDINGS, EXIT_UNAVAILABLE
from gateway.clock import to_iso
from gateway.errors import ConfigError, Fault, Unreachable

if TYPE_CHECKING:
    # `lifeline --help` must not pay for numpy and the clients.
    from gateway.collectors.probing import Answer, Shown
    from gateway.inventory import Device
    from gateway.settings import Site

_LEAST_SECONDS, _REPORTS = 10.0, 1.5
_SHOWN_PAYLOAD = 2_000


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("site", metavar="SITE", type=Path, help="the site file")
    parser.add_argument("device", metavar="DEVICE", help="the id of a device in it")
    parser.add_argument(
        "--seconds",
        metavar="N",
        type=float,
        help="how long to wait (default: the collector's timeout for Modbus, a report and a half for MQTT)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Read the device; 0 when every point is good, 1 when one is not, 69 when it does not answer."""
    from gateway.collectors.probing import ask_modbus, hear_mqtt  # noqa: PLC0415 - see TYPE_CHECKING above
    from gateway.documents import did_you_mean  # noqa: PLC0415
    from gateway.settings import (  # noqa: PLC0415
        ModbusRtuOverTcpSettings,
        ModbusRtuSettings,
        ModbusTcpSettings,
        MqttSettings,
        load_site,
    )

    site = load_site(options.site)
    device = site.inventory.devices.get(options.device)
    if device is None:
        hint = did_you_mean(options.device, site.inventory.devices) or "devices are those of the part 'devices'"
        raise ConfigError([Fault(str(options.site), 1, 1, f"there is no device {options.device!r:.80}", hint)])
    collector = site.collectors[device.collector]
    began = time.monotonic()
    if isinstance(collector, ModbusTcpSettings | ModbusRtuSettings | ModbusRtuOverTcpSettings):
        own = dataclasses.replace(collector, timeout_seconds=options.seconds or collector.timeout_seconds)
        answer = asyncio.run(ask_modbus(device, own))
    elif not isinstance(collector, MqttSettings):
        raise Unreachable(f"{device.id} dials in to {collector.id}; look at the running gateway's page instead")
    else:
        reports = [each.report_seconds for each in site.inventory.channels.values() if each.device == device.id]
        patience = options.seconds or max(_LEAST_SECONDS, _REPORTS * min(reports, default=0.0))
        answer = asyncio.run(hear_mqtt(device, collector, patience))
    shown = [each if each.reading is None else _screened(site, device, each) for each in answer.shown]
    answer = answer._replace(shown=shown)
    seconds = time.monotonic() - began
    print(_as_json(site, device, answer, seconds) if options.json else _as_text(site, device, answer, seconds))
    if all(each.reading is None for each in shown):
        return EXIT_UNAVAILABLE
    return 0 if all(each.reading and each.reading.quality == 1 and not each.fault for each in shown) else EXIT_FINDINGS


def _screened(site: Site, device: Device, shown: Shown) -> Shown:
    """Judge a reading as the gateway's screen does."""
    from gateway.clock import SystemClock  # noqa: PLC0415
    from gateway.health import Health  # noqa: PLC0415
    from gateway.model import Batch, batch_of  # noqa: PLC0415
    from gateway.screen import Screen  # noqa: PLC0415

    reading = shown.reading
    assert reading is not None  # noqa: S101 - told by the caller
    now = SystemClock().now()
    channel = f"{device.asset}.{device.id}.{shown.point}"
    time_ns = now.utc_ns if reading.time_ns is None else reading.time_ns
    batch = batch_of([(1, time_ns, reading.value, reading.quality, reading.flags)], now)
    records = Screen(site.inventory, {channel: 1}, Health())(batch)
    judged = next((record for record in records if isinstance(record, Batch)), None)
    if judged is None:
        return shown._replace(fault=f"its clock says {to_iso(time_ns)}; set it, readings like this are set aside")
    reading = reading._replace(value=float(judged.value[0]), quality=int(judged.quality[0]))
    span = site.inventory.channels[channel].span
    is_outside = span is not None and not span[0] <= reading.value <= span[1] and reading.quality == 4  # noqa: PLR2004
    return shown._replace(reading=reading, fault=f"outside {span[0]:g} to {span[1]:g}" if is_outside and span else "")


def _as_text(site: Site, device: Device, answer: Answer, seconds: float) -> str:
    lines = [f"{device.id} ({device.profile.id}), {answer.how}, after {seconds:.2f} s"]
    if answer.raw:
        lines.append(answer.raw[:_SHOWN_PAYLOAD])
    times = {each.reading.time_ns for each in answer.shown if each.reading}
    if (time_ns := next(iter(times - {None}), None)) is not None:
        ahead = (time_ns - time.time_ns()) / 1_000_000_000
        lines.append(f"its time is {to_iso(time_ns)}, {abs(ahead):.0f} s {'ahead' if ahead > 0 else 'ago'}")
    rows: list[tuple[str, ...]] = [("point", "raw", "value", "unit", "quality", "")]
    rows += [_row(site, device, each) for each in answer.shown]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _row(site: Site, device: Device, shown: Shown) -> tuple[str, ...]:
    from gateway.model import Quality  # noqa: PLC0415

    channel = site.inventory.channels.get(f"{device.asset}.{device.id}.{shown.point}")
    if shown.reading is None:
        return shown.point, shown.raw, "", "", "", shown.fault
    value = f"{shown.reading.value:.7g}"
    return (
        shown.point,
        shown.raw,
        value,
        channel.unit if channel else "",
        Quality(shown.reading.quality).name,
        shown.fault,
    )


def _as_json(site: Site, device: Device, answer: Answer, seconds: float) -> str:
    from gateway.model import Quality  # noqa: PLC0415

    points = []
    for shown in answer.shown:
        reading, channel = shown.reading, site.inventory.channels.get(f"{device.asset}.{device.id}.{shown.point}")
        known = reading is not None and reading.quality != Quality.MISSING
        points.append(
            {
                "point": shown.point,
                "channel": channel.id if channel else None,
                "raw": shown.raw,
                "value": reading.value if reading and known else None,
                "unit": channel.unit if channel else None,
                "quality": Quality(reading.quality).name if reading else None,
                "time": to_iso(reading.time_ns) if reading and reading.time_ns is not None else None,
                "fault": shown.fault,
            }
        )
    found = {"device": device.id, "profile": device.profile.id, "how": answer.how, "seconds": round(seconds, 3)}
    return json.dumps({**found, "payload": answer.raw, "points": points}, ensure_ascii=False, allow_nan=False)
