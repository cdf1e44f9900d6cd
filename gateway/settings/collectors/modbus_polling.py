"""What all kinds of Modbus lines have in common: how often units are read, and how long a reply may take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from gateway.documents import Document
from gateway.settings.written import Written

Framing: TypeAlias = Literal["tcp", "rtu", "ascii"]
"""How requests and replies are wrapped: with transaction ids (tcp), or as on a serial line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusPolling:
    """How the units of a line are asked."""

    fast_seconds: float | None = None
    """The period of points of the class fast, and of those beyond their `fast_above`; `poll_seconds` when None."""
    slow_seconds: float | None = None
    """The period of points of the class slow; ten times `poll_seconds` when None."""
    request_delay_seconds: float = 0.0
    """The least time between a reply and the next request."""
    relearn_hours: float = 24.0
    """How long it is remembered which long reads a unit refuses."""


Period = Annotated[float, Field(ge=0.05, le=86_400)]


class WrittenPolling(Written):
    """How the units of a line are asked."""

    poll_seconds: Period = 1.0
    fast_seconds: Period | None = None
    slow_seconds: Period | None = None
    timeout_seconds: Annotated[float, Field(ge=0.05, le=60)] = 1.0
    request_delay_seconds: Annotated[float, Field(ge=0, le=10)] = 0.0
    relearn_hours: Annotated[float, Field(gt=0, le=8_760)] = 24.0


def check_periods(document: Document, name: str, written: WrittenPolling) -> None:
    """Add a fault when fast is slower than normal, or slow faster."""
    if written.fast_seconds is not None and written.fast_seconds > written.poll_seconds:
        message = f"collectors.{name}.fast_seconds must not be above poll_seconds {written.poll_seconds:g}"
        document.fault(("collectors", name, "fast_seconds"), message)
    if written.slow_seconds is not None and written.slow_seconds < written.poll_seconds:
        message = f"collectors.{name}.slow_seconds must not be below poll_seconds {written.poll_seconds:g}"
        document.fault(("collectors", name, "slow_seconds"), message)
