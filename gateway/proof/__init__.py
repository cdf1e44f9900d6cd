"""Whether anything was lost or stored twice: counts by channel and hour of what was journaled, stored and sent on."""

from gateway.proof.proving import prove
from gateway.proof.reader import Proof
from gateway.proof.report import Discrepancy, HourLine, Report

__all__ = ["Discrepancy", "HourLine", "Proof", "Report", "prove"]
