from __future__ import annotations

from pathlib import Path

import pytest

from gateway.model import SECOND
from simulators.models.conduits import full_flows
from simulators.models.contract import Event
from simulators.models.drainage import DrainageNetwork, Sewers
from simulators.models.network_text import sections_of
from simulators.weather import Climate
from simulators.world import World

START = 1_749_945_600 * SECOND
HOUR = 3600 * SECOND
TEXT = """[OPTIONS]
FLOW_UNITS LPS
FLOW_ROUTING DYNWAVE
ROUTING_STEP 5
START_DATE 01/01/2023
START_TIME 00:00:00
END_DATE 01/02/2023
END_TIME 00:00:00
[JUNCTIONS]
M1 10 3 0 0 0
M2 9.5 3 0 0 0
[OUTFALLS]
O1 9 FREE
[CONDUITS]
C1 M1 M2 100 0.013 0 0
C2 M2 O1 100 0.013 0 0
[XSECTIONS]
C1 CIRCULAR 0.5 0 0 0
C2 RECT_CLOSED 0.5 1 0 0
[INFLOWS]
M1 FLOW "" FLOW 1 1 20
"""


def test_a_full_pipe_carries_what_manning_says() -> None:
    flows = full_flows(sections_of(TEXT))

    assert flows["C1"] == pytest.approx(267 * 3.6, rel=0.01)
    assert flows["C2"] == pytest.approx(3600 * 0.5 * (1 / 6) ** (2 / 3) * 0.005**0.5 / 0.013, rel=0.001)


def test_feet_and_metres_carry_the_same() -> None:
    feet = TEXT.replace("LPS", "CFS").replace("M1 10 3", "M1 32.8084 9.84").replace("M2 9.5", "M2 31.1680")
    feet = feet.replace("M1 M2 100", "M1 M2 328.084").replace("CIRCULAR 0.5", "CIRCULAR 1.64042")

    assert full_flows(sections_of(feet))["C1"] == pytest.approx(full_flows(sections_of(TEXT))["C1"], rel=0.001)


def test_a_shape_that_cannot_be_read_is_left_out() -> None:
    assert list(full_flows(sections_of(TEXT.replace("C1 CIRCULAR 0.5", "C1 CIRCULAR wide")))) == ["C2"]


def test_a_blocked_pipe_backs_up(tmp_path: Path) -> None:
    file = tmp_path / "sewer.inp"
    file.write_text(TEXT)
    model = DrainageNetwork(
        Sewers(file, {"MH-2": "M2"}, {"S-2": "C2"}), start_ns=START, end_ns=START + 4 * HOUR, utc_offset_seconds=0
    )
    with World([model], Climate(seed=4), START) as world:
        world.stage(Event(START + HOUR, "blockage", "S-2", 99.0))

        world.advance(START + HOUR - SECOND, keep_ns=HOUR)
        before = world.at(("MH-2", "water_level"), START + HOUR - SECOND)
        world.advance(START + 2 * HOUR)
        blocked = world.at(("MH-2", "water_level"), START + 2 * HOUR)
        flow = world.at(("S-2", "sewage_flow"), START + 2 * HOUR)

    assert before < 0.3
    assert blocked > 1.0
    assert flow < 30
