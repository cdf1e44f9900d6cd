"""A metered zone: a grid of pipes fed by one inlet, with a flow meter there and pressure gauges in its corners."""

from __future__ import annotations

from collections.abc import Sequence

from simulators.districts.part import LINE, Part, Term, Written, at
from simulators.districts.zone import junction, zone_file
from simulators.models.contract import Model
from simulators.models.water import Network, WaterNetwork


def water(size: int) -> Part:
    """Return a zone DMA-1 of `size` x `size` junctions: pipes P-IN, P-1…; gauges N-1 (inlet), N-2 and N-3 (corners)."""
    side = max(2, size)
    corners = {"N-1": (0, 0), "N-2": (side - 1, side - 1), "N-3": (side - 1, 0)}
    pipes = _pipes(side)
    zone: Written = ["DMA-1"]
    assets: dict[str, Written] = {
        "DMA-1": {"kind": "dma", "lifeline": "water", "name": "一号计量分区", "location": at(2, 12)},
        "P-IN": {
            "kind": "pipe",
            "lifeline": "water",
            "name": "分区进水管 DN150",
            "location": at(0, 10),
            "relations": {"part_of": zone, "inlet_of": zone},
        },
    }
    for name, (column, row) in corners.items():
        where = at(column, 10 + row)
        part: dict[str, Written] = {"part_of": zone}
        assets[name] = {
            "kind": "node",
            "lifeline": "water",
            "name": f"测压点 {name}",
            "location": where,
            "relations": part,
        }
    for name, (start, _) in pipes.items():
        inside: dict[str, Written] = {"part_of": zone}
        assets[name] = {
            "kind": "pipe",
            "lifeline": "water",
            "name": f"配水管 {name}",
            "location": at(start[0], 10 + start[1]),
            "relations": inside,
        }
    devices: dict[str, Written] = {
        "meter-in": {"profile": "water/tuf2000m", "collector": LINE, "asset": "P-IN", "unit": 1, "report_seconds": 60},
        **{
            f"gauge-{number}": {
                "profile": "water/keller_36xw",
                "collector": LINE,
                "asset": name,
                "unit": 10 + number,
                "report_seconds": 60,
            }
            for number, name in enumerate(corners, 1)
        },
    }

    def models(term: Term) -> Sequence[Model]:
        file = term.folder / "zone.inp"
        file.write_text(zone_file("DMA-1", side, pipes, term.draws))
        nodes = {name: junction(*place) for name, place in corners.items()}
        links = {"P-IN": "P-IN", **{name: name for name in pipes}}
        network = WaterNetwork(
            Network(file, nodes, links),
            start_ns=term.start_ns,
            end_ns=term.end_ns,
            utc_offset_seconds=term.utc_offset_seconds,
            seed=term.seed,
        )
        return [network]

    kin = frozenset({"DMA-1", "P-IN", *corners})
    # The span is that of this pipe: what a channel may vary by, without being told, is a share of it.
    channels: dict[str, Written] = {"P-IN.meter-in.flow": {"span": [-50, 400]}}
    return Part(assets, devices, _LADDERS, models, channels=channels, kin=dict.fromkeys(("P-IN", *pipes), kin))


_LADDERS: dict[str, Written] = {
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
        "basis": "ours: a hydrant draws less than a fifth of what such a zone takes; a main of DN150 more than half",
    },
    "inlet_flow": {
        "channel": "P-IN.meter-in.flow",
        "hazard": "pipe_burst",
        "of": "shift",
        "rungs": {"yellow": 2, "orange": 3},
        "deadband": 0.5,
        "on_seconds": 120,
        "off_seconds": 1800,
        "basis": "inlet flow 3 sigma above its daily course tells of a burst (from memory); 2 lasting ones are ours",
    },
}


def _pipes(side: int) -> dict[str, tuple[tuple[int, int], tuple[int, int]]]:
    """Return the pipes of the grid by name: P-1… along the rows, then along the columns."""
    ends = [((column, row), (column + 1, row)) for row in range(side) for column in range(side - 1)]
    ends += [((column, row), (column, row + 1)) for row in range(side - 1) for column in range(side)]
    return {f"P-{number}": pair for number, pair in enumerate(ends, 1)}
