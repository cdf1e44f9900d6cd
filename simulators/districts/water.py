"""A metered zone that a city's main feeds; its hydrants are flushed, which is no trouble but looks like some."""

from __future__ import annotations

from collections.abc import Sequence

from simulators.districts.metered import Zone
from simulators.districts.part import Part, Term, Written
from simulators.models.contract import Model


def water(size: int) -> Part:
    """Return a zone DMA-1 of `size` x `size` crossings.

    Its pipes are P-IN, P-1…; its gauges N-1 (inlet), N-2 and N-3 (corners); its hydrants HY-1….
    """
    zone = Zone("DMA-1", "一号计量分区", max(2, size), "P-", "N-", "HY-", "in", 10, 1)

    def models(term: Term) -> Sequence[Model]:
        return [zone.network(term, "zone.inp")]

    return Part(zone.assets(), zone.devices(), ZONE_LADDERS, models, channels=zone.channels(), kin=zone.kin())


ZONE_LADDERS: dict[str, Written] = {
    "service_pressure": {
        "quantity": "water_pressure",
        "hazard": "pressure_abnormal",
        "direction": "below",
        "rungs": {"yellow": 0.14, "orange": 0.10},
        "deadband": 0.01,
        "on_seconds": 300,
        "off_seconds": 600,
        "basis": "管网末梢最小服务水头 0.14 MPa，CJJ 207 (from memory, verify)",
    },
    "zone_night_flow": {
        "quantity": "night_flow_rise",
        "hazard": "pipe_leak",
        "rungs": {"blue": 10, "yellow": 20, "orange": 40},
        "deadband": 2,
        "basis": "最小夜间流量较自身基线升高；夜间流量法常用判据 10-20 % (from memory, verify); 40 % is ours",
    },
    "zone_burst": {
        "quantity": "burst_flow_rise",
        "hazard": "pipe_burst",
        "rungs": {"yellow": 20, "orange": 50, "red": 100},
        "deadband": 5,
        "off_seconds": 1800,
        "basis": "ours: a main of DN150 loses more than half of what such a zone takes; an open hydrant looks the same",
    },
}
"""What every metered zone is warned of. Its inflow alone tells of no burst: a Sunday on which people draw a little more
shifts it by two sigmas, too, and a burst needs three hours for that (`detectors.shifted`).
"""
