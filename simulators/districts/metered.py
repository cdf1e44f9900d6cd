"""A metered zone: a grid of pipes fed by one inlet, with a flow meter there, gauges in its corners, and hydrants.

It says what a site file says of it and lays its pipes; what feeds it, and what it is warned of, others say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from simulators.districts.part import LINE, Term, Written, at
from simulators.districts.zone import Grid, Source, junction, zone_file
from simulators.models.water import Network, WaterNetwork


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone of `side` x `side` crossings, and what the city calls its parts; devices and units follow from these."""

    id: str
    title: str
    side: int
    pipe: str
    """What its pipes' names begin with; the inlet is this and IN."""
    gauge: str
    hydrant: str
    suffix: str
    """What its devices' names end with."""
    row: float
    first_unit: int

    @property
    def inlet(self) -> str:
        """The pipe by which it is fed."""
        return f"{self.pipe}IN"

    @property
    def pipes(self) -> Grid:
        """Its pipes by name: 1… along the rows, then along the columns."""
        side = self.side
        ends = [((column, row), (column + 1, row)) for row in range(side) for column in range(side - 1)]
        ends += [((column, row), (column, row + 1)) for row in range(side - 1) for column in range(side)]
        return {f"{self.pipe}{number}": pair for number, pair in enumerate(ends, 1)}

    @property
    def gauges(self) -> Mapping[str, tuple[int, int]]:
        """Its pressure gauges: at the inlet and in two corners."""
        last = self.side - 1
        return {f"{self.gauge}{number}": where for number, where in enumerate([(0, 0), (last, last), (last, 0)], 1)}

    @property
    def hydrants(self) -> Mapping[str, tuple[int, int]]:
        """Its hydrants, at every other crossing: two pipes apart at the most."""
        side = range(self.side)
        wet = [(column, row) for row in side for column in side if (column + row) % 2 == 0]
        return {f"{self.hydrant}{number}": where for number, where in enumerate(wet, 1)}

    def assets(self) -> dict[str, Written]:
        """Return what the city owns of it, for a site file."""
        within: list[Written] = [self.id]
        assets: dict[str, Written] = {
            self.id: {"kind": "dma", "lifeline": "water", "name": self.title, "location": at(2, self.row + 2)},
            self.inlet: {
                "kind": "pipe",
                "lifeline": "water",
                "name": "分区进水管 DN150",
                "location": at(0, self.row),
                "relations": {"part_of": within, "inlet_of": within},
            },
        }
        for name, kind, title, (column, row) in self._named():
            assets[name] = {
                "kind": kind,
                "lifeline": "water",
                "name": f"{title} {name}",
                "location": at(column, self.row + row),
                "relations": {"part_of": within},
            }
        return assets

    def _named(self) -> Iterator[tuple[str, str, str, tuple[int, int]]]:
        for name, where in self.gauges.items():
            yield name, "node", "测压点", where
        for name, where in self.hydrants.items():
            yield name, "hydrant", "消火栓", where
        for name, (start, _) in self.pipes.items():
            yield name, "pipe", "配水管", start

    def devices(self) -> dict[str, Written]:
        """Return its meter and its gauges, for a site file."""
        mounted = {f"meter-{self.suffix}": (self.inlet, "water/tuf2000m", self.first_unit)}
        for number, name in enumerate(self.gauges, 1):
            mounted[self.gauge_device(number)] = (name, "water/keller_36xw", self.first_unit + 9 + number)
        return {
            device: {"profile": profile, "collector": LINE, "asset": asset, "unit": unit, "report_seconds": 60}
            for device, (asset, profile, unit) in mounted.items()
        }

    def gauge_device(self, number: int) -> str:
        """Return the name of the device of a gauge."""
        return f"gauge-{number}" if self.suffix == "in" else f"gauge-{self.suffix}-{number}"

    def channels(self) -> dict[str, Written]:
        """Return what is said of its channels: the span of the meter is that of this pipe.

        What a channel may vary by, without being told, is a share of its span.
        """
        return {self.flow: {"span": [-50, 400]}}

    def kin(self) -> dict[str, frozenset[str]]:
        """Return where the trouble of its pipes shows."""
        return dict.fromkeys((self.inlet, *self.pipes), frozenset({self.id, self.inlet, *self.gauges}))

    @property
    def flow(self) -> str:
        """The channel of its inlet's flow."""
        return f"{self.inlet}.meter-{self.suffix}.flow"

    def network(
        self, term: Term, file: str, source: Source | None = None, nodes: Mapping[str, str] | None = None, *links: str
    ) -> WaterNetwork:
        """Lay its pipes and return their physics; `nodes` and `links` are what of its source has a name."""
        path = term.folder / file
        path.write_text(zone_file(self.id, self.inlet, self.side, self.pipes, term.draws, source=source))
        places = {**self.gauges, **self.hydrants}
        named = {**{name: junction(*place) for name, place in places.items()}, **(nodes or {})}
        return WaterNetwork(
            Network(path, named, {name: name for name in (self.inlet, *self.pipes, *links)}),
            start_ns=term.start_ns,
            end_ns=term.end_ns,
            utc_offset_seconds=term.utc_offset_seconds,
            seed=term.seed,
        )
