"""Which requests a unit is asked, by class of polling: planned anew when it refuses one, or a value passes a limit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from gateway.codecs.modbus_plan import RegisterBlock, plan
from gateway.codecs.modbus_registers import BlockDecoder
from gateway.collectors.contract import CollectedDevice
from gateway.collectors.modbus_memory import UnitMemory
from gateway.model import SECOND, Int32s
from gateway.profiles import Point, PollClass, RegisterPlace

_HOLD_NS = 60 * SECOND
"""A point stays fast for so long after it came back."""
CLASSES: tuple[PollClass, ...] = ("normal", "fast", "slow")


class Ask(NamedTuple):
    """One request and what its reply means."""

    block: RegisterBlock
    decoder: BlockDecoder
    channels: Int32s

    @property
    def has_texts(self) -> bool:
        """Whether the block holds texts."""
        return len(self.channels) < len(self.block.points)


class Asking:
    """The requests of one unit."""

    def __init__(self, collected: CollectedDevice, memory: UnitMemory | None = None) -> None:
        self._profile = collected.device.profile
        self._channels = collected.channels
        self._memory = memory or UnitMemory()
        points = [point for point in self._profile.points.values() if isinstance(point.place, RegisterPlace)]
        self._points = [point for point in points if point.name in collected.channels]
        self._text_points = [point for point in points if point.is_text]
        self._limited = {point.name: point for point in self._points if _has_limit(point)}
        self._fast_until_ns: dict[str, int] = {}
        self._asks: dict[PollClass, list[Ask]] = {}
        self.texts: list[Ask] = []
        """The requests for texts, which are asked seldom."""
        self.plan()

    @property
    def classes(self) -> list[PollClass]:
        """The classes that have points, or may get some."""
        may = {point.poll for point in self._points} | ({"fast"} if self._limited else set())
        if self._text_points and not may:
            may = {"slow"}
        return [poll for poll in CLASSES if poll in may]

    def asks(self, poll: PollClass) -> Sequence[Ask]:
        """Return the requests of a class."""
        return self._asks.get(poll, ())

    def plan(self) -> None:
        """Plan anew from what is known now."""
        by_class: dict[PollClass, list[Point]] = {}
        for point in self._points:
            by_class.setdefault("fast" if point.name in self._together_with_fast() else point.poll, []).append(point)
        self._asks = {poll: self._ask(points) for poll, points in by_class.items()}
        self.texts = self._ask(self._text_points)

    def follow(self, points: Iterable[Point], values: Iterable[float], now_ns: int) -> None:
        """Make points fast whose value passed its limit, and normal again some time after it came back."""
        if not self._limited:
            return
        before = set(self._fast_until_ns)
        for point, value in zip(points, values, strict=True):
            if point.name in self._limited and _is_beyond(point, value):
                self._fast_until_ns[point.name] = now_ns + _HOLD_NS
            elif self._fast_until_ns.get(point.name, now_ns) < now_ns:
                del self._fast_until_ns[point.name]
        if before != set(self._fast_until_ns):
            self.plan()

    def _together_with_fast(self) -> set[str]:
        """Return the points that are fast now, with the status points that speak of them."""
        fast = set(self._fast_until_ns)
        return fast | {rule.point for rule in self._profile.modbus.statuses if fast & set(rule.of)}

    def _ask(self, points: Iterable[Point]) -> list[Ask]:
        profile = self._profile
        blocks = plan(
            points,
            profile.max_gap_registers,
            profile.max_block_registers,
            hints=profile.modbus,
            cuts=self._memory.cuts,
        )
        asks = []
        for block in blocks:
            decoder = BlockDecoder(block)
            channels = [self._channels[point.name] for point in decoder.points if point.name in self._channels]
            asks.append(Ask(block, decoder, np.array(channels, np.int32)))
        return asks


def _has_limit(point: Point) -> bool:
    return point.fast_above is not None or point.fast_below is not None


def _is_beyond(point: Point, value: float) -> bool:
    """Tell whether a value is beyond its limit; a missing one is not."""
    return (point.fast_above is not None and value >= point.fast_above) or (
        point.fast_below is not None and value <= point.fast_below
    )
