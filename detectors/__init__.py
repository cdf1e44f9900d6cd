"""Streaming detectors: numbers in, scores out. Knows nothing of clocks, files or the network."""

from detectors.agreement import Agreement
from detectors.arrival import Arrival
from detectors.arx import ArxResidual
from detectors.balance import Balance
from detectors.charts import Charts
from detectors.clocks import Clocks
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
from detectors.rates import Rates
from detectors.relations import Relations
from detectors.shifted import Shifted
from detectors.silent import Silent
from detectors.spikes import Spikes
from detectors.steps import Steps
from detectors.stuck import Stuck
from detectors.switching import Switches
from detectors.trend import Trends
from detectors.unfit import Unfit
from detectors.waves import Waves

DETECTORS: dict[str, Registered] = {
    "charts": Charts,
    "clocks": Clocks,
    "departure": Departures,
    "extremes": Extremes,
    "foretold": Foretold,
    "level": Level,
    "limits": Limits,
    "lines": Spectrum,
    "quantiles": Quantiles,
    "rates": Rates,
    "shifted": Shifted,
    "silent": Silent,
    "spikes": Spikes,
    "steps": Steps,
    "stuck": Stuck,
    "trend": Trends,
    "unfit": Unfit,
    "waves": Waves,
}
"""Every detector by name; the contract suite runs over all of them."""

GROUP_DETECTORS: dict[str, RegisteredGroup] = {
    "agreement": Agreement,
    "arrival": Arrival,
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
    "Arrival",
    "ArxResidual",
    "Balance",
    "Charts",
    "Clocks",
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
    "Rates",
    "Relations",
    "Shifted",
    "Silent",
    "Spectrum",
    "Spikes",
    "Steps",
    "Stuck",
    "Switches",
    "Trends",
    "Unfit",
    "Waves",
]
