"""`lifeline demo`: a district of simulated devices, the gateway and its page, on this machine, until Ctrl-C.

Two simulated days pass through journal and detection first, on a fake clock; then real brokers and Modbus servers
start on free ports of loopback, the same devices go on live, and a leak is staged in one manhole. `gas`, `storm` or
`burst` and Enter stages one more, and so does `lifeline demo --stage WORD` from another terminal.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import importlib.resources
import itertools
import json
import logging
import os
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli import demo_stage
from gateway.cli.live_fleet import open_fleet
from gateway.clock import FakeClock, SystemClock
from gateway.errors import ConfigError
from gateway.model import SECOND, Record

if TYPE_CHECKING:
    # `lifeline --help` must not pay for the simulators, nor a base install need their extras.
    from gateway.app import Gateway
    from gateway.settings import Site
    from simulators.signals import Signal

_log = logging.getLogger(__name__)

HELP = "a simulated district, the gateway and its page, on this machine"

_PAST_SECONDS = 2 * 86_400
_PAST_PERIOD_SECONDS = 60.0
_PAST_SLICE = 120
"""Periods of the past that are journaled with one commit."""
_LEAK_AFTER_SECONDS = 10.0
_REPORT_SECONDS = 2.0
_NEARLY_ALL = 0.999
_LAST_PORT = 65_535
_WORDS = ("gas", "storm", "burst")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--port", metavar="N", type=_port, default=0, help="port of the page (default: a free one)")
    parser.add_argument("--no-browser", action="store_true", help="do not open the page in a browser")
    parser.add_argument("--for", metavar="SECONDS", dest="seconds", type=_seconds, help="stop by itself after so long")
    parser.add_argument("--state", metavar="DIR", type=Path, help="keep everything here (default: nothing is kept)")
    parser.add_argument("--json", action="store_true", help="print one JSON line when ready (default when piped)")
    parser.add_argument("--stage", choices=_WORDS, help="stage this in the demo that runs already (that of --state)")


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= _LAST_PORT):
        raise argparse.ArgumentTypeError(f"a port is a number from 0 (a free one) to {_LAST_PORT}, got {text}")
    return int(text)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"must be more than 0 seconds, got {text}")
    return seconds


def run(options: argparse.Namespace) -> int:
    """Run until SIGINT, SIGTERM or the end of `--for`, then leave nothing behind."""
    if options.stage:
        print(f"{options.stage}: staged in the demo of {demo_stage.hand_in(options.stage, options.state)}")
        return 0
    return asyncio.run(_run(options))


async def _run(options: argparse.Namespace) -> int:
    demo = asyncio.ensure_future(_demo(options))
    stopped = False

    def stop() -> None:
        # Only the first: a second Ctrl-C must not cut the cleaning up short.
        nonlocal stopped
        if not stopped:
            stopped = True
            demo.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        await demo
    except asyncio.CancelledError:
        if not stopped:
            raise
    return 0


async def _demo(options: argparse.Namespace) -> None:
    from gateway.app import Gateway  # noqa: PLC0415 - see TYPE_CHECKING above
    from simulators.fleet import healthy_signals, utc_offset_seconds  # noqa: PLC0415
    from simulators.instruments import Instruments  # noqa: PLC0415
    from simulators.recordings import dma_inflow  # noqa: PLC0415
    from simulators.reports import Reports  # noqa: PLC0415
    from simulators.scenario import recorded_channel  # noqa: PLC0415
    from simulators.servers.nats_broker import nats_server  # noqa: PLC0415

    # Say that the broker is missing before two days have been simulated for nothing.
    nats_server()
    site = example_site()
    now_ns = SystemClock().now().utc_ns
    signals = healthy_signals(site.inventory, at_ns=now_ns)
    signals[recorded_channel(site.inventory).id] = dma_inflow(utc_offset_seconds(site.inventory, now_ns))

    async with AsyncExitStack() as stack:
        state = options.state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lifeline-demo-")))
        await _replay_past(site, state / "gateway", signals, now_ns)
        reports = Reports(
            site.inventory,
            signals,
            Instruments(),
            start_ns=SystemClock().now().utc_ns,
            period_seconds=dict.fromkeys(site.inventory.devices, _REPORT_SECONDS),
        )
        fleet, collectors = open_fleet(stack, site, reports, state / "broker")
        live = dataclasses.replace(site, collectors=collectors)
        gateway = Gateway(live, state / "gateway", clock=SystemClock(), port=options.port)
        await stack.enter_async_context(gateway)
        fleet.start()
        demo_stage.hang_out(state)
        stack.callback(demo_stage.take_down, state)
        _announce(options, gateway, state)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(options.seconds):
                await _stage(options, site, signals, state)


def example_site() -> Site:
    """Return the example site as it is written, without its secrets: the demo's broker asks for none."""
    from gateway.settings.loading import check_site  # noqa: PLC0415

    packaged = importlib.resources.files("simulators").joinpath("site.example.yaml")
    with importlib.resources.as_file(packaged) as path:
        # In a checkout the file stands where people look for it.
        found = path if path.exists() else Path(__file__).parents[2] / "deploy" / "site.example.yaml"
        checked = check_site(found)
    if checked.site is None:
        raise ConfigError(list(checked.faults))
    return checked.site


