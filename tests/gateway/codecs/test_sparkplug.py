"""Sparkplug B: payloads of another maker's encoder, and the life of a session."""

from __future__ import annotations

import math

import pysparkplug
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.contract import CodecOptions
from gateway.codecs.sparkplug import Heard, SparkplugDecoder, SparkplugGroup, rebirth_command
from gateway.errors import DecodeError
from gateway.model import Flag, Quality

NOW_MS = 1_760_000_000_000
FLOW = pysparkplug.Metric(NOW_MS, "Flow", pysparkplug.DataType.DOUBLE, 12.5, alias=7)
BIRTH_NUMBER = pysparkplug.Metric(NOW_MS, "bdSeq", pysparkplug.DataType.UINT64, 3)


def birth(*metrics: pysparkplug.Metric) -> bytes:
    return pysparkplug.NBirth(timestamp=NOW_MS, seq=0, metrics=metrics or (BIRTH_NUMBER, FLOW)).encode()


def told(seq: int, *metrics: pysparkplug.Metric) -> bytes:
    return pysparkplug.NData(timestamp=NOW_MS, seq=seq, metrics=metrics).encode()


def by_alias(alias: int, value: float) -> pysparkplug.Metric:
    return pysparkplug.Metric(NOW_MS, None, pysparkplug.DataType.DOUBLE, value, alias=alias)


def taken(group: SparkplugGroup, kind: str, payload: bytes) -> Heard:
    heard = group.take(f"spBv1.0/plant/{kind}/pump-1", payload)
    assert heard is not None
    return heard


def values(heard: Heard) -> dict[str, float]:
    assert heard.message is not None
    return {reading.field: reading.value for reading in heard.message.readings}


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        (pysparkplug.DataType.INT8, -5),
        (pysparkplug.DataType.INT16, -300),
        (pysparkplug.DataType.INT32, -70_000),
        (pysparkplug.DataType.INT64, -(1 << 40)),
        (pysparkplug.DataType.UINT8, 255),
        (pysparkplug.DataType.UINT32, 4_000_000_000),
        (pysparkplug.DataType.UINT64, 1 << 60),
        (pysparkplug.DataType.FLOAT, 0.5),
        (pysparkplug.DataType.DOUBLE, 1e-9),
        (pysparkplug.DataType.BOOLEAN, True),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_every_number_comes_back_as_it_was_encoded(datatype: pysparkplug.DataType, value: float) -> None:
    frame = birth(pysparkplug.Metric(NOW_MS, "x", datatype, value))

    (reading,) = SparkplugDecoder(CodecOptions()).decode(frame).readings

    assert reading.value == value
    assert reading.time_ns == NOW_MS * 1_000_000


def test_the_sign_of_data_is_known_from_the_birth_alone() -> None:
    drop = pysparkplug.Metric(NOW_MS, "drop", pysparkplug.DataType.INT8, -5)
    unborn, born = SparkplugGroup("plant"), SparkplugGroup("plant")
    taken(born, "NBIRTH", birth(BIRTH_NUMBER, drop))

    doubtful = taken(unborn, "NDATA", told(1, drop)).message

    assert doubtful is not None
    assert [one.reason for one in doubtful.rejected] == ["type"]
    assert values(taken(born, "NDATA", told(1, drop))) == {"drop": -5}


def test_a_null_is_missing_and_a_historical_value_is_backfill() -> None:
    null = pysparkplug.Metric(NOW_MS, "x", pysparkplug.DataType.DOUBLE, None, is_null=True)
    old = pysparkplug.Metric(NOW_MS - 5, "y", pysparkplug.DataType.DOUBLE, 1.0, is_historical=True)

    first, second = SparkplugDecoder(CodecOptions()).decode(told(1, null, old)).readings

    assert math.isnan(first.value)
    assert first.quality == Quality.MISSING
    assert second.flags == Flag.BACKFILL


