"""What is sampled fast: a trunk main with transient loggers, and a viaduct with accelerometers and strain gauges.

They are parts of their own, for each of their devices sends ten to a hundred readings a second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from simulators.districts.part import MQTT, Part, Term, Written, at
from simulators.districts.structures import drawn_span
from simulators.models import trunk as trunks
from simulators.models.bridge import Bridge
from simulators.models.contract import Model
from simulators.models.ranges import MEMORY
from simulators.models.transient import Pipeline
from simulators.models.trunk import Trunk, TrunkMain

_ACCELEROMETER_HZ = 50.0
_METRES, _WAVE_M_S = 1_700.0, 1_080.0
"""What the operator has surveyed: ductile iron of DN400 to DN600 (from memory, verify)."""
_ENDS = 0.04
"""The outer loggers stand so much of the length from the ends."""
_BORES = f"bores of trunk mains between a station and a zone {MEMORY}"


def trunk(size: int) -> Part:
    """Return a trunk main TM-1 of `size` sections TM-1-S1…, with loggers TL-1… from end to end."""
    sections = [f"TM-1-S{number}" for number in range(1, size + 1)]
    loggers = [f"TL-{number}" for number in range(1, 3 + size // 3)]
    inside: dict[str, Written] = {"part_of": ["TM-1"]}
    apart = (1.0 - 2.0 * _ENDS) / (len(loggers) - 1)
    along = {name: round(_METRES * (_ENDS + apart * number), 1) for number, name in enumerate(loggers)}
    assets: dict[str, Written] = {
        "TM-1": {
            "kind": "main",
            "lifeline": "water",
            "name": "输水干管",
            "location": at(0, 16),
            "wave_m_s": _WAVE_M_S,
        },
        **{
            name: {
                "kind": "pipe",
                "lifeline": "water",
                "name": f"输水干管第{number}段",
                "location": at(number, 16),
                "relations": inside,
            }
            for number, name in enumerate(sections, 1)
        },
        **{
            name: {
                "kind": "node",
                "lifeline": "water",
                "name": f"瞬态监测点 {name}",
                "location": at(number, 16.3),
                "relations": inside,
                "along_metres": along[name],
            }
            for number, name in enumerate(loggers)
        },
    }
    devices: dict[str, Written] = {
        f"logger-{number}": {"profile": "water/transient_logger", "collector": MQTT, "asset": name}
        for number, name in enumerate(loggers, 1)
    }

    def models(term: Term) -> Sequence[Model]:
        draws = term.draws
        drawn = draws.of("TM-1", trunks.RANGES)
        wave = _WAVE_M_S * drawn["wave_share"]
        bore = draws.among("TM-1", "millimetres", trunks.MILLIMETRES, "mm", _BORES)
        flow = drawn["velocity_m_s"] * math.pi * (bore / 1000.0) ** 2 / 4.0
        line = Pipeline(_METRES, bore, wave, drawn["friction"], drawn["head_metres"], flow)
        middles = {name: line.metres * (number + 0.5) / size for number, name in enumerate(sections)}
        return [TrunkMain(Trunk("TM-1", middles, along, line, drawn["noise_mpa"]), end_ns=term.end_ns, seed=term.seed)]

    kin = frozenset({"TM-1", *loggers})
    return Part(assets, devices, {"trunk_bursts": _WAVE}, models, kin=dict.fromkeys(sections, kin))


def viaduct(size: int) -> Part:
    """Return a viaduct BR-2 of `size` spans BR-2-S1…, each with an accelerometer and a strain gauge of raw blocks."""
    spans = [f"BR-2-S{number}" for number in range(1, size + 1)]
    inside: dict[str, Written] = {"part_of": ["BR-2"]}
    assets: dict[str, Written] = {
        "BR-2": {"kind": "bridge", "lifeline": "bridge", "name": "环城高架", "location": at(0, 52)},
        **{
            name: {
                "kind": "girder_section",
                "lifeline": "bridge",
                "name": f"高架第{number}跨跨中",
                "location": at(number, 52),
                "relations": inside,
            }
            for number, name in enumerate(spans, 1)
        },
    }
    devices: dict[str, Written] = {
        f"{sensor}-{number}": {"profile": profile, "collector": MQTT, "asset": name}
        for sensor, profile in (
            ("accelerometer", "bridge/accelerometer_waveform"),
            ("strain", "bridge/dynamic_strain"),
        )
        for number, name in enumerate(spans, 1)
    }

    def models(term: Term) -> Sequence[Model]:
        return [
            Bridge(drawn_span(name, term, wave_hz=_ACCELEROMETER_HZ), end_ns=term.end_ns, seed=term.seed)
            for name in spans
        ]

    ladders: dict[str, Written] = {}
    for number, name in enumerate(spans, 1):
        ladders[f"blow_{number}"] = {"channel": f"{name}.accelerometer-{number}.acceleration", **_BLOW}
        ladders[f"heavy_{number}"] = {"channel": f"{name}.strain-{number}.strain", **_HEAVY}
    return Part(assets, devices, ladders, models, kin={name: frozenset({"BR-2"}) for name in spans})


_WAVE: dict[str, Written] = {
    "quantity": "burst_wave",
    "hazard": "pipe_burst",
    "rungs": {"yellow": 0.005, "orange": 0.02},
    "deadband": 0.001,
    "off_seconds": 60,
    "basis": "ours: a steep fall of 5 and 20 kPa that two loggers saw come from between them",
}
_BLOW: dict[str, Written] = {
    "hazard": "strike",
    "of": "peak",
    "window_seconds": 2.0,
    "rungs": {"yellow": 1.5, "orange": 3.0},
    "deadband": 0.1,
    "off_seconds": 60,
    "basis": "ours: traffic shakes these spans by less than 0.5 m/s2",
}
_HEAVY: dict[str, Written] = {
    "hazard": "overload",
    "of": "peak",
    "window_seconds": 20.0,
    "rungs": {"yellow": 110, "orange": 180},
    "deadband": 10,
    "off_seconds": 60,
    "basis": (
        "ours: a vehicle of 49 t (the most that GB 1589 allows; from memory, verify) strains these spans by 40 to 60 "
        "um/m; two of the heaviest at once stay below 110. Take yours from the load test"
    ),
}
