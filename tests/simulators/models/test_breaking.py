"""What cannot be lost is refused, and what was really lost stands in the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.model import SECOND
from simulators.models.breaking import most_m3_h
from simulators.models.contract import Event, TooMuch, Window
from simulators.models.supply import GasMain, GasNetwork, HeatLine, HeatNetwork
from simulators.models.trunk import Trunk, TrunkMain
from simulators.models.water import Network, WaterNetwork
from simulators.weather import Climate
from simulators.world import World
from tests.simulators.models.town import town

HOUR = 3600 * SECOND
START = 1_749_945_600 * SECOND
END = START + 24 * HOUR


def _water(folder: Path) -> World:
    file = folder / "town.inp"
    file.write_text(town("1 1"))
    model = WaterNetwork(Network(file, {"HY": "J3"}, {"P-2": "P2"}), start_ns=START, end_ns=END, seed=2)
    return World([model], Climate(seed=4), START)


def _told(world: World) -> Window:
    (window,) = (one for one in world.windows if "amount" in one.detail)
    return window


@pytest.mark.parametrize(
    ("kind", "asset"), [("burst", "P-2"), ("leak", "P-2"), ("slow_leak", "P-2"), ("flush", "P-2"), ("flush", "HY")]
)
def test_more_than_a_bore_lets_out_is_refused_with_its_bound(kind: str, asset: str, tmp_path: Path) -> None:
    most = most_m3_h(250.0)
    with _water(tmp_path) as world:
        with pytest.raises(TooMuch, match=rf"{kind} at {asset}: amount must be m3/h .* at most {most:.4g}, got 100000"):
            world.stage(Event(START + HOUR, kind, asset, 100_000.0, 3600.0))
        world.stage(Event(START + HOUR, kind, asset, most, 3600.0))

        assert len(world.windows) == 1


def test_the_truth_tells_what_a_burst_really_lost_once_it_has(tmp_path: Path) -> None:
    with _water(tmp_path) as world:
        world.stage(Event(START + HOUR, "burst", "P-2", 600.0, 1800.0))
        before = _told(world).detail
        lost = []
        for minute in range(120):
            world.advance(START + minute * 60 * SECOND)
            lost.append(world.at(("P-2", "leak_flow"), START + minute * 60 * SECOND))
        after = _told(world).detail

    assert before == {"amount": 600.0}
    assert after == {"amount": 600.0, "most_m3_h": pytest.approx(max(lost), rel=1e-3)}
    assert 100 < max(lost) < 550
    assert lost[:60] == [0.0] * 60
    assert lost[-1] == 0.0


def test_a_flushing_is_told_by_what_it_drew_and_loses_nothing(tmp_path: Path) -> None:
    with _water(tmp_path) as world:
        world.stage(Event(START + HOUR, "flush", "P-2", 20.0, 1800.0))
        world.advance(START + 70 * 60 * SECOND)

        assert world.at(("P-2", "leak_flow"), START + 70 * 60 * SECOND) == 0.0
        assert _told(world).detail["most_m3_h"] == pytest.approx(20.0, rel=0.2)


def test_a_trunk_main_loses_less_than_was_meant_when_the_pressure_goes() -> None:
    model = TrunkMain(Trunk("TM", {"S-1": 800.0}, {"TL-1": 100.0}), end_ns=END)
    with World([model], Climate(seed=4), START) as world:
        with pytest.raises(TooMuch, match="at most 2050, got 100000"):
            world.stage(Event(START + 60 * SECOND, "burst", "S-1", 100_000.0))
        world.stage(Event(START + 60 * SECOND, "burst", "S-1", 1_500.0, 300.0))
        world.advance(START + 600 * SECOND)

        most = float(_told(world).detail["most_m3_h"])
        assert 500 < most < 1_450


@pytest.mark.slow
def test_gas_and_heat_mains_refuse_what_they_cannot_lose() -> None:
    gas = GasNetwork(GasMain("RS-1", ("G-1",)), end_ns=END)
    heat = HeatNetwork(HeatLine("HP-1", ("H-1",)), end_ns=END)

    with pytest.raises(TooMuch, match="at most"):
        gas.stage(Event(START, "gas_leak", "G-1", 1e6))
    with pytest.raises(TooMuch, match="at most"):
        heat.stage(Event(START, "heat_leak", "H-1", 1e5))
