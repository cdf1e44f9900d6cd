"""A second gateway that hears the same stream and is left in peace: what the other one should have become."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import yaml

from tests.faults.stage import Stage
from tests.processes import GatewayProcess

REORDER_SECONDS = 20
"""A message killed several times over comes again after several of the broker's time-outs of 2 s."""

LADDERS: dict[str, Any] = {
    "gas": {
        "quantity": "combustible_gas",
        "hazard": "gas_leak",
        "direction": "above",
        "rungs": {"yellow": 20, "orange": 50, "red": 90},
        "deadband": 2,
        "on_seconds": 1,
        "off_seconds": 2,
        "basis": "made for the test",
    }
}


class Twin(GatewayProcess):
    """The same site under another name at the broker, without a database."""

    def __init__(self, stage: Stage) -> None:
        site = yaml.safe_load(stage.gateway.site.read_text())
        site["collectors"]["broker"]["client_id"] = "twin"
        site.pop("stores", None)
        path = stage.folder / "twin.yaml"
        path.write_text(yaml.safe_dump(site, sort_keys=False))
        super().__init__(path, stage.folder / "twin", log=stage.folder / "twin.log")

    def start(self) -> None:
        """Start it and wait for its page."""
        super().start()
        self.wait_ready(60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


def warnings_of(gateway: GatewayProcess) -> set[tuple[str, ...]]:
    """Return each warning (hazard, asset, peak level, start) and each step of its life by source time."""
    found: set[tuple[str, ...]] = set()
    for listed in gateway.get("/api/v1/warnings?include_closed=true")["warnings"]:
        if listed["hazard"] != "gas_leak":
            continue
        found.add((listed["hazard"], listed["asset"], listed["peak_level"], listed["start"]))
        for step in gateway.get(f"/api/v1/warnings/{listed['id']}")["steps"]:
            found.add((listed["hazard"], listed["asset"], step["kind"], step["level"], step["source_time"]))
    return found
