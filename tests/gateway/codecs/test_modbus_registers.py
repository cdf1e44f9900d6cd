"""Register blocks: types, byte orders, sentinels, and the plan of requests."""

from __future__ import annotations

import math
import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.golden import decode_frame
from gateway.codecs.modbus_registers import BlockDecoder, RegisterBlock, plan
from gateway.errors import DecodeError
from gateway.model import Flag, Quality, Reading
from gateway.profiles import ByteOrder, Frame, Point, Profile, RegisterKind, RegisterPlace, RegisterType
from gateway.profiles.loading import load_profiles

GOOD, MISSING = int(Quality.GOOD), int(Quality.MISSING)
FORMATS: dict[RegisterType, str] = {
    "int16": ">h",
    "uint16": ">H",
    "int32": ">i",
    "uint32": ">I",
    "int64": ">q",
    "uint64": ">Q",
    "float32": ">f",
    "float64": ">d",
}
ORDERS: tuple[ByteOrder, ...] = ("ABCD", "CDAB", "BADC", "DCBA")


def point(
    name: str,
    address: int,
    kind: RegisterType = "uint16",
    order: ByteOrder = "ABCD",
    *,
    of: RegisterKind = "holding",
    scale: float = 1.0,
    sentinels: tuple[float, ...] = (),
) -> Point:
    return Point(name, "flow", "m3/h", RegisterPlace(of, address, kind, order), scale=scale, sentinels=sentinels)


def decoded(registers: list[int], *points: Point) -> list[Reading]:
    return BlockDecoder(RegisterBlock("holding", 0, len(registers), points)).decode(registers)


def on_the_wire(value: float, kind: RegisterType, order: ByteOrder) -> list[int]:
    """An oracle that shares nothing with the decoder: struct, and words moved by hand."""
    packed = struct.pack(FORMATS[kind], value)
    words = [packed[place : place + 2] for place in range(0, len(packed), 2)]
    if order in {"CDAB", "DCBA"}:
        words.reverse()
    if order in {"BADC", "DCBA"}:
        words = [word[::-1] for word in words]
    return [int.from_bytes(word) for word in words]


@pytest.mark.parametrize(
    ("order", "registers"),
    [
        ("ABCD", [0x4212, 0x806B]),
        ("CDAB", [0x806B, 0x4212]),
        ("BADC", [0x1242, 0x6B80]),
        ("DCBA", [0x6B80, 0x1242]),
    ],
)
def test_a_float_is_read_in_each_byte_order(order: ByteOrder, registers: list[int]) -> None:
    (reading,) = decoded(registers, point("flow", 0, "float32", order))

    assert reading.value == pytest.approx(36.62540817260742)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int16", -2),
        ("uint16", 0xFFFE),
        ("int32", -123_456_789),
        ("uint32", 4_000_000_001),
        ("int64", -1_234_567_890_123),
        ("uint64", 1 << 60),
        ("float32", -0.15625),
        ("float64", 1e-200),
    ],
)
def test_every_type_comes_through_every_order(kind: RegisterType, value: float, order: ByteOrder) -> None:
    registers = [7, *on_the_wire(value, kind, order), 7]

    (reading,) = decoded(registers, point("x", 1, kind, order))

    assert reading == Reading("x", None, value, GOOD, 0)


@given(
    st.lists(
        st.tuples(st.sampled_from(list(FORMATS)), st.sampled_from(ORDERS), st.integers(0, 60)), min_size=1, max_size=8
    ),
    st.lists(st.integers(0, 0xFFFF), min_size=64, max_size=64),
)
def test_a_block_of_mixed_points_says_what_each_alone_says(
    described: list[tuple[RegisterType, ByteOrder, int]], registers: list[int]
) -> None:
    points = [point(f"p{n}", address, kind, order) for n, (kind, order, address) in enumerate(described)]

    together = decoded(registers, *points)

    alone = [decoded(registers, some)[0] for some in points]
    assert [(r.point, r.quality, str(r.value)) for r in together] == [(r.point, r.quality, str(r.value)) for r in alone]
    assert all(math.isfinite(reading.value) == (reading.quality == GOOD) for reading in together)


def test_scale_offset_and_unit_are_applied_in_that_order() -> None:
    some = Point(
        "t", "temperature", "[degF]", RegisterPlace("holding", 0, "int16"), scale=0.1, offset=2, factor=0.5, shift=-10
    )

    (reading,) = decoded([300], some)

    assert reading.value == (300 * 0.1 + 2) * 0.5 - 10


@pytest.mark.parametrize(
    ("kind", "sentinel", "registers"),
    [
        ("uint16", 0xFFFF, [0xFFFF]),
        ("int16", -9999, [0xD8F1]),
        ("int32", -9_999_999, [0xFF67, 0x6981]),
        ("uint64", (1 << 64) - 1, [0xFFFF] * 4),
        ("float32", 3.4028235e38, [0x7F7F, 0xFFFF]),
        ("float32", -999.9, on_the_wire(-999.9, "float32", "ABCD")),
    ],
)
def test_a_sentinel_is_compared_raw_and_becomes_missing(
    kind: RegisterType, sentinel: float, registers: list[int]
) -> None:
    (reading,) = decoded(registers, point("x", 0, kind, scale=0.1, sentinels=(1.0, sentinel)))

    assert math.isnan(reading.value)
    assert (reading.quality, reading.flags) == (MISSING, Flag.SENTINEL)


