"""Every golden frame through the gateway's own decoders, whatever the protocol: values, quality, texts and time."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from gateway.codecs.golden import decode_frame
from gateway.model import Quality
from gateway.profiles import LIFELINES, Frame, Profile, load_profiles

PROFILES = load_profiles()
FRAMES = [
    pytest.param(profile, frame, id=f"{profile.id}-{number}")
    for profile in PROFILES.values()
    for number, frame in enumerate(profile.frames)
]


@pytest.mark.parametrize(("profile", "frame"), FRAMES)
def test_the_gateway_reads_exactly_what_the_frame_says(profile: Profile, frame: Frame) -> None:
    decoded = decode_frame(profile, frame)

    # Of an array a frame shows the last value.
    assert {reading.point: reading.value for reading in decoded.readings} == pytest.approx(
        dict(frame.values), rel=1e-12, nan_ok=True
    )
    assert dict(decoded.texts) == dict(frame.texts)
    assert decoded.rejected == []


@pytest.mark.parametrize(("profile", "frame"), FRAMES)
def test_the_gateway_trusts_a_value_as_the_frame_says(profile: Profile, frame: Frame) -> None:
    decoded = decode_frame(profile, frame)

    wanted = {name: "MISSING" if math.isnan(value) else "GOOD" for name, value in frame.values.items()}
    wanted.update(frame.qualities)
    assert {reading.point: Quality(reading.quality).name for reading in decoded.readings} == wanted


@pytest.mark.parametrize(("profile", "frame"), FRAMES)
def test_the_gateway_finds_the_frames_own_time(profile: Profile, frame: Frame) -> None:
    decoded = decode_frame(profile, frame)

    assert decoded.time_ns == frame.time_ns


def test_every_lifeline_has_instruments() -> None:
    counted = Counter(profile.lifeline for profile in PROFILES.values())

    assert {lifeline for lifeline in LIFELINES if counted[lifeline] >= 3} == set(LIFELINES), counted


def test_there_are_profiles_of_all_the_protocols_that_lifelines_speak() -> None:
    spoken = {profile.protocol for profile in PROFILES.values()}

    assert {"modbus", "json", "hj212", "sl651", "szy206", "cjt188", "dlt645", "gbt26875_3"} <= spoken
    assert {"milesight", "decentlab", "ctwing", "onenet", "lifeline_push"} <= spoken
