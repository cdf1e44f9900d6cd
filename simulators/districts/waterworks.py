"""A metered zone on a hill: a pump lifts water into a tank, and the tank serves the zone.

The pump starts and stops by the level of the tank. When it fails the tank runs down, and what then comes from the zone
next door through a check valve is too little for the upper floors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from simulators.districts.metered import Zone
from simulators.districts.part import LINE, MQTT, Part, Term, Written, at
from simulators.districts.water import ZONE_LADDERS
from simulators.districts.zone import junction
from simulators.models.contract import Model
from simulators.models.ranges import MEMORY, Draws, Range

PUMP, TANK, RISING = "WP-1", "WT-1", "RM-1"
_TANK_DEVICE = "level-wt-1"
WORKS: Mapping[str, Range] = {
    "well_metres": Range(7.0, 9.0, "m", "proposal: the clear-water well, below the ground of the zone at 12 m"),
    "floor_metres": Range(33.5, 34.5, "m", f"24 m above ground serve five floors (10, 12, then 4 m each) {MEMORY}"),
    "start_metres": Range(1.8, 2.2, "m", "proposal: a half of the tank, for fires and for a pump that fails"),
    "stop_metres": Range(3.2, 3.5, "m", "proposal: a metre under the overflow"),
    "hours_between": Range(2.5, 3.5, "h", f"GB 50013: a tank holds 10 to 20 % of the daily demand or more {MEMORY}"),
    "lift_share": Range(2.0, 2.4, "1", "proposal: the pump lifts twice the mean demand, more than the peak hour"),
    "spare_head_metres": Range(1.0, 3.0, "m", "proposal: what losses and age take of the head of a pump"),
    "next_door_metres": Range(23.0, 25.0, "m", "proposal: the head of the low zone beside it, for two floors"),
}
_BRIM_METRES, _LEAST_METRES = 4.5, 0.3


def waterworks(size: int) -> Part:
    """Return a zone DMA-2 of `size` x `size` crossings behind the tank WT-1, which the pump WP-1 fills.

    Its pipes are H-IN, H-1…; its gauges NH-1 (inlet), NH-2 and NH-3 (corners); its hydrants HH-1…; RM-1 is the rising
    main from pump to tank.
    """
    zone = Zone("DMA-2", "二号高区计量分区", max(2, size), "H-", "NH-", "HH-", "high", 16, 40)
    assets: dict[str, Written] = {
        **zone.assets(),
        PUMP: {
            "kind": "pump",
            "lifeline": "water",
            "name": "高区加压泵",
            "location": at(6, 16),
            "relations": {"fills": [TANK]},
        },
        TANK: {"kind": "tank", "lifeline": "water", "name": "高位水池", "location": at(6, 18)},
        RISING: {"kind": "pipe", "lifeline": "water", "name": "输水管 RM-1 DN200", "location": at(6, 17)},
    }
    devices: dict[str, Written] = {
        **zone.devices(),
        _TANK_DEVICE: {
            "profile": "drainage/vegapuls",
            "collector": LINE,
            "asset": TANK,
            "unit": 60,
            "report_seconds": 60,
        },
        "pump-wp-1": {"profile": "drainage/pump_node", "collector": MQTT, "asset": PUMP, "report_seconds": 60},
    }

    def models(term: Term) -> Sequence[Model]:
        def source(mean: float) -> Sequence[str]:
            return _works(mean, term.draws)

        return [zone.network(term, "waterworks.inp", source, {TANK: "SOURCE"}, PUMP, RISING)]

    ladders: dict[str, Written] = {**ZONE_LADDERS, **_LADDERS}
    level = f"{TANK}.{_TANK_DEVICE}.level"
    channels: dict[str, Written] = {**zone.channels(), level: {"span": [0, 6], "stuck_seconds": None}}
    kin = {**zone.kin(), PUMP: frozenset({TANK}), RISING: frozenset({TANK})}
    return Part(assets, devices, ladders, models, channels=channels, kin=kin)


def _works(mean: float, draws: Draws) -> Sequence[str]:
    """Return what feeds a zone that draws so many L/s in the mean, as sections of an EPANET file."""
    own, started = draws.of(PUMP, WORKS), "NODE SOURCE"
    volume = mean * 3.6 * own["hours_between"]
    metres = math.sqrt(4.0 * volume / math.pi / (own["stop_metres"] - own["start_metres"]))
    head = own["floor_metres"] + own["stop_metres"] - own["well_metres"] + own["spare_head_metres"]
    half = (own["start_metres"] + own["stop_metres"]) / 2.0
    return [
        "[JUNCTIONS]",
        "LIFTED 8 0",
        "[RESERVOIRS]",
        f"WELL {own['well_metres']:g}",
        f"NEXT {own['next_door_metres']:g}",
        "[TANKS]",
        f"SOURCE {own['floor_metres']:g} {half:.4g} {_LEAST_METRES} {_BRIM_METRES} {metres:.4g} 0 * YES",
        "[PUMPS]",
        f"{PUMP} WELL LIFTED HEAD LIFT",
        "[CURVES]",
        f"LIFT {mean * own['lift_share']:.4g} {head:.4g}",
        "[PIPES]",
        f"{RISING} LIFTED SOURCE 500 200 120 0 Open",
        f"NEXT-DOOR NEXT {junction(0, 0)} 400 100 110 0 CV",
        "[CONTROLS]",
        f"LINK {PUMP} OPEN IF {started} BELOW {own['start_metres']:g}",
        f"LINK {PUMP} CLOSED IF {started} ABOVE {own['stop_metres']:g}",
    ]


_LADDERS: dict[str, Written] = {
    "filling_pump_stands": {
        "quantity": "pump_overdue",
        "asset": PUMP,
        "hazard": "pump_failure",
        "rungs": {"yellow": 0.05, "orange": 0.3},
        "deadband": 0.02,
        "off_seconds": 300,
        "basis": "ours: the tank is lower than it was ever let, and its pump stands; 0.3 m are half an hour of demand",
    },
    "tank_low": {
        "channel": f"{TANK}.{_TANK_DEVICE}.level",
        "hazard": "supply_abnormal",
        "direction": "below",
        "rungs": {"yellow": 1.4, "orange": 1.1, "red": 0.6},
        "deadband": 0.1,
        "on_seconds": 120,
        "off_seconds": 600,
        "basis": "ours: the pump starts at 1.8 m or above, a fifth is left at 1.1 m, and the outlet is at 0.3 m",
    },
    "tank_high": {
        "channel": f"{TANK}.{_TANK_DEVICE}.level",
        "hazard": "supply_abnormal",
        "rungs": {"yellow": 3.8, "orange": 4.2},
        "deadband": 0.1,
        "on_seconds": 120,
        "off_seconds": 600,
        "basis": "ours: the pump stops at 3.5 m at the highest, and the tank overflows at 4.5 m",
    },
}