def test_an_alias_means_what_the_birth_said() -> None:
    group = SparkplugGroup("plant")

    born = taken(group, "NBIRTH", birth())
    heard = taken(group, "NDATA", told(1, by_alias(7, 13.0)))

    assert born.rebirth_of is heard.rebirth_of is None
    assert values(heard) == {"Flow": 13.0}


def test_a_gap_asks_for_rebirth_and_aliases_are_not_believed_until_then() -> None:
    group = SparkplugGroup("plant")
    taken(group, "NBIRTH", birth())

    after_gap = taken(group, "NDATA", told(3, by_alias(7, 13.0)))
    still_torn = taken(group, "NDATA", told(4, by_alias(7, 14.0)))
    reborn = taken(group, "NBIRTH", birth())
    whole = taken(group, "NDATA", told(1, by_alias(7, 15.0)))

    assert after_gap.rebirth_of == still_torn.rebirth_of == "pump-1"
    assert "Flow" not in values(after_gap) | values(still_torn)
    assert reborn.rebirth_of is None
    assert values(whole) == {"Flow": 15.0}


def test_the_sequence_goes_on_from_255_to_0() -> None:
    group = SparkplugGroup("plant")
    taken(group, "NBIRTH", birth())

    asked = [taken(group, "NDATA", told(seq % 256, FLOW)).rebirth_of for seq in range(1, 260)]

    assert set(asked) == {None}


def test_data_before_any_birth_asks_for_one_and_names_are_taken_nevertheless() -> None:
    heard = taken(SparkplugGroup("plant"), "NDATA", told(9, FLOW))

    assert heard.rebirth_of == "pump-1"
    assert values(heard) == {"Flow": 12.5}


def test_the_will_of_an_earlier_birth_buries_nobody() -> None:
    group = SparkplugGroup("plant")
    taken(group, "NBIRTH", birth())
    late = pysparkplug.NDeath(
        timestamp=NOW_MS, bd_seq_metric=pysparkplug.Metric(None, "bdSeq", pysparkplug.DataType.UINT64, 2)
    ).encode()
    due = pysparkplug.NDeath(timestamp=NOW_MS, bd_seq_metric=BIRTH_NUMBER).encode()

    assert group.take("spBv1.0/plant/NDEATH/pump-1", late) is None
    assert taken(group, "NDEATH", due).dead


def test_devices_behind_a_node_share_its_sequence() -> None:
    group = SparkplugGroup("plant")
    taken(group, "NBIRTH", birth())
    born = group.take(
        "spBv1.0/plant/DBIRTH/pump-1/meter", pysparkplug.DBirth(timestamp=NOW_MS, seq=1, metrics=[FLOW]).encode()
    )
    heard = group.take(
        "spBv1.0/plant/DDATA/pump-1/meter",
        pysparkplug.DData(timestamp=NOW_MS, seq=2, metrics=[by_alias(7, 1.0)]).encode(),
    )

    assert born is not None
    assert heard is not None
    assert (heard.station, heard.rebirth_of) == ("pump-1/meter", None)
    assert values(heard) == {"Flow": 1.0}


@pytest.mark.parametrize(
    "topic",
    ["spBv1.0/other/NDATA/e", "spBv1.0/plant/NCMD/e", "spBv1.0/STATE/host", "spBv1.0/plant/NDATA/e/d", "a/b/c/d"],
)
def test_what_is_not_of_the_group_is_passed_by(topic: str) -> None:
    assert SparkplugGroup("plant").take(topic, told(1, FLOW)) is None


def test_another_maker_reads_our_request_for_rebirth() -> None:
    command = pysparkplug.NCmd.decode(rebirth_command(NOW_MS))

    (metric,) = command.metrics
    assert (metric.name, metric.value, metric.timestamp) == ("Node Control/Rebirth", True, NOW_MS)


@given(st.binary(max_size=300))
def test_no_bytes_make_a_session_raise_anything_else(data: bytes) -> None:
    group = SparkplugGroup("plant")

    for kind in ("NBIRTH", "NDATA", "NDEATH"):
        try:
            heard = group.take(f"spBv1.0/plant/{kind}/e", data)
        except DecodeError:
            continue
        assert heard is None or heard.station == "e"
