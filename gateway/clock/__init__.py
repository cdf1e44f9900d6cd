"""Time as the gateway sees it: clocks to pass in, and how far this box's own can be trusted."""

from gateway.clock.clock import Clock, FakeClock, SystemClock, to_iso
from gateway.clock.steady import Stamps, SteadyClock, is_stamp, monotonic_of
from gateway.clock.trust import EARLIEST_NS, ClockTrust, Ntp, SystemTrust

__all__ = [
    "EARLIEST_NS",
    "Clock",
    "ClockTrust",
    "FakeClock",
    "Ntp",
    "Stamps",
    "SteadyClock",
    "SystemClock",
    "SystemTrust",
    "is_stamp",
    "monotonic_of",
    "to_iso",
]
