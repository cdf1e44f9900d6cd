"""`lifeline demo`: a simulated district, the gateway and its page, on this machine, until Ctrl-C.

The scenario `demo` lives through a day on a simulated clock first, with journal and detection; then a real broker and
Modbus lines start on free ports of loopback, the same physics go on live, and gas leaks from a main. `gas`, `storm` or
`burst` and Enter stages one more, and so do the page's buttons and `lifeline demo --stage WORD` in another terminal.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import json
import logging
import os
import signal
import sys
import tempfile
import webbrowser
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli import demo_stage
from gateway.cli.demo_district import WORDS, District, Stages, in_thread
from gateway.clock import SystemClock
from gateway.errors import NotAllowed, Unreachable

if TYPE_CHECKING:
    # `lifeline --help` must not pay for the simulators, nor a base install need their extras.
    from gateway.app import Gateway
    from gateway.duty_room import StagePort
    from simulators.fleet import LiveFleet

_log = logging.getLogger(__name__)

HELP = "a simulated district, the gateway and its page, on this machine"

_LEAK_AFTER_SECONDS = 10.0
_LOOK_SECONDS = 0.5
_LAST_PORT = 65_535
_BAR = 30


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--port", metavar="N", type=_port, default=0, help="port of the page (default: a free one)")
    parser.add_argument("--no-browser", action="store_true", help="do not open the page in a browser")
    parser.add_argument("--for", metavar="SECONDS", dest="seconds", type=_seconds, help="stop by itself after so long")
    parser.add_argument("--state", metavar="DIR", type=Path, help="keep everything here (default: nothing is kept)")
    parser.add_argument("--json", action="store_true", help="print one JSON line when ready (default when piped)")
    parser.add_argument("--stage", choices=WORDS, help="stage this in the demo that runs already (that of --state)")


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
    from gateway.app import Gateway  # noqa: PLC0415 - `lifeline --help` must not pay for it

    async with AsyncExitStack() as stack:
        state = options.state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lifeline-demo-")))
        district = District(state)
        stack.callback(district.close)
        await in_thread(district.open, SystemClock().now().utc_ns)
        await district.live_through_the_past(_progress)
        fleet, collectors = await in_thread(district.go_live, stack)
        site = dataclasses.replace(district.site, collectors=collectors)
        gateway = Gateway(site, state / "gateway", clock=SystemClock(), port=options.port)
        gateway.stages = Stages(district.begin)
        await stack.enter_async_context(gateway)
        fleet.start()
        demo_stage.hang_out(state)
        stack.callback(demo_stage.take_down, state)
        _announce(options, gateway, state)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(options.seconds):
                await _stage(options, gateway.stages, fleet, state)


def _progress(share: float) -> None:
    if sys.stderr.isatty():
        bar = "#" * round(_BAR * share)
        end = "\n" if share >= 1.0 else ""
        print(f"\ra simulated day [{bar:<{_BAR}}] {share:4.0%}", end=end, file=sys.stderr, flush=True)


def _announce(options: argparse.Namespace, gateway: Gateway, state: Path) -> None:
    if options.json or not sys.stdout.isatty():
        print(json.dumps({"url": gateway.url, "state": str(state), "pid": os.getpid()}), flush=True)
    else:
        print(f"{gateway.site.name}: {len(gateway.inventory.channels)} channels, page on {gateway.url}")
        print(f"In {_LEAK_AFTER_SECONDS:.0f} seconds gas begins to leak into a manhole. Ctrl-C stops.")
        print(f"Type {', '.join(WORDS[:-1])} or {WORDS[-1]} and Enter to stage one now.", flush=True)
    has_display = sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if has_display and sys.stdout.isatty() and not options.no_browser:
        webbrowser.open(gateway.url)


async def _stage(options: argparse.Namespace, stages: StagePort, fleet: LiveFleet, state: Path) -> None:
    """Stage the first leak after a while, and whatever somebody asks for, for as long as the fleet lives."""

    def tell(text: str) -> None:
        if options.json or not sys.stdout.isatty():
            _log.info("%s", text)
        else:
            print(text, flush=True)

    async def stage(word: str) -> None:
        try:
            tell(f"{word}: {await stages.stage(word)}")
        except NotAllowed as refusal:
            tell(f"{word}: {refusal}")

    async def first_leak() -> None:
        await asyncio.sleep(_LEAK_AFTER_SECONDS)
        await stage("gas")

    async def as_asked() -> None:
        async for word in demo_stage.words(state, WORDS, tell):
            await stage(word)

    async def until_broken() -> None:
        while fleet.failed is None:  # noqa: ASYNC110 - the fleet's thread tells nobody
            await asyncio.sleep(_LOOK_SECONDS)

    leaking = asyncio.ensure_future(first_leak())
    asked, broken = asyncio.ensure_future(as_asked()), asyncio.ensure_future(until_broken())
    try:
        await asyncio.wait((asked, broken), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (leaking, asked, broken):
            task.cancel()
        await asyncio.gather(leaking, asked, broken, return_exceptions=True)
    if fleet.failed is not None:
        raise Unreachable(f"the simulated district has broken down: {fleet.failed}") from fleet.failed
