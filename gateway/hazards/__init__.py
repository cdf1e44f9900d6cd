"""What readings of several channels, or several findings, mean for an asset: one file a lifeline.

To add a hazard: write a model (contract.py says what it must do) and a function that builds it for an asset or
returns None, in the file of its lifeline; add one line to MODELS, and one to QUANTITIES (gateway/units.py) for the
value that it says, with `is_derived`. A ladder over that quantity in the site file then switches it on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from gateway.hazards.burst import pipe_burst
from gateway.hazards.contract import GroupModel, Judgement, Model, RiskModel
from gateway.hazards.drainage import waterlogging
from gateway.hazards.pumps import pump_failure
from gateway.hazards.road import SIGNS, road_collapse
from gateway.hazards.sewers import sewer_blockage
from gateway.hazards.station import station_pattern
from gateway.hazards.transient import burst_wave
from gateway.hazards.water import pipe_leak
from gateway.hazards.zone_pressures import zone_pressures
from gateway.inventory import Asset, Inventory, Ladder

Build: TypeAlias = Callable[[Inventory, Asset], "GroupModel | RiskModel | None"]

MODELS: Mapping[str, Build] = {
    "night_flow_rise": pipe_leak,
    "forecast_level": waterlogging,
    "zone_pressure_fall": zone_pressures,
    "burst_flow_rise": pipe_burst,
    "burst_wave": burst_wave,
    "pump_overdue": pump_failure,
    "backed_up_level": sewer_blockage,
    "pattern_break": station_pattern,
    "collapse_log_odds": road_collapse,
}
"""Derived quantity → what builds its model for an asset, or says that the asset has none."""


class Watched(NamedTuple):
    """A model of one asset, and the ladders that its value climbs."""

    model: GroupModel | RiskModel
    ladders: tuple[Ladder, ...]


def watched(inventory: Inventory) -> Iterator[Watched]:
    """Build a model for every asset that a ladder over a derived quantity reaches and that has what it needs."""
    for quantity, build in MODELS.items():
        ladders = [ladder for ladder in inventory.ladders if ladder.quantity == quantity]
        for asset in inventory.assets.values():
            reaching = _reaching(asset.id, ladders)
            model = build(inventory, asset) if reaching else None
            if model is not None:
                yield Watched(model, reaching)


def _reaching(asset: str, ladders: Sequence[Ladder]) -> tuple[Ladder, ...]:
    """Return an asset's own ladders, and those for all that its own do not replace."""
    own = [ladder for ladder in ladders if ladder.asset == asset]
    replaced = {(ladder.hazard, ladder.direction) for ladder in own}
    shared = [one for one in ladders if one.asset is None and (one.hazard, one.direction) not in replaced]
    return (*own, *shared)


__all__ = ["MODELS", "SIGNS", "Build", "GroupModel", "Judgement", "Model", "RiskModel", "Watched", "watched"]
