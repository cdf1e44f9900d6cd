"""`lifeline plan SITE`: what each Modbus line of a site is asked, and whether that fits; nothing is connected."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.cli import EXIT_FINDINGS
from gateway.errors import ConfigError

if TYPE_CHECKING:
    # `lifeline --help` must not pay for numpy and the clients.
    from gateway.collectors.modbus_budget import LineBudget
    from gateway.settings import Site


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("site", metavar="SITE", type=Path, help="the site file")
    parser.add_argument("--explain", action="store_true", help="show every request with its points")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Print the plan; 0 when every line fits its periods, 1 when one does not."""
    from gateway.settings import check_site  # noqa: PLC0415 - see TYPE_CHECKING above

    # Secrets are not looked for: a plan opens no connection.
    checked = check_site(options.site)
    if checked.site is None:
        raise ConfigError(list(checked.faults))
    lines = budgets(checked.site)
    if options.json:
        print(json.dumps({"lines": [_as_json(line, explain=options.explain) for line in lines]}, ensure_ascii=False))
    else:
        print("\n".join(text for line in lines for text in _as_text(line, explain=options.explain)) or _NOTHING)
    return EXIT_FINDINGS if any(line.warnings for line in lines) else 0


_NOTHING = "no Modbus line in this site: its devices speak by themselves"


def budgets(site: Site) -> list[LineBudget]:
    """Return what every Modbus line of a site has to carry."""
    from gateway.collectors import CollectedDevice  # noqa: PLC0415 - see above
    from gateway.collectors.modbus_budget import budget  # noqa: PLC0415
    from gateway.settings import (  # noqa: PLC0415
        ModbusRtuOverTcpSettings,
        ModbusRtuSettings,
        ModbusServerSettings,
        ModbusTcpSettings,
    )

    lines = []
    numbers = {
        device.id: {name: 0 for name, point in device.profile.points.items() if not point.is_text}
        for device in site.inventory.devices.values()
    }
    for settings in site.collectors.values():
        devices = [
            CollectedDevice(device, numbers[device.id])
            for device in site.inventory.devices.values()
            if device.collector == settings.id
        ]
        if isinstance(settings, ModbusServerSettings):
            for station in settings.stations:
                behind = [each for each in devices if each.device.station == station]
                lines.append(budget(settings, behind, where=f"station {station}"))
        elif isinstance(settings, ModbusTcpSettings | ModbusRtuSettings | ModbusRtuOverTcpSettings):
            lines.append(budget(settings, devices))
    return lines


def _as_text(line: LineBudget, *, explain: bool) -> list[str]:
    units = len({request.unit for request in line.requests})
    sizes = f"  {line.bytes_a_cycle} bytes and {line.cycle_seconds:.3f} s to ask everything once; "
    rows = [
        f"{line.collector} ({line.where}): {units} units, {line.points} points in {len(line.requests)} requests",
        sizes + f"{line.requests_a_second:.2f} requests/s, busy {line.load:.1%} of the time",
    ]
    if explain:
        for request in line.requests:
            block = request.block
            last = block.address + block.count - 1
            names = ", ".join(point.name for point in block.points)
            rows.append(
                f"  {request.device} unit {request.unit}: {block.kind} {block.address}-{last} every "
                f"{request.period_seconds:g} s ({request.poll}), {request.bytes} bytes, "
                f"{1000 * request.seconds:.1f} ms: {names}"
            )
    return rows + [f"  warning: {warning}" for warning in line.warnings]


def _as_json(line: LineBudget, *, explain: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "collector": line.collector,
        "where": line.where,
        "points": line.points,
        "requests": len(line.requests),
        "bytes": line.bytes_a_cycle,
        "cycle_seconds": round(line.cycle_seconds, 6),
        "requests_per_second": round(line.requests_a_second, 6),
        "load": round(line.load, 6),
        "warnings": list(line.warnings),
    }
    if explain:
        shown["plan"] = [
            {
                "device": request.device,
                "unit": request.unit,
                "poll": request.poll,
                "period_seconds": request.period_seconds,
                "kind": request.block.kind,
                "address": request.block.address,
                "count": request.block.count,
                "bytes": request.bytes,
                "seconds": round(request.seconds, 6),
                "points": [point.name for point in request.block.points],
            }
            for request in line.requests
        ]
    return shown
