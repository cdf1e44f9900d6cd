"""`lifeline simulate SCENARIO`: the fleet of a scenario on real sockets, and the truth as it comes.

A broker and Modbus lines on free ports of loopback, until the scenario ends or Ctrl-C; nothing is left behind. In real
time the scenario begins now; at another --speed it keeps its own times. `--record DIR` opens no socket: it plays the
scenario as fast as it can and writes a labelled data set.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.cli.live_fleet import speech_of
from gateway.cli.rehearsal_site import scenario_of, site_of
from gateway.cli.terminable import Stopping, terminable
from gateway.clock import SystemClock, to_iso
from gateway.errors import Unreachable
from gateway.model import SECOND

if TYPE_CHECKING:
    # `lifeline --help` must not pay for the simulators, nor a base install need their extras.
    from gateway.settings import Site
    from simulators.fleet import LiveFleet, MqttTarget
    from simulators.fleet.pace import Timing
    from simulators.models.contract import Window
    from simulators.scenarios.scenario import Scenario, Stage
    from simulators.scenarios.truth import Told

HELP = "the fleet of a scenario on real sockets, with the truth; or as a labelled data set"

_RUN_IN_SECONDS = 3600.0
"""What a world lives through before its first report, so that waters have found their level."""
_LOOK_SECONDS = 0.2
_LAST_PORT = 65_535
_BAR_STEPS = 100


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("scenario", metavar="SCENARIO", help="a file, or the name of one that is shipped")
    parser.add_argument("--speed", metavar="N", type=_above_zero, default=1.0, help="so many times real time")
    parser.add_argument(
        "--for", metavar="SECONDS", dest="seconds", type=_above_zero, help="stop by itself after so long"
    )
    parser.add_argument(
        "--site-out", metavar="FILE", type=Path, help="write a site file for a gateway that collects it"
    )
    parser.add_argument("--broker", metavar="HOST:PORT", type=_place, help="publish to this MQTT broker instead")
    parser.add_argument("--record", metavar="DIR", type=Path, help="write a labelled data set instead, without sockets")
    parser.add_argument("--seed", metavar="N", type=int, help="another seed than the scenario's")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(options: argparse.Namespace) -> int:
    """Simulate until SIGINT, SIGTERM, the end of `--for` or of the scenario; 0 then, 1 when physics give up before."""
    import dataclasses  # noqa: PLC0415

    from simulators.models.refusal import BrokenOff  # noqa: PLC0415 - see TYPE_CHECKING above

    scenario = scenario_of(options.scenario)
    if options.seed is not None:
        scenario = dataclasses.replace(scenario, seed=options.seed)
    with terminable() as stopping, tempfile.TemporaryDirectory(prefix="lifeline-simulate-") as folder:
        site = site_of(scenario, Path(folder))
        try:
            if options.record:
                return _record(options, scenario, site)
            return asyncio.run(_run(stopping, _simulate(options, scenario, site, Path(folder))))
        except BrokenOff as error:
            print(f"lifeline: {error}", file=sys.stderr)
            return 1


def _above_zero(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be more than 0, got {text}")
    return number


def _place(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not (host and port.isdecimal() and 0 < int(port) <= _LAST_PORT):
        raise argparse.ArgumentTypeError(f"must be HOST:PORT, got {text}")
    return host, int(port)


def _record(options: argparse.Namespace, scenario: Scenario, site: Site) -> int:
    from simulators.scenarios.dataset import record  # noqa: PLC0415 - see TYPE_CHECKING above

    readings = record(scenario, site.inventory, options.record, _bar(scenario.name), site=site.source)
    told = {"event": "recorded", "folder": str(options.record), "readings": readings}
    _say(options, told, f"{readings:,} readings in {options.record}")
    return 0


def _bar(name: str) -> Callable[[float], None]:
    if not sys.stderr.isatty():
        return lambda _: None

    def show(share: float) -> None:
        end = "\n" if share >= 1.0 else ""
        print(f"\r{name}: {share:4.0%}", end=end, file=sys.stderr, flush=True)

    return show


async def _run(stopping: Stopping, simulating: Coroutine[Any, Any, None]) -> int:
    loop, work = asyncio.get_running_loop(), asyncio.ensure_future(simulating)
    stopping.by(lambda: loop.call_soon_threadsafe(work.cancel))
    try:
        await work
    except asyncio.CancelledError:
        if not stopping.is_wanted:
            raise
    return 0


async def _simulate(options: argparse.Namespace, scenario: Scenario, site: Site, folder: Path) -> None:
    from simulators.fleet import LiveFleet, Pace, WallClock  # noqa: PLC0415 - see TYPE_CHECKING above
    from simulators.reports import Reports  # noqa: PLC0415
    from simulators.scenarios.moving import moved  # noqa: PLC0415
    from simulators.scenarios.scenario import Stage  # noqa: PLC0415

    clock = SystemClock()
    # A whole second, for whoever reads the times of the truth.
    start_ns = -(-clock.now().utc_ns // SECOND) * SECOND if options.speed == 1.0 else scenario.start_ns
    scenario = moved(scenario, start_ns, run_in_seconds=_RUN_IN_SECONDS)
    with ExitStack() as stack:
        stage = stack.enter_context(Stage(scenario, site.inventory))
        stage.world.advance(scenario.start_ns)
        targets = _brokers(options, stack, site, folder)
        pace = WallClock(clock) if options.speed == 1.0 else Pace(clock, start_ns=start_ns, speed=options.speed)
        reports = Reports(
            site.inventory,
            stage.signals,
            stage.instruments,
            start_ns=scenario.start_ns,
            period_seconds=scenario.report_seconds,
            chirpstack=speech_of(site).chirpstack,
        )
        lines = {name: 0 for name, settings in site.collectors.items() if settings.kind == "modbus_tcp"}
        fleet = LiveFleet(site.inventory, reports, timing=pace, brokers=targets, lines=lines)
        stack.callback(fleet.stop)
        fleet.listen()
        _announce(options, scenario, site, targets, fleet)
        fleet.start()
        await _until_the_end(options, stage, pace, fleet)


def _brokers(options: argparse.Namespace, stack: ExitStack, site: Site, folder: Path) -> dict[str, MqttTarget]:
    """Return where each MQTT collector's devices publish, starting a broker when nobody named one."""
    from gateway.settings import MqttSettings  # noqa: PLC0415 - see TYPE_CHECKING above
    from simulators.fleet import MqttTarget  # noqa: PLC0415
    from simulators.servers.nats_broker import NatsBroker  # noqa: PLC0415

    wanted = [settings for settings in site.collectors.values() if isinstance(settings, MqttSettings)]
    used = {device.collector for device in site.inventory.devices.values()}
    wanted = [settings for settings in wanted if settings.id in used]
    if not wanted:
        return {}
    if options.broker:
        host, port = options.broker
    else:
        broker = stack.enter_context(NatsBroker(folder / "broker"))
        host, port = broker.host, broker.port
    return {
        settings.id: MqttTarget(host, port, settings.topics[0] if settings.topics else "", settings.sparkplug_group)
        for settings in wanted
    }


