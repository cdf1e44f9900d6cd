"""What a scenario may say, as a page for those who write one: districts with their assets, events, faults, hazards.

Nothing is written by hand here: every event is tried on every asset of a small district.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from gateway.model import SECOND
from simulators.districts import PARTS, Part, Term
from simulators.instruments import KINDS, OF_ASKED, OF_LINES, OF_SENDING
from simulators.models.contract import Event, TooMuch
from simulators.scenarios.happenings import HAPPENINGS
from simulators.weather import Climate
from simulators.world import World

_SIZE = 3
_START_NS = 1_750_000_000 * SECOND
_AMOUNT = 1.5
"""Something that every kind can have."""
_ABSURD = 1e15
"""Something that only what has no bounds can have."""
_HEAD = """# What a scenario may say

Generated from the simulator (`python -m tests.drift --write`). How a scenario is written and run stands in
[ci-engineer.md](ci-engineer.md), its keys in [the JSON Schema](../deploy/scenario.schema.json).
"""


class _Tried(NamedTuple):
    """An event that an asset of a district can have."""

    kind: str
    part: str
    asset_kind: str
    hazard: str
    stays: bool
    """Whether what has come within `lasts` stays."""
    most: float
    """The greatest amount that it can have; infinite when nothing bounds it."""


def scenario_reference(hazards: Collection[str] = ()) -> str:
    """Return the page; `hazards` are the words that the gateway has for trouble."""
    parts = {name: build(_SIZE) for name, build in PARTS.items()}
    return "\n".join([_HEAD, *_districts(parts), *_happenings(parts), *_instruments(), *_hazards(hazards)]) + "\n"


def _districts(parts: Mapping[str, Part]) -> Iterator[str]:
    yield "## Districts\n"
    yield f"`district: {{gas: {_SIZE}}}`, and so on, has these assets and devices; other sizes have fewer or more:\n"
    yield "| part | assets | devices |\n| --- | --- | --- |"
    for name, part in parts.items():
        yield f"| `{name}` | {_listed(part.assets)} | {_listed(part.devices)} |"
    yield ""


def _happenings(parts: Mapping[str, Part]) -> Iterator[str]:
    tried = list(_tried(parts))
    yield "## What happens\n"
    yield "`happens:` takes these. A kind ends after `lasts`, or stays; one that grows has all of its amount when"
    yield "`lasts` is over, and stays. With no hazard, nothing is wrong and nothing may be said.\n"
    yield "`at most` is the greatest amount that is taken: of a broken pipe what its bore lets out, here of the"
    yield "narrowest and the widest. A hole in a water main is as wide as loses its amount at the pressure of before;"
    yield "open, it takes pressure, and what was really lost at the most is in the truth's detail as `most_m3_h`.\n"
    yield "| kind | at | amount | at most | the truth names | grows |\n| --- | --- | --- | --- | --- | --- |"
    for kind, meaning in sorted(HAPPENINGS.items()):
        of_kind = [one for one in tried if one.kind == kind]
        where = ", ".join(sorted({f"{one.asset_kind} of `{one.part}`" for one in of_kind}))
        named = ", ".join(sorted({f"`{one.hazard}`" if one.hazard else "no hazard" for one in of_kind}))
        grows = "yes" if any(one.stays for one in of_kind) else ""
        bounds = _bounds([one.most for one in of_kind]) if meaning else ""
        yield f"| `{kind}` | {where} | {meaning or 'none'} | {bounds} | {named} | {grows} |"
    yield "\nPhysics add what comes of it: a flood, a tank out of its band, a fallen road. `simulate` prints them.\n"


def _instruments() -> Iterator[str]:
    yield "## What instruments do\n"
    yield "`instruments:` takes these on a device, most of them on one `point` of it; `drawn:` draws them at a rate.\n"
    yield "| kind | amount | the truth names | of |\n| --- | --- | --- | --- |"
    for kind, (hazard, meaning) in KINDS.items():
        of = "devices that are asked (Modbus)" if kind in OF_ASKED else ""
        of = "devices that report by themselves" if kind in OF_SENDING else of
        of = "the device, and all on its line when it is asked" if kind in OF_LINES else of
        yield f"| `{kind}` | {meaning or 'none'} | {f'`{hazard}`' if hazard else 'no hazard'} | {of or 'any device'} |"
    yield ""


def _hazards(hazards: Collection[str]) -> Iterator[str]:
    yield "## What may be wanted\n"
    yield "`want:` is `HAZARD on ASSET within TIME[, at least blue|yellow|orange|red]`, `no HAZARD on ASSET` or"
    yield "`at most N false warnings a day`. Hazards: " + ", ".join(f"`{hazard}`" for hazard in hazards) + "."


def _tried(parts: Mapping[str, Part]) -> Iterator[_Tried]:
    """Yield which asset of which part can have what."""
    for name, part in parts.items():
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lifeline-reference-")))
            term = Term(_START_NS, _START_NS + 86_400 * SECOND, 1, folder)
            world = stack.enter_context(World(part.models(term), Climate(seed=1), term.start_ns))
            for number, (kind, meaning) in enumerate(HAPPENINGS.items(), 1):
                # One after the other: a pump cannot fail and run on at one time.
                begin_ns = term.start_ns + number * 60 * SECOND
                for asset, described in part.assets.items():
                    event = Event(begin_ns, kind, asset, _AMOUNT if meaning else math.nan, 30.0)
                    try:
                        window = world.stage(event)
                    except ValueError:
                        continue
                    sort = str(described["kind"]).replace("_", " ") if isinstance(described, dict) else ""
                    if window is not None:
                        stays = window.end_ns == term.end_ns
                        yield _Tried(kind, name, sort, window.hazard, stays, _most(world, event))


def _most(world: World, event: Event) -> float:
    """Return the greatest amount that a world takes of an event that it took."""
    try:
        world.stage(replace(event, amount=_ABSURD))
    except TooMuch as error:
        return error.most
    except ValueError:
        return math.inf
    return math.inf


def _bounds(most: Collection[float]) -> str:
    """Return the bounds of a kind on several assets.

    >>> _bounds([751.0, 16900.0, 751.0]), _bounds([56.2904, math.inf]), _bounds([math.inf])
    ('751 to 16900', '56.29, or none', '')
    """
    known = [float(f"{one:.4g}") for one in most if math.isfinite(one)]
    if not known:
        return ""
    low, high = min(known), max(known)
    shown = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return shown if len(known) == len(most) else f"{shown}, or none"


def _listed(named: Collection[str], most: int = 4) -> str:
    """Return names in groups, long ones by their ends.

    >>> _listed(["P-1", "HY-1", "P-10", "P-2", "P-3", "P-4", "P-5"])
    '`HY-1`, `P-1`, `P-2` … `P-10`'
    """
    groups: dict[str, list[str]] = {}
    for name in sorted(named, key=lambda one: (len(one), one)):
        groups.setdefault(name.rstrip("0123456789"), []).append(name)
    shown = []
    for _, names in sorted(groups.items()):
        some = [f"`{name}`" for name in names]
        shown += some if len(some) <= most else [some[0], f"{some[1]} … {some[-1]}"]
    return ", ".join(shown)
