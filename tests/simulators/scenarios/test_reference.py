from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from simulators.drawn_events import MISHAPS
from simulators.instruments import KINDS
from simulators.scenarios.happenings import HAPPENINGS
from simulators.scenarios.reference import scenario_reference
from simulators.scenarios.schema import scenario_schema


def test_every_kind_that_is_drawn_may_be_scheduled() -> None:
    assert set(MISHAPS) <= set(HAPPENINGS)


@pytest.mark.slow
def test_every_kind_of_event_has_an_asset_in_some_district_that_can_have_it() -> None:
    page = scenario_reference(["gas_leak"])

    rows = {row.split("`")[1]: row for row in page.splitlines() if row.startswith("| `")}
    assert set(HAPPENINGS) <= set(rows)
    assert [kind for kind in HAPPENINGS if f"\n| `{kind}` |  |" in page] == []
    assert "pipe of `water`" in rows["burst"]
    assert "`pipe_burst`" in rows["burst"]


@pytest.mark.parametrize(
    ("part", "known"), [("WrittenEvent", HAPPENINGS), ("WrittenInstrument", KINDS), ("WrittenRate", KINDS)]
)
def test_an_editor_is_told_every_kind_and_what_its_amount_is(part: str, known: Mapping[str, object]) -> None:
    kinds = scenario_schema()["$defs"][part]["properties"]["kind"]["oneOf"]

    assert [one["const"] for one in kinds] == list(known)
    assert all(one["description"].startswith("amount: ") for one in kinds)


@pytest.mark.parametrize(
    ("key", "right", "wrong"),
    [("lasts", "1.5 h", "0 s"), ("lasts", "10 min", "-1 h"), ("learn", "0 s", "a day"), ("scenario", "a_1", "A try")],
)
def test_an_editor_knows_how_names_and_times_are_written(key: str, right: str, wrong: str) -> None:
    pattern = scenario_schema()["properties"][key]["pattern"]

    assert re.search(pattern, right)
    assert not re.search(pattern, wrong)
