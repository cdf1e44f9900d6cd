from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.journal import ChannelKey, KnownChannel, NumberedChannel
from gateway.journal.numbering import known_channels, number_channels


def test_numbers_start_at_one_and_stay(tmp_path: Path) -> None:
    path = tmp_path / "channels.db"
    keys = [ChannelKey("A.d.level", "m"), ChannelKey("A.d.flow", "m3/h")]

    first = number_channels(path, keys, 0)
    again = number_channels(path, list(reversed(keys)), 0)

    assert first == {"A.d.level": NumberedChannel(1, "A.d.level"), "A.d.flow": NumberedChannel(2, "A.d.flow")}
    assert again == first


def test_a_new_journal_continues_after_the_highest_number_known_elsewhere(tmp_path: Path) -> None:
    numbered = number_channels(tmp_path / "channels.db", [ChannelKey("A.d.level", "m")], 41)

    assert numbered["A.d.level"].number == 42


def test_a_channel_whose_values_change_their_meaning_is_another_channel(tmp_path: Path) -> None:
    path = tmp_path / "channels.db"
    metres = ChannelKey("A.d.level", "m", 1.0, "level")
    number_channels(path, [metres], 0)

    other_unit = number_channels(path, [ChannelKey("A.d.level", "mm", 1.0, "level")], 0)["A.d.level"]
    other_scale = number_channels(path, [ChannelKey("A.d.level", "m", 0.1, "level")], 0)["A.d.level"]
    back = number_channels(path, [metres], 0)["A.d.level"]

    assert other_unit == NumberedChannel(2, "A.d.level~2")
    assert other_scale == NumberedChannel(3, "A.d.level~3")
    assert back == NumberedChannel(1, "A.d.level")


@settings(max_examples=25, deadline=None)
@given(
    calls=st.lists(
        st.tuples(
            st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(("m", "mm"))), max_size=4),
            st.integers(0, 20),
        ),
        max_size=6,
    )
)
def test_no_number_and_no_id_is_ever_given_twice(
    calls: list[tuple[list[tuple[str, str]], int]],
) -> None:
    given_out: dict[tuple[str, str], NumberedChannel] = {}
    with TemporaryDirectory() as folder:  # one for each example
        for keys, at_least in calls:
            for base, unit in keys:
                numbered = number_channels(Path(folder) / "channels.db", [ChannelKey(base, unit)], at_least)
                assert given_out.setdefault((base, unit), numbered[base]) == numbered[base]

    assert len({channel.number for channel in given_out.values()}) == len(given_out)
    assert len({channel.id for channel in given_out.values()}) == len(given_out)


def test_every_channel_ever_numbered_is_known_with_what_it_measured(tmp_path: Path) -> None:
    path = tmp_path / "channels.db"
    number_channels(path, [ChannelKey("A.d.level", "m", 1.0, "water_level")], 0)
    number_channels(path, [ChannelKey("A.d.level", "mm", 1.0, "water_level")], 0)

    assert known_channels(path) == [
        KnownChannel(1, "A.d.level", "water_level"),
        KnownChannel(2, "A.d.level~2", "water_level"),
    ]
    assert known_channels(tmp_path / "none.db") == []
