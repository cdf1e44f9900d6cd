"""What a profile claims of its frames is compared with what they show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.codecs.golden import disproved
from gateway.profiles import Frame, Profile, load_profiles
from gateway.profiles.loading import read_profile


@pytest.mark.parametrize("profile", [pytest.param(one, id=one.id) for one in load_profiles().values()])
def test_every_profile_of_the_package_is_proved(profile: Profile) -> None:
    assert disproved(profile) == []


def midas(**changes: object) -> Profile:
    profile = read_profile("gas/midas")
    frame: Frame = replace(profile.frames[1], **changes)  # type: ignore[arg-type]
    return replace(profile, frames=(frame,))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param(
            {"values": {"status": 208.0, "hydrogen_sulfide": 2.5}}, "hydrogen_sulfide is 25, not 2.5", id="value"
        ),
        pytest.param({"qualities": {}}, "hydrogen_sulfide is SUSPECT, not GOOD", id="quality"),
        pytest.param({"values": {"status": 208.0}}, "which is 25 in it, is not among its values", id="one too few"),
        pytest.param({"texts": {"gas_id": "18"}}, "gas_id says '17', not '18'", id="text"),
        pytest.param({"time_ns": 1}, "its time is None, not 1", id="time"),
        pytest.param({"reply": b"\x01\x03\x02\x00\x00"}, "frames.0:", id="a broken frame"),
    ],
)
def test_what_a_frame_does_not_show_is_said(changes: dict[str, object], said: str) -> None:
    found = disproved(midas(**changes))

    assert any(said in what for what in found), found