async def _replay_past(site: Site, state: Path, signals: Mapping[str, Signal], now_ns: int) -> None:
    """Let the app itself live through the two days before now, or what of them a kept state has not seen."""
    from gateway.app import Gateway  # noqa: PLC0415
    from simulators.past import past_records  # noqa: PLC0415

    start_ns = now_ns - _PAST_SECONDS * SECOND
    clock = FakeClock(start_ns, boot_id="simulated")
    async with Gateway(site, state, clock=clock, live=False) as gateway:
        seen_ns = max((latest.received_ns for latest in gateway.history.latest().values()), default=start_ns)
        begin_ns = max(start_ns, seen_ns)
        steps = past_records(
            site.inventory,
            signals,
            gateway.numbers,
            start_ns=begin_ns,
            end_ns=now_ns,
            period_seconds=_PAST_PERIOD_SECONDS,
        )
        while slice_ := list(itertools.islice(steps, _PAST_SLICE)):
            received_ns = slice_[-1][0]
            clock.set_monotonic(received_ns - start_ns)
            records: list[Record] = [record for _, step in slice_ for record in step]
            await gateway.put(records, urgent=True)
            _progress((received_ns - begin_ns) / max(1, now_ns - begin_ns))
        await gateway.drained()


def _progress(share: float) -> None:
    if sys.stderr.isatty():
        end = "\n" if share > _NEARLY_ALL else ""
        print(f"\rtwo simulated days: {share:4.0%}", end=end, file=sys.stderr, flush=True)


def _announce(options: argparse.Namespace, gateway: Gateway, state: Path) -> None:
    if options.json or not sys.stdout.isatty():
        print(json.dumps({"url": gateway.url, "state": str(state), "pid": os.getpid()}), flush=True)
    else:
        print(f"{gateway.site.name}: {len(gateway.inventory.channels)} channels, page on {gateway.url}")
        print(f"In {_LEAK_AFTER_SECONDS:.0f} seconds gas begins to leak into a manhole. Ctrl-C stops.")
        print(f"Type {', '.join(_WORDS[:-1])} or {_WORDS[-1]} and Enter to stage one now.", flush=True)
    has_display = sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if has_display and sys.stdout.isatty() and not options.no_browser:
        webbrowser.open(gateway.url)


async def _stage(options: argparse.Namespace, site: Site, signals: dict[str, Signal], state: Path) -> None:
    """Stage the first leak after a while, and whatever somebody asks for, for ever."""
    from simulators.staging import Staging  # noqa: PLC0415

    staging = Staging(site.inventory, signals)

    def stage(word: str) -> None:
        bent, told = staging.stage(word, SystemClock().now().utc_ns)
        # The fleet reads the same mapping: its next reports show it.
        signals.update(bent)
        tell(f"{word}: {told}")

    def tell(text: str) -> None:
        if options.json or not sys.stdout.isatty():
            _log.info("%s", text)
        else:
            print(text, flush=True)

    asyncio.get_running_loop().call_later(_LEAK_AFTER_SECONDS, stage, "gas")
    async for word in demo_stage.words(state, _WORDS, tell):
        stage(word)
