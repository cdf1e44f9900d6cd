"""The sewers of about 300 ha with an underpass and its pump: levels by radar, rain by one gauge."""

from __future__ import annotations

import importlib.resources
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from gateway.model import Floats
from simulators.districts.part import LINE, MQTT, Part, Term, Written, at
from simulators.districts.sewers import sewers_file
from simulators.models.contract import Event, Model, Place, Window
from simulators.models.drainage import DrainageNetwork, Sewers
from simulators.weather import Weather

_NODES = {"SW-1": "J2", "SW-2": "J3", "SW-3": "J5", "SW-4": "J7", "SW-5": "B2", "SW-6": "B3", "SW-7": "B4"}
_ORIFICES = {"SP-1": "OR1", "SP-3": "OR2", "SP-5": "OR3", "SP-6": "OR4"}
_ABOVE = {"SP-1": "SW-1", "SP-3": "SW-3", "SP-5": "SW-5", "SP-6": "SW-6"}
"""Sewer pipe → the manhole above it, whose level rises when it is blocked."""
_BELOW = {
    "SW-1": "SP-1",
    "SP-1": "SW-2",
    "SW-2": "SW-3",
    "SW-3": "SP-3",
    "SP-3": "SW-4",
    "SW-5": "SP-5",
    "SP-5": "SW-3",
    "SW-6": "SP-6",
    "SP-6": "SW-4",
    "SW-7": "SW-4",
}
"""Manhole or sewer → what it runs into next."""
_ROAD_METRES = 1.5


class RainGauge:
    """What falls on a gauge: the weather itself."""

    step_seconds = 60.0

    def __init__(self, asset: str) -> None:
        self.places: tuple[Place, ...] = ((asset, "rain_rate"),)
        self.happened: tuple[Window, ...] = ()

    def stage(self, event: Event) -> Window | None:
        """Refuse every event: rain is given as weather."""
        raise ValueError(f"{event.kind} at {event.asset}: rain is given as weather, not as an event")

    def step(self, time_ns: int, weather: Weather, others: Mapping[Place, float]) -> Floats:
        """Return the rain of this minute."""
        del time_ns, others
        return np.array([weather.rain_mm_h])

    def close(self) -> None:
        """Nothing is held."""


