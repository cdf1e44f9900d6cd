"""Files that EPANET and SWMM do not take, and runs that they do not finish: the reason, and nothing left behind."""

from __future__ import annotations

import importlib.resources
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.model import SECOND
from simulators.models.contract import Event, Model
from simulators.models.drainage import DrainageNetwork, Sewers
from simulators.models.network_text import network_text, sections_of
from simulators.models.refusal import BrokenOff, FileRefused
from simulators.models.supply import GasMain, GasNetwork, HeatLine, HeatNetwork
from simulators.models.water import Network, WaterNetwork
from simulators.weather import Climate
from simulators.world import World
from tests.simulators.models.town import town

START = 1_749_945_600 * SECOND
END = START + 12 * 3600 * SECOND
SEWERS = (Path(str(importlib.resources.files("simulators"))) / "networks" / "drainage.inp").read_text()
ZONE = town("1 1 1 1 1 1 1 1 1 60 1 1 1 1 1 1 1 1 1 1 1 1 1 1")


def _water(file: Path) -> Model:
    return WaterNetwork(Network(file, {"N-3": "J3"}, {"P-1": "P1"}), start_ns=START, end_ns=END, seed=2)


def _drainage(file: Path) -> Model:
    return DrainageNetwork(Sewers(file, {"MH-2": "J2"}), start_ns=START, end_ns=END, seed=2)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize(
    ("model", "text", "said"),
    [
        (_water, ZONE.replace("P2 J2 J3 400", "P2 J2 J3 long"), [(11, "error 202: illegal numeric value long")]),
        (_water, ZONE.replace("Units LPS", "Units BUCKETS"), [(22, "error 213: invalid option value BUCKETS")]),
        (_water, ZONE.replace("J3 6 12", "J3 6 12\nJ4 6 12"), [(5, "error 233: unconnected node J4")]),
        (_water, ZONE.replace("J3 6 12", "J3 6 much").replace("P1 J1 J2", "P1 J1 J9"), [(4, "202"), (10, "J9")]),
        (_water, "", [(1, "error 223: not enough nodes in network")]),
        (_drainage, SEWERS.replace("UNITS CMS", "UNITS BUCKETS"), [(2, "error 205: invalid keyword BUCKETS")]),
        (_drainage, SEWERS.replace("S_J2 G1 J2", "S_J2 G1 J9"), [(28, "error 209: undefined object J9")]),
        (_drainage, "", [(1, "error 191")]),
    ],
)
def test_a_file_is_refused_with_its_line_and_the_reason(
    model: Callable[[Path], Model], text: str, said: list[tuple[int, str]], tmp_path: Path, temporary: Path
) -> None:
    file = tmp_path / "broken.inp"
    file.write_text(text)

    with pytest.raises(FileRefused) as refusal:
        model(file)

    faults = refusal.value.faults
    assert [fault.line for fault in faults] == [line for line, _ in said]
    assert all(words in fault.message for fault, (_, words) in zip(faults, said, strict=True))
    assert {fault.file for fault in faults} == {str(file)}
    assert list(temporary.iterdir()) == []
    assert [path.name for path in tmp_path.glob("*.*")] == ["broken.inp"]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path, temporary: Path) -> None:
    for model in (_water, _drainage):
        with pytest.raises(FileRefused, match=r"nowhere\.inp:1:1: .*No such file"):
            model(tmp_path / "nowhere.inp")

    assert list(temporary.iterdir()) == []


def test_epanet_that_gives_up_in_the_middle_says_when_and_why(tmp_path: Path, temporary: Path) -> None:
    file = tmp_path / "zone.inp"
    file.write_text(ZONE.replace("[OPTIONS]", "[OPTIONS]\nTrials 5\nUnbalanced STOP"))

    with (
        World([_water(file)], Climate(seed=4), START) as world,
        pytest.raises(BrokenOff, match=r"zone\.inp: EPANET could not go on at 2025-06-15T09:00.*Unbalanced STOP"),
    ):
        world.advance(END)

    assert world.now_ns > START
    assert list(temporary.iterdir()) == []


def test_swmm_that_gives_up_says_when_and_why_and_lets_another_begin(tmp_path: Path, temporary: Path) -> None:
    file = tmp_path / "sewer.inp"
    file.write_text(SEWERS + '\n[FILES]\nUSE INFLOWS "inflows.dat"\n')

    with (
        World([_drainage(file)], Climate(seed=4), START) as world,
        pytest.raises(BrokenOff, match=r"sewer\.inp: SWMM could not go on at .*error 3\d\d: .*inflows\.dat"),
    ):
        world.advance(END)
    file.write_text(SEWERS)
    with World([_drainage(file)], Climate(seed=4), START) as world:
        world.advance(START + 600 * SECOND)

    assert list(temporary.iterdir()) == []


