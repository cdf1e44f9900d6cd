"""Streaming detectors: numbers in, scores out. Knows nothing of clocks, files or the network."""

from detectors.charts import Charts
from detectors.contract import Registered
from detectors.level import Level
from detectors.limits import Limits
from detectors.silent import Silent
from detectors.stuck import Stuck
from detectors.trend import Trends

DETECTORS: dict[str, Registered] = {
    "charts": Charts,
    "level": Level,
    "limits": Limits,
    "silent": Silent,
    "stuck": Stuck,
    "trend": Trends,
}
"""Every detector by name; the contract suite runs over all of them."""

__all__ = ["DETECTORS", "Charts", "Level", "Limits", "Silent", "Stuck", "Trends"]
