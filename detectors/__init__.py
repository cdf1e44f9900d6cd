"""Streaming detectors: numbers in, scores out. Knows nothing of clocks, files or the network."""

from detectors.agreement import Agreement
from detectors.arx import ArxResidual
from detectors.balance import Balance
from detectors.charts import Charts
from detectors.components import PrincipalComponents
from detectors.contract import Registered, RegisteredGroup
from detectors.departure import Departures
from detectors.extremes import Extremes
from detectors.foretold import Foretold
from detectors.inflow import Inflows
from detectors.level import Level
from detectors.limits import Limits
from detectors.lines import Spectrum
from detectors.pairs import Pairs
from detectors.quantiles import Quantiles
from detectors.rain_level import RainLevel
from detectors.relations import Relations
from detectors.shifted import Shifted
from detectors.silent import Silent
from detectors.steps import Steps
from detectors.stuck import Stuck
from detectors.switching import Switches
from detectors.trend import Trends
from detectors.waves import Waves

DETECTORS: dict[str, Registered] = {
    "charts": Charts,
    "departure": Departures,
    "extremes": Extremes,
    "foretold": Foretold,
    "level": Level,
    "limits": Limits,
    "lines": Spectrum,
    "quantiles": Quantiles,
    "shifted": Shifted,
    "silent": Silent,
    "steps": Steps,
    "stuck": Stuck,
    "trend": Trends,
    "waves": Waves,
}
"""Every detector by name; the contract suite runs over all of them."""

GROUP_DETECTORS: dict[str, RegisteredGroup] = {
    "agreement": Agreement,
    "arx": ArxResidual,
    "balance": Balance,
    "components": PrincipalComponents,
    "inflow": Inflows,
    "pairs": Pairs,
    "rain_level": RainLevel,
    "relations": Relations,
    "switching": Switches,
}
"""Every group detector by name; their contract suite runs over all of them."""

__all__ = [
    "DETECTORS",
    "GROUP_DETECTORS",
    "Agreement",
    "ArxResidual",
    "Balance",
    "Charts",
    "Departures",
    "Extremes",
    "Foretold",
    "Inflows",
    "Level",
    "Limits",
    "Pairs",
    "PrincipalComponents",
    "Quantiles",
    "RainLevel",
    "Relations",
    "Shifted",
    "Silent",
    "Spectrum",
    "Steps",
    "Stuck",
    "Switches",
    "Trends",
    "Waves",
]