def test_two_drainage_networks_at_once_are_refused(tmp_path: Path, temporary: Path) -> None:
    file = tmp_path / "sewer.inp"
    file.write_text(SEWERS)

    with (
        World([_drainage(file)], Climate(seed=4), START),
        pytest.raises(ValueError, match="one drainage network at a time"),
    ):
        _drainage(file)

    assert list(temporary.iterdir()) == []


def test_a_path_in_any_script_is_read(tmp_path: Path) -> None:
    file = tmp_path / "合肥一号分区.inp"
    file.write_text(ZONE)

    with World([_water(file)], Climate(seed=4), START) as world:
        world.advance(START + 600 * SECOND)

        assert world.at(("N-3", "water_pressure"), START + 600 * SECOND) > 0


def test_units_of_the_united_states_are_told_in_metres(tmp_path: Path) -> None:
    dates = "START_DATE 01/01/2023\nSTART_TIME 00:00:00\nEND_DATE 01/02/2023\nEND_TIME 00:00:00\n"
    parts = (
        "[JUNCTIONS]\nJ1 {0[0]} {0[1]} {0[2]}\n[OUTFALLS]\nO1 {0[3]} FREE\n[CONDUITS]\nC1 J1 O1 {0[4]} 0.013 0 0\n"
        '[XSECTIONS]\nC1 CIRCULAR {0[5]} 0 0 0\n[INFLOWS]\nJ1 FLOW "" FLOW 1 1 {0[6]}\n'
    )
    metric = (10, 3, 0.5, 9, 100, 1, 0.1)
    feet = (32.8084, 9.84252, 1.64042, 29.5276, 328.084, 3.28084, 3.53147)
    courses = []
    for units, numbers in (("CMS", metric), ("CFS", feet)):
        file = tmp_path / units / "sewer.inp"
        file.parent.mkdir()
        file.write_text(f"[OPTIONS]\nFLOW_UNITS {units}\nFLOW_ROUTING DYNWAVE\n{dates}{parts.format(numbers)}")
        model = DrainageNetwork(Sewers(file, {"MH-1": "J1"}, {"S-1": "C1"}), start_ns=START, end_ns=END)
        with World([model], Climate(seed=4), START) as world:
            world.advance(END)
            courses.append([world.at(place, END) for place in (("MH-1", "water_level"), ("S-1", "sewage_flow"))])

    assert courses[0][1] == pytest.approx(360, rel=0.02)
    assert courses[1] == pytest.approx(courses[0], rel=0.02)


def test_the_text_of_a_network_names_its_parts() -> None:
    zone, sewers = sections_of(ZONE), sections_of(SEWERS)

    assert not zone.is_swmm
    assert sewers.is_swmm
    assert list(zone.nodes) == ["J1", "J2", "J3", "R1", "T1"]
    assert zone.links["PU1"] == ("PUMPS", "R1", "J1")
    assert {"J2", "U", "OUT"} <= set(sewers.nodes)
    assert {"OR1", "P1"} <= set(sewers.links)


def test_a_network_text_takes_bytes_that_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "old.inp"
    file.write_bytes("[TITLE]\n分区\n[PIPES]\nP1 J1 J2 4 ;主管\n".encode("gbk"))

    assert list(network_text(file).links) == ["P1"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "kind", "asset"),
    [
        (lambda: GasNetwork(GasMain("RS-1", ("G-1", "G-2")), end_ns=END), "gas_leak", "G-2"),
        (lambda: HeatNetwork(HeatLine("HP-1", ("H-1", "H-2")), end_ns=END), "heat_leak", "H-2"),
    ],
    ids=["gas", "heating"],
)
def test_a_leak_that_no_pipe_can_carry_breaks_the_world_off(
    build: Callable[[], GasNetwork | HeatNetwork], kind: str, asset: str
) -> None:
    model = build()
    world = World([model], Climate(seed=1), START)
    # One alone is refused; many that each could be are too much together.
    model._events.append(Event(START + 120 * SECOND, kind, asset, 1e9))

    with pytest.raises(BrokenOff, match=r"-1: pandapipes could not go on at 2025-06-15T00:02.*did not converge"):
        world.advance(START + 600 * SECOND)
