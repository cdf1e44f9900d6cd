"""How long a line needs for what it is asked: requests, bytes, cycle time and load, before any device is there.

A serial exchange is request + turnaround + reply + gap; a character takes (1 + data + parity + stop) / baud seconds
(MODBUS over Serial Line V1.02, 2.5.1). Over TCP an exchange is one round trip, guessed unless it was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.codecs.modbus_plan import RegisterBlock
from gateway.collectors.contract import CollectedDevice
from gateway.collectors.modbus_asking import Asking
from gateway.profiles import PollClass
from gateway.settings import ModbusRtuSettings, ModbusSettings, ModbusTcpSettings, period_seconds

_MBAP_INSTEAD_OF_CRC = 4
_FRAME_GAP_CHARACTERS = 3.5
_ASCII_EXTRA = 2
TURNAROUND_SECONDS = 0.01
"""What a unit on a serial line takes to answer, where nothing better is known."""
ROUND_TRIP_SECONDS = {"modbus_tcp": 0.005, "modbus_rtu_over_tcp": 0.05, "modbus_server": 0.3}
"""What an exchange takes over a network: a plant's, a serial server's, a mobile one's (20-80 ms per request seen)."""


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """One request of one unit."""

    device: str
    unit: int
    poll: PollClass
    period_seconds: float
    block: RegisterBlock
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class LineBudget:
    """What one line has to carry."""

    collector: str
    where: str
    requests: tuple[PlannedRequest, ...]
    points: int
    warnings: tuple[str, ...]

    @property
    def cycle_seconds(self) -> float:
        """The time to ask everything once, one request behind the other."""
        return sum(request.seconds for request in self.requests)

    @property
    def bytes_a_cycle(self) -> int:
        """The bytes of requests and replies of asking everything once."""
        return sum(request.bytes for request in self.requests)

    @property
    def requests_a_second(self) -> float:
        """How many requests the line carries a second."""
        return sum(1 / request.period_seconds for request in self.requests)

    @property
    def load(self) -> float:
        """The share of time that the line is busy; above 1 nothing fits."""
        return sum(request.seconds / request.period_seconds for request in self.requests)


def budget(settings: ModbusSettings, devices: Sequence[CollectedDevice], *, where: str = "") -> LineBudget:
    """Return what a line with these devices has to carry."""
    requests: list[PlannedRequest] = []
    warnings: list[str] = []
    settle = 0.0
    for collected in devices:
        asking, device = Asking(collected), collected.device
        for poll in asking.classes:
            period = period_seconds(settings, poll)
            for ask in asking.asks(poll):
                seconds = exchange_seconds(settings, ask.block, device.profile.modbus.request_delay_seconds)
                size = _bytes(settings, ask.block)
                requests.append(PlannedRequest(device.id, device.unit or 0, poll, period, ask.block, size, seconds))
        warm_up = device.profile.modbus.warm_up
        if warm_up is not None and warm_up.every == "poll":
            settle = max(settle, warm_up.settle_seconds)
        warnings += _serial_mismatch(settings, collected)
    line = LineBudget(settings.id, where or settings.where, tuple(requests), sum(len(d.channels) for d in devices), ())
    if settle > settings.poll_seconds:
        warnings.append(f"a unit needs {settle:g} s to warm up, more than poll_seconds {settings.poll_seconds:g}")
    return LineBudget(line.collector, line.where, line.requests, line.points, (*_fits(settings, line), *warnings))


def exchange_seconds(settings: ModbusSettings, block: RegisterBlock, delay_seconds: float = 0.0) -> float:
    """Return how long one request and its reply hold the line."""
    delay = max(settings.request_delay_seconds, delay_seconds)
    if not isinstance(settings, ModbusRtuSettings):
        return ROUND_TRIP_SECONDS[settings.kind] + delay
    gap = max(delay, _FRAME_GAP_CHARACTERS * settings.character_seconds)
    return _bytes(settings, block) * settings.character_seconds + TURNAROUND_SECONDS + gap


def _bytes(settings: ModbusSettings, block: RegisterBlock) -> int:
    both = block.request_bytes + block.reply_bytes
    if settings.framing == "ascii":
        return _ASCII_EXTRA * both + 2
    return both + 2 * _MBAP_INSTEAD_OF_CRC if settings.framing == "tcp" else both


def _fits(settings: ModbusSettings, line: LineBudget) -> list[str]:
    """Return what cannot work, with what would help."""
    warnings = []
    for poll in ("fast", "normal", "slow"):
        mine = [request for request in line.requests if request.poll == poll]
        if not mine:
            continue
        seconds, period = sum(request.seconds for request in mine), mine[0].period_seconds
        if seconds > period:
            warnings.append(f"the {poll} points need {seconds:.2f} s a cycle, more than their period of {period:g} s")
    if line.load > 1:
        least = settings.poll_seconds * line.load * 1.2
        warnings.append(f"the line is asked {line.load:.0%} of its time: set poll_seconds to {least:.1f} or more")
    elif line.load > 0.7:  # noqa: PLR2004 - room for one unit that does not answer
        warnings.append(f"the line is busy {line.load:.0%} of its time: a unit that does not answer delays the others")
    if not isinstance(settings, ModbusTcpSettings) and line.requests:
        slowest = max(request.seconds for request in line.requests)
        if slowest > settings.timeout_seconds:
            message = f"a reply takes up to {slowest:.2f} s, timeout_seconds is {settings.timeout_seconds:g}"
            warnings.append(message)
    return warnings


def _serial_mismatch(settings: ModbusSettings, collected: CollectedDevice) -> list[str]:
    known = collected.device.profile.modbus.serial
    if known is None or not isinstance(settings, ModbusRtuSettings):
        return []
    if (known.baud, known.parity, known.stop_bits) == (settings.baud, settings.parity, settings.stop_bits):
        return []
    wanted = f"{known.baud} 8{known.parity}{known.stop_bits}"
    return [f"{collected.device.id} leaves the works with {wanted}; set it to the line's settings"]