def _announce(
    options: argparse.Namespace,
    scenario: Scenario,
    site: Site,
    targets: dict[str, MqttTarget],
    fleet: LiveFleet,
) -> None:
    """Say where everything is, once all of it listens."""
    from simulators.scenarios.served import served_site  # noqa: PLC0415 - see TYPE_CHECKING above

    places = {name: (target.host, target.port) for name, target in targets.items()}
    places |= {name: (fleet.host, port) for name, port in fleet.ports.items()}
    if options.site_out:
        try:
            source = site.source or options.site_out
            text = source.read_text(encoding="utf-8")
            text = served_site(text, places, folder=source.parent, into=options.site_out.parent)
            options.site_out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Unreachable(f"{options.site_out}: {error.strerror or error}") from error
    units: dict[str, list[int]] = {}
    for device in site.inventory.devices.values():
        if device.collector in fleet.ports:
            units.setdefault(device.collector, []).append(device.unit or 1)
    for name, target in targets.items():
        told = {"event": "listens", "collector": name, "kind": "mqtt", "host": target.host, "port": target.port}
        _say(options, told | {"topic": target.topic}, f"{name}: MQTT {target.host}:{target.port}, topic {target.topic}")
    for name, port in fleet.ports.items():
        told = {"event": "listens", "collector": name, "kind": "modbus_tcp", "host": fleet.host, "port": port}
        named = units.get(name, [])
        text = f"{name}: Modbus TCP {fleet.host}:{port}, units {', '.join(map(str, named))}"
        _say(options, told | {"units": named}, text)
    begins = {
        "event": "begins",
        "scenario": scenario.name,
        "pid": os.getpid(),
        "start": to_iso(scenario.start_ns),
        "end": to_iso(scenario.end_ns),
        "speed": options.speed,
        "site": str(options.site_out) if options.site_out else None,
    }
    channels, devices = len(site.inventory.channels), len(site.inventory.devices)
    until = f"until {to_iso(scenario.end_ns)}"
    text = f"{scenario.name}: {devices} devices, {channels} channels, {options.speed:g}x, {until}; Ctrl-C stops"
    _say(options, begins, text)


async def _until_the_end(options: argparse.Namespace, stage: Stage, pace: Timing, fleet: LiveFleet) -> None:
    """Tell the truth as it comes, until the scenario or the patience ends."""
    from simulators.models.refusal import BrokenOff  # noqa: PLC0415 - see TYPE_CHECKING above
    from simulators.scenarios.truth import Truth  # noqa: PLC0415

    end_ns = stage.scenario.end_ns
    if options.seconds:
        end_ns = min(end_ns, pace.now_ns() + round(options.seconds * options.speed * SECOND))
    truth = Truth()
    try:
        while (now_ns := pace.now_ns()) < end_ns:
            if isinstance(fleet.failed, BrokenOff):
                raise fleet.failed
            if fleet.failed is not None:
                raise Unreachable(f"the simulated fleet has broken down: {fleet.failed}") from fleet.failed
            _tell(options, truth.told(_of(stage), now_ns))
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        fleet.stop()
        _tell(options, truth.told(_of(stage), min(pace.now_ns(), end_ns), is_over=True))
        counted = fleet.counted()
        told = {"event": "ended", **counted._asdict()}
        _say(options, told, f"{counted.messages:,} messages, {counted.requests:,} requests answered")


def _of(stage: Stage) -> list[Window]:
    return list(stage.windows)


def _tell(options: argparse.Namespace, edges: Iterable[Told]) -> None:
    from simulators.scenarios.truth import sentence  # noqa: PLC0415 - see TYPE_CHECKING above

    for told in edges:
        window = told.window
        document: dict[str, Any] = {
            "event": f"truth_{told.edge}",
            "time": to_iso(told.time_ns),
            "kind": window.kind,
            "asset": window.asset,
            "hazard": window.hazard or None,
            "start": to_iso(window.start_ns),
            "end": to_iso(window.end_ns),
            "detail": dict(window.detail),
        }
        _say(options, document, sentence(told))


def _say(options: argparse.Namespace, document: dict[str, Any], text: str) -> None:
    print(json.dumps(document, ensure_ascii=False) if options.json else text, flush=True)
