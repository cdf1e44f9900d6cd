"""`lifeline run SITE`: the service itself."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from gateway.clock import SystemClock


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("site", metavar="SITE", type=Path, help="the site file (see deploy/site.example.yaml)")
    parser.add_argument(
        "--state", metavar="DIR", type=Path, help="where journal, history and ledger live (default: state beside SITE)"
    )
    parser.add_argument("--port", type=int, help="port of the page instead of site.http_port; 0 picks a free one")
    parser.add_argument("--json", action="store_true", help="print one JSON line when ready (default when piped)")


def run(options: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM, then drain and stop; SIGHUP takes over a changed site file."""
    return asyncio.run(_run(options))


async def _run(options: argparse.Namespace) -> int:
    from gateway.app import Gateway  # noqa: PLC0415 - `lifeline --version` must not pay for numpy
    from gateway.app.fault_hooks import slow_commit  # noqa: PLC0415
    from gateway.app.watchdog import Watchdog  # noqa: PLC0415
    from gateway.settings.loading import load_site  # noqa: PLC0415

    site = load_site(options.site)
    state = options.state or options.site.resolve().parent / "state"
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clock = SystemClock()
    reloading: set[asyncio.Task[None]] = set()

    def reload() -> None:
        task = asyncio.create_task(gateway.reloads.hang_up(), name="reload by signal")
        reloading.add(task)
        task.add_done_callback(reloading.discard)

    gateway = Gateway(site, state, clock=clock, port=options.port, before_commit=slow_commit(os.environ))
    watchdog = Watchdog(lambda: gateway.journal.heartbeat_ns, environment=os.environ, process=os.getpid(), clock=clock)
    async with watchdog, gateway:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
        watchdog.ready(f"{len(site.inventory.channels)} channels, page on {gateway.url}")
        if options.json or not sys.stdout.isatty():
            print(json.dumps({"url": gateway.url, "state": str(state), "pid": os.getpid()}), flush=True)
        else:
            print(f"{site.name}: {len(site.inventory.channels)} channels, page on {gateway.url}, Ctrl-C stops")
        await stop.wait()
        watchdog.stopping()
        for task in reloading:
            task.cancel()
    return 0
