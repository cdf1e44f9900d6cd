"""What readings of several channels, or several findings, mean for an asset: one file a lifeline.

To add a hazard: write a model (contract.py says what it must do) and a function that builds it for an asset or
returns None, in the file of its lifeline; add one line to MODELS, and one to QUANTITIES (gateway/units.py) for the
value that it says, with `is_derived`. A ladder over that quantity in the site file then switches it on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from gateway.hazards.contract import GroupModel, Judgement, Model, RiskModel
from gateway.hazards.drainage import waterlogging
from gateway.hazards.road import SIGNS, road_collapse
from gateway.hazards.water import pipe_leak
from gateway.inventory import Asset, Inventory

Build: TypeAlias = Callable[[Inventory, Asset], "GroupModel | RiskModel | None"]

MODELS: Mapping[str, Build] = {
    "night_flow_rise": pipe_leak,
    "forecast_level": waterlogging,
    "collapse_log_odds": road_collapse,
}
"""Derived quantity → what builds its model for an asset, or says that the asset has none."""

__all__ = ["MODELS", "SIGNS", "Build", "GroupModel", "Judgement", "Model", "RiskModel"]