def drainage(size: int) -> Part:
    """Return `size` (1 to 7) watched manholes SW-1…, an underpass UP-1 with pump PS-1, and a rain gauge RG-1."""
    watched = dict(list(_NODES.items())[: max(1, min(size, len(_NODES)))])
    assets: dict[str, Written] = {
        "UP-1": {
            "kind": "underpass",
            "lifeline": "drainage",
            "name": "铁路下穿通道",
            "location": at(4, 24),
            "relations": {"near": ["RG-1"]},
        },
        "PS-1": {
            "kind": "pump",
            "lifeline": "drainage",
            "name": "下穿通道排水泵",
            "location": at(4, 24),
            "relations": {"drains": ["UP-1"]},
        },
        "RG-1": {"kind": "rain_gauge", "lifeline": "drainage", "name": "雨量站", "location": at(3, 24)},
    }
    for number, name in enumerate(watched):
        assets[name] = {
            "kind": "manhole",
            "lifeline": "drainage",
            "name": f"雨水井 {name}",
            "location": at(number, 22),
            "relations": {"near": ["RG-1"], **_flows_to(name, watched)},
        }
    for number, (pipe, above) in enumerate(_ABOVE.items()):
        relations: dict[str, Written] = {"near": [above]} if above in watched else {}
        relations |= _flows_to(pipe, watched)
        assets[pipe] = {
            "kind": "sewer",
            "lifeline": "drainage",
            "name": f"排水管 {pipe}",
            "location": at(number, 22.5),
            "relations": relations,
        }
    radars = {"UP-1": 100, **{name: 101 + number for number, name in enumerate(watched)}}
    devices: dict[str, Written] = {
        f"radar-{name.lower()}": {
            "profile": "drainage/vegapuls",
            "collector": LINE,
            "asset": name,
            "unit": unit,
            "report_seconds": 60,
        }
        for name, unit in radars.items()
    }
    devices["rain-1"] = {
        "profile": "drainage/rain_gauge",
        "collector": MQTT,
        "asset": "RG-1",
        "report_seconds": 60,
    }
    devices["pump-1"] = {
        "profile": "drainage/pump_node",
        "collector": MQTT,
        "asset": "PS-1",
        "report_seconds": 60,
    }

    def models(term: Term) -> Sequence[Model]:
        shipped = Path(str(importlib.resources.files("simulators"))) / "networks" / "drainage.inp"
        file = term.folder / shipped.name
        file.write_text(sewers_file(shipped.read_text(), "PS-1", term.draws))
        sewers = Sewers(file, {**watched, "UP-1": "U"}, {**_ORIFICES, "PS-1": "P1"}, {"UP-1": _ROAD_METRES})
        network = DrainageNetwork(
            sewers,
            start_ns=term.start_ns,
            end_ns=term.end_ns,
            utc_offset_seconds=term.utc_offset_seconds,
            seed=term.seed,
        )
        return [network, RainGauge("RG-1")]

    kin = {pipe: frozenset({above}) for pipe, above in _ABOVE.items()}
    kin["PS-1"] = frozenset({"UP-1"})
    channels: dict[str, Written] = {"UP-1.radar-up-1.level": {"span": [0, 5], "stuck_seconds": None}}
    # One ladder a manhole: the sump of the underpass has limits of its own.
    wells: dict[str, Written] = {
        f"level_{name.lower().replace('-', '_')}": {"channel": f"{name}.radar-{name.lower()}.level", **_MANHOLE}
        for name in watched
    }
    return Part(assets, devices, {**wells, **_LADDERS}, models, channels=channels, kin=kin)


def _flows_to(name: str, watched: Collection[str]) -> dict[str, Written]:
    below = _BELOW.get(name)
    return {"upstream_of": [below]} if below and (below in watched or below in _ABOVE) else {}


_MANHOLE: dict[str, Written] = {
    "hazard": "sewer_overflow",
    "rungs": {"yellow": 2.0, "orange": 2.5},
    "deadband": 0.1,
    "on_seconds": 120,
    "off_seconds": 600,
    "basis": "pre-alarm 2.0 m and alarm 2.5 m of a published drainage product; these manholes are 3 m deep",
}
_LADDERS: dict[str, Written] = {
    "pump_stands": {
        "quantity": "pump_overdue",
        "hazard": "pump_failure",
        "rungs": {"yellow": 0.05, "orange": 0.2},
        "deadband": 0.02,
        "off_seconds": 300,
        "basis": "ours: the level is past where the pump ever started, and it stands",
    },
    "sewer_backs_up": {
        "quantity": "backed_up_level",
        "hazard": "sewer_blockage",
        "rungs": {"blue": 0.1, "yellow": 0.3, "orange": 0.8},
        "deadband": 0.05,
        "off_seconds": 3600,
        "basis": "ours: a dry-weather level over what the other manholes say; these manholes are 3 m deep",
    },
    "underpass_depth": {
        "channel": "UP-1.radar-up-1.level",
        "hazard": "waterlogging",
        "rungs": {"blue": 1.55, "yellow": 1.65, "orange": 1.77, "red": 1.90},
        "deadband": 0.02,
        "on_seconds": 60,
        "off_seconds": 600,
        "basis": "路面高于泵坑底 1.5 m；积水 5/15/27/40 cm，GB 51222-2017 (from memory, verify)",
    },
    "underpass_forecast": {
        "quantity": "forecast_level",
        "asset": "UP-1",
        "hazard": "waterlogging",
        "rungs": {"blue": 1.65, "yellow": 1.77, "orange": 1.90},
        "deadband": 0.02,
        "on_seconds": 120,
        "off_seconds": 900,
        "basis": "30 min 后路面积水 15/27/40 cm，GB 51222-2017 (from memory, verify)",
    },
}
