"""Which registers are asked together: the cases that other planners get wrong, as a table.

The ideas come from the request tests of Telegraf (shrink, rearrange, max insert, overlap, overflow) and of EdgeX's
device-modbus (grouping and splitting); the cases are our own.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.modbus_plan import Cut, RegisterBlock, bisected, plan
from gateway.profiles import Hole, ModbusHints, Point, RegisterKind, RegisterPlace, RegisterType

WIDTHS: dict[int, RegisterType] = {1: "uint16", 2: "float32", 4: "float64"}


def point(address: int, words: int = 1, kind: RegisterKind = "holding", *, alone: bool = False) -> Point:
    of: RegisterType = "bool" if kind in {"coil", "discrete"} else WIDTHS[words]
    return Point(f"{kind}_{address}", "count", "1", RegisterPlace(kind, address, of), is_alone=alone)


def places(blocks: list[RegisterBlock]) -> list[tuple[str, int, int]]:
    return [block.place for block in blocks]


CASES = {
    "nothing": ([], {}, []),
    "one": ([point(5)], {}, [("holding", 5, 1)]),
    "neighbours": ([point(5), point(6)], {}, [("holding", 5, 2)]),
    "in any order": ([point(6), point(5)], {}, [("holding", 5, 2)]),
    "a gap as wide as allowed": ([point(0), point(9)], {"max_gap": 8}, [("holding", 0, 10)]),
    "a gap too wide": ([point(0), point(10)], {"max_gap": 8}, [("holding", 0, 1), ("holding", 10, 1)]),
    "no gap allowed": ([point(0), point(2)], {"max_gap": 0}, [("holding", 0, 1), ("holding", 2, 1)]),
    "the same register twice": ([point(3), point(3, 2)], {}, [("holding", 3, 2)]),
    "overlapping": ([point(3, 2), point(4, 2)], {}, [("holding", 3, 3)]),
    "one inside another": ([point(0, 4), point(1)], {}, [("holding", 0, 4)]),
    "kinds apart": ([point(0), point(1, kind="input")], {}, [("holding", 0, 1), ("input", 1, 1)]),
    "as long as allowed": ([point(n) for n in range(125)], {}, [("holding", 0, 125)]),
    "one too long": ([point(n) for n in range(126)], {}, [("holding", 0, 125), ("holding", 125, 1)]),
    "a value is never split": ([point(0), point(1, 2)], {"max_block": 2}, [("holding", 0, 1), ("holding", 1, 2)]),
    "a value longer than a block": ([point(0, 4)], {"max_block": 2}, [("holding", 0, 4)]),
    "the last register": ([point(65_534), point(65_535)], {}, [("holding", 65_534, 2)]),
    "a hole between": (
        [point(0), point(4)],
        {"hints": ModbusHints(forbidden=(Hole("holding", 2, 2),))},
        [("holding", 0, 1), ("holding", 4, 1)],
    ),
    "a hole of another kind": (
        [point(0), point(4)],
        {"hints": ModbusHints(forbidden=(Hole("input", 2, 2),))},
        [("holding", 0, 5)],
    ),
    "a hole behind": (
        [point(0), point(4)],
        {"hints": ModbusHints(forbidden=(Hole("holding", 5, 9),))},
        [("holding", 0, 5)],
    ),
    "a cut": ([point(0), point(1)], {"cuts": [("holding", 1)]}, [("holding", 0, 1), ("holding", 1, 1)]),
    "a cut of another kind": ([point(0), point(1)], {"cuts": [("input", 1)]}, [("holding", 0, 2)]),
    "asked alone": ([point(0), point(1, alone=True), point(2)], {}, [("holding", 0, 3), ("holding", 1, 1)]),
    "coils over a gap": ([point(0, kind="coil"), point(60, kind="coil")], {}, [("coil", 0, 61)]),
    "coils too far": (
        [point(0, kind="coil"), point(60, kind="coil")],
        {"hints": ModbusHints(max_gap_bits=10)},
        [("coil", 0, 1), ("coil", 60, 1)],
    ),
    "coils have a longer block": ([point(n, kind="coil") for n in range(300)], {}, [("coil", 0, 300)]),
    "coils too long": (
        [point(n, kind="coil") for n in range(30)],
        {"hints": ModbusHints(max_block_bits=16)},
        [("coil", 0, 16), ("coil", 16, 14)],
    ),
}


@pytest.mark.parametrize(("points", "options", "wanted"), CASES.values(), ids=CASES.keys())
def test_requests_are_these(
    points: list[Point], options: dict[str, object], wanted: list[tuple[str, int, int]]
) -> None:
    assert places(plan(points, **options)) == wanted  # type: ignore[arg-type] # a table of keywords


@given(
    st.lists(st.tuples(st.integers(0, 300), st.sampled_from([1, 2, 4])), max_size=40, unique=True),
    st.integers(0, 20),
    st.integers(4, 125),
    st.sets(st.integers(0, 300), max_size=5),
)
def test_every_point_lies_whole_in_one_block_and_no_block_is_too_long(
    where: list[tuple[int, int]], max_gap: int, max_block: int, walls: set[int]
) -> None:
    points = [point(address, words) for address, words in where]
    cuts: list[Cut] = [("holding", wall) for wall in walls]

    blocks = plan(points, max_gap, max_block, cuts=cuts)

    assert sorted(id(each) for block in blocks for each in block.points) == sorted(map(id, points))
    for block in blocks:
        assert block.count <= max_block
        for each in block.points:
            assert isinstance(each.place, RegisterPlace)
            assert block.address <= each.place.address
            assert each.place.address + each.place.count <= block.address + block.count


@pytest.mark.parametrize(
    ("points", "cuts"),
    [
        pytest.param([point(0)], [], id="one point"),
        pytest.param([point(0), point(1)], [1], id="two"),
        pytest.param([point(n) for n in range(8)], [4], id="the middle"),
        pytest.param([point(0), point(1), point(4), point(5), point(8)], [4, 8], id="idle registers first"),
        pytest.param([point(0, 4), point(1)], [], id="one inside another"),
    ],
)
def test_a_refused_block_is_cut_where_it_can_be(points: list[Point], cuts: list[int]) -> None:
    (block,) = plan(points)

    assert bisected(block) == [("holding", cut) for cut in cuts]


def test_cutting_again_and_again_ends_with_single_points() -> None:
    points = [point(n) for n in range(0, 40, 3)]
    cuts: list[Cut] = []
    for _ in range(10):
        cuts += [cut for block in plan(points, cuts=cuts) for cut in bisected(block)]

    assert [block.count for block in plan(points, cuts=cuts)] == [1] * len(points)
