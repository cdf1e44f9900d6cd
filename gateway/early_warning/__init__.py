"""Findings, and the early warnings that they add up to. Pure: no clock, no storage."""

from gateway.early_warning.drill import Drilled, DrillKind
from gateway.early_warning.finding import Evidence, Finding, Level, finding_id
from gateway.early_warning.folding import Acknowledged, Event, Observed, fold
from gateway.early_warning.redecoding import Redecoded
from gateway.early_warning.states import TABLE, Change, State, next_state
from gateway.early_warning.warning import EarlyWarning, Step, StepKind, urgency, warning_id
from gateway.early_warning.writing import Wrote

__all__ = [
    "TABLE",
    "Acknowledged",
    "Change",
    "DrillKind",
    "Drilled",
    "EarlyWarning",
    "Event",
    "Evidence",
    "Finding",
    "Level",
    "Observed",
    "Redecoded",
    "State",
    "Step",
    "StepKind",
    "Wrote",
    "finding_id",
    "fold",
    "next_state",
    "urgency",
    "warning_id",
]