@pytest.mark.parametrize("register", [0x7FC0, 0x7F80, 0xFF80], ids=["nan", "infinity", "minus infinity"])
def test_a_float_that_is_no_number_is_missing(register: int) -> None:
    (reading,) = decoded([register, 0], point("x", 0, "float32"))

    assert math.isnan(reading.value)
    assert (reading.quality, reading.flags) == (MISSING, 0)


@pytest.mark.parametrize("length", [0, 1, 3])
def test_a_reply_of_another_length_is_no_reply(length: int) -> None:
    decoder = BlockDecoder(RegisterBlock("holding", 0, 2, (point("x", 0, "float32"),)))

    with pytest.raises(DecodeError, match="short reply"):
        decoder.decode([0] * length)


def spans(points: list[Point], max_gap: int = 8, max_block: int = 125) -> list[tuple[str, int, int]]:
    return [(block.kind, block.address, block.count) for block in plan(points, max_gap, max_block)]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([point("a", 5)], [("holding", 5, 1)], id="one"),
        pytest.param([point("b", 2), point("a", 0, "float32")], [("holding", 0, 3)], id="neighbours in any order"),
        pytest.param([point("a", 0), point("b", 9)], [("holding", 0, 10)], id="a gap of eight"),
        pytest.param([point("a", 0), point("b", 10)], [("holding", 0, 1), ("holding", 10, 1)], id="a gap of nine"),
        pytest.param([point("a", 0), point("b", 0, of="input")], [("holding", 0, 1), ("input", 0, 1)], id="both kinds"),
        pytest.param([point("a", 0, "float64"), point("b", 1)], [("holding", 0, 4)], id="one inside another"),
        pytest.param([point("a", 3), point("b", 3)], [("holding", 3, 1)], id="the same twice"),
        pytest.param([point("a", 65_535)], [("holding", 65_535, 1)], id="the last register"),
    ],
)
def test_the_plan_joins_neighbours(points: list[Point], expected: list[tuple[str, int, int]]) -> None:
    assert spans(points) == expected


def test_the_plan_keeps_a_block_short() -> None:
    points = [point(f"p{n}", 2 * n, "float32") for n in range(100)]

    assert spans(points, max_block=125) == [("holding", 0, 124), ("holding", 124, 76)]


def test_a_point_longer_than_a_block_is_asked_for_alone() -> None:
    assert spans([point("a", 0), point("b", 1, "float64"), point("c", 5)], max_block=2) == [
        ("holding", 0, 1),
        ("holding", 1, 4),
        ("holding", 5, 1),
    ]


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from(list(FORMATS)), st.sampled_from(["holding", "input"])),
        max_size=30,
    ),
    st.integers(0, 20),
    st.integers(4, 125),
)
def test_every_point_lies_in_exactly_one_block(
    described: list[tuple[int, RegisterType, RegisterKind]], max_gap: int, max_block: int
) -> None:
    points = [point(f"p{n}", address, kind, of=of) for n, (address, kind, of) in enumerate(described)]

    blocks = plan(points, max_gap, max_block)

    assert sorted(some.name for block in blocks for some in block.points) == sorted(some.name for some in points)
    for block in blocks:
        assert block.count <= max_block
        for some in block.points:
            assert isinstance(some.place, RegisterPlace)
            assert some.place.kind == block.kind
            assert block.address <= some.place.address
            assert some.place.address + some.place.count <= block.address + block.count
    for first, second in pairwise(blocks):
        if first.kind == second.kind and second.address - (first.address + first.count) <= max_gap:
            assert max(second.address + second.count, first.address + first.count) - first.address > max_block


FRAMES = [
    pytest.param(profile, frame, id=f"{name} {number}")
    for name, profile in load_profiles().items()
    if profile.protocol == "modbus"
    for number, frame in enumerate(profile.frames, start=1)
]


@pytest.mark.parametrize(("profile", "frame"), FRAMES)
def test_every_golden_frame_means_what_its_profile_says(profile: Profile, frame: Frame) -> None:
    values = {reading.point: reading.value for reading in decode_frame(profile, frame).readings}

    assert values == pytest.approx(dict(frame.values), nan_ok=True, rel=1e-9)


@pytest.mark.parametrize("profile", [profile for profile in load_profiles().values() if profile.protocol == "modbus"])
def test_every_point_of_a_profile_is_shown_by_a_frame(profile: Profile) -> None:
    shown = {name for frame in profile.frames for name in (*frame.values, *frame.texts)}

    assert shown == set(profile.points)
