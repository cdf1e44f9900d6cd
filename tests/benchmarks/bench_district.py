"""How long the physics of a day take: water and drainage of a district together, and each part of a district alone."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from gateway.model import SECOND
from simulators.districts import PARTS, Term
from simulators.models.contract import Event
from simulators.weather import Climate, Storm
from simulators.world import World

BUDGET_SECONDS = 60.0
WATER_SIDE, MANHOLES = 10, 7
_START_NS = 1_749_916_800 * SECOND
_DAY_NS = 86_400 * SECOND
_ALONE_NS = 2 * 3600 * SECOND
_ALONE_SIZE = 3


def run() -> dict[str, str]:
    """Measure; one figure a line."""
    storm = Storm(_START_NS + 15 * 3600 * SECOND, 120, 50.0)
    burst = Event(_START_NS + 3 * 3600 * SECOND, "burst", "P-5", 60.0, 6 * 3600.0)
    failure = Event(_START_NS + 15 * 3600 * SECOND, "pump_failure", "PS-1", seconds=2 * 3600.0)
    sizes = {"water": WATER_SIDE, "drainage": MANHOLES}
    took, busy, places = _played(sizes, _DAY_NS, (burst, failure), (storm,))
    what = (
        f"a district day: water {WATER_SIDE} x {WATER_SIDE} + drainage, a burst, a storm (budget {BUDGET_SECONDS:g} s)"
    )
    # Loading its library is no part of a day.
    _played({"gas_main": 1}, 60 * SECOND)
    figures = {what: f"{took:.1f} s ({busy:.1f} s CPU), {places} true values a minute"}
    for name in PARTS:
        took, busy, places = _played({name: _ALONE_SIZE}, _ALONE_NS)
        per_day = _DAY_NS // _ALONE_NS
        figures[f"{name}, size {_ALONE_SIZE}: a simulated day, from two hours"] = (
            f"{took * per_day:.1f} s ({busy * per_day:.1f} s CPU), {places} places"
        )
    return figures


def _played(
    sizes: dict[str, int], lasts_ns: int, events: tuple[Event, ...] = (), storms: tuple[Storm, ...] = ()
) -> tuple[float, float, int]:
    """Return the seconds that a world took, building it included, those of the CPU, and how many places it told."""
    begun, busy = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory(prefix="lifeline-bench-") as folder:
        term = Term(_START_NS, _START_NS + lasts_ns, 1, Path(folder))
        models = [model for name, size in sizes.items() for model in PARTS[name](size).models(term)]
        with World(models, Climate(seed=1, storms=storms), _START_NS) as world:
            for event in events:
                world.stage(event)
            world.advance(term.end_ns)
            places = len(world.places)
    return time.perf_counter() - begun, time.process_time() - busy, places


if __name__ == "__main__":
    for figure, said in run().items():
        print(f"{figure:<90} {said}")
