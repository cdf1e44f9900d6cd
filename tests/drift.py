"""Generated files and the example site must be what the code says today: `--write` brings them up to date."""

from __future__ import annotations

import argparse
import itertools
import json
import re
import sys
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path

from gateway.cli.schema import schema_text

ROOT = Path(__file__).parent.parent


def openapi() -> str:
    """Return the interface description of the duty room."""
    # The other checks need none of these, and must still tell of drift when one of them cannot be imported.
    from gateway.clock import SystemClock  # noqa: PLC0415
    from gateway.duty_room import DutyRoomPorts, create_app  # noqa: PLC0415
    from gateway.health import Health  # noqa: PLC0415
    from gateway.ledger import Ledger  # noqa: PLC0415
    from tests.gateway.duty_room.town import MemoryHistory, NoDrills, town_inventory  # noqa: PLC0415

    inventory, _ = town_inventory()
    clock, health = SystemClock(), Health()
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.open(Path(folder), site="town", clock=clock, health=health)
        ports = DutyRoomPorts(inventory, {}, ledger, MemoryHistory(), health, clock, drills=NoDrills())
        text = json.dumps(create_app(ports).openapi(), indent=2, ensure_ascii=False) + "\n"
        ledger.close()
    return text


def scenario_reference() -> str:
    """Return the page of what a scenario may say."""
    # As above: the physics are imported for this one alone.
    from gateway.settings import HAZARDS  # noqa: PLC0415
    from simulators.scenarios import reference  # noqa: PLC0415

    return reference.scenario_reference(HAZARDS)


GENERATED: dict[str, Callable[[], str]] = {
    "gateway/duty_room/openapi.json": openapi,
    "deploy/site.schema.json": lambda: schema_text("site"),
    "deploy/profile.schema.json": lambda: schema_text("profile"),
    "deploy/scenario.schema.json": lambda: schema_text("scenario"),
    "docs/scenarios.md": scenario_reference,
}
"""File → what makes it."""


def unpinned() -> list[str]:
    """Return the direct dependencies that constraints.txt does not pin."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    names = {re.split(r"[\[<>=;! ]", each, maxsplit=1)[0].lower().replace("_", "-") for each in wanted}
    pinned = {
        line.split("==")[0].strip().lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    return sorted(names - pinned - {project["name"]})


def main() -> int:
    """Compare, or write; return 1 when something has drifted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="bring the files up to date")
    options = parser.parse_args()
    faults = [f"constraints.txt does not pin {name}: run ./lifeline freeze" for name in unpinned()]
    for name, make in GENERATED.items():
        path, text = ROOT / name, make()
        if options.write:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            faults.append(f"{name} is not what the code says: run python -m tests.drift --write")
    for fault in faults:
        print(fault)
    print(f"{len(GENERATED)} generated files, {len(faults)} drifted")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
