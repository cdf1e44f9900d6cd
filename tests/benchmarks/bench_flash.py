"""Bytes to disk in a day of 200 channels at 1 Hz with `storage: flash`, everything included, as the kernel counts them.

Half an hour passes on a fake clock, one commit a simulated second, all readers caught up after each; what the page
cache holds is written out every 30 simulated seconds, as the kernel would by itself. Times 48 is a day.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
from dataclasses import replace
from pathlib import Path

from gateway.app import Gateway
from gateway.clock import FakeClock
from gateway.model import SECOND, Record, Tick, batch_of
from gateway.settings import Site
from gateway.settings.loading import load_site
from tests.benchmarks.machine import write_site

DEVICES, VALUES = 20, 10
WARM_SECONDS, SECONDS = 120, 1_800
DAY_SECONDS = 86_400
BUDGET_BYTES = 4_000_000_000
TICK_SECONDS = 10
WRITE_OUT_SECONDS = 30


def run() -> dict[str, str]:
    """Measure one storage mode after the other."""
    figures: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="lifeline-flash-", dir=os.environ.get("LIFELINE_BENCH_DIR")) as name:
        folder = Path(name)
        site = load_site(write_site(folder / "site", broker_port=1, devices=DEVICES, values=VALUES))
        flash = replace(site, journal=replace(site.journal, storage="flash", flush_seconds=1.0))
        parts = asyncio.run(_day(flash, folder / "state"))
    total = parts.pop("all")
    figures["a day of 200 channels at 1 Hz (budget 4 GB)"] = f"{total / 1e9:.2f} GB, {total / BUDGET_BYTES:.0%}"
    figures |= {f"  of that {part}": f"{size / 1e9:.2f} GB" for part, size in parts.items()}
    return figures


async def _day(site: Site, state: Path) -> dict[str, float]:
    clock, seeded = FakeClock(), random.Random(1)
    async with Gateway(site, state, clock=clock, live=False) as gateway:
        numbers = list(gateway.numbers.values())
        devices = [numbers[start : start + VALUES] for start in range(0, len(numbers), VALUES)]
        before, files_before = 0, {}
        for second in range(WARM_SECONDS + SECONDS):
            if second == WARM_SECONDS:
                os.sync()
                before, files_before = _written(), _sizes(state)
            now = clock.now()
            messages: list[list[Record]] = [
                [batch_of([(n, now.utc_ns, 20 + round(seeded.gauss(0, 1), 2), 1, 0) for n in device], now)]
                for device in devices
            ]
            if second % TICK_SECONDS == 0:
                messages.append([Tick(now.utc_ns)])
            puts = [gateway.put(message) for message in messages[:-1]]
            await asyncio.gather(*puts, gateway.put(messages[-1], urgent=True))
            await gateway.drained()
            clock.set_monotonic(now.monotonic_ns + SECOND)
            if second % WRITE_OUT_SECONDS == 0:
                os.sync()
        os.sync()
        written, files = _written() - before, _sizes(state)
    scale = DAY_SECONDS / SECONDS
    grown = {part: max(0.0, (files[part] - files_before[part]) * scale) for part in files}
    return {"all": written * scale} | {f"files that grew in {part}": size for part, size in grown.items()}


def _written() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


def _sizes(state: Path) -> dict[str, int]:
    return {
        part.name: sum(path.stat().st_size for path in part.rglob("*") if path.is_file())
        for part in sorted(state.iterdir())
        if part.is_dir()
    }
