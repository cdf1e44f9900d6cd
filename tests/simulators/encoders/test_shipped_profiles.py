"""Every shipped model whose protocol has an encoder can be simulated: its codec reads what was meant."""

from __future__ import annotations

import math
from typing import Any

import pytest

from gateway.codecs.contract import CodecOptions, Decoder
from gateway.codecs.payloads import payload_decoder
from gateway.codecs.profile_fields import FieldMapper
from gateway.codecs.registry import CODECS
from gateway.profiles import Profile, profile_ids, read_profile
from simulators.encoders import ENCODERS, Sending

TIME = 1_767_225_600_000_000_000
MODELS = [name for name in profile_ids() if read_profile(name).protocol in ENCODERS]
UNSENT = {"exception", "rainfall_series", "level_series"}
"""What a device in order does not send, and what stands in hourly reports alone."""


def _profile(name: str) -> Profile:
    profile = read_profile(name)
    constants = profile.frames[0].calibration
    return profile.calibrated(constants) if constants else profile


def _meant(profile: Profile) -> dict[str, float]:
    """Return the values of the golden frame that tells the most, and 0 where it tells nothing."""
    frame = max(profile.frames, key=lambda one: sum(not math.isnan(value) for value in one.values.values()))
    numbers = [name for name, point in profile.points.items() if not point.is_text]
    told = {name: frame.values.get(name, math.nan) for name in numbers}
    return {name: 0.0 if math.isnan(value) else value for name, value in told.items()}


@pytest.mark.parametrize("name", MODELS)
def test_a_shipped_model_is_encoded_so_that_its_codec_reads_it(name: str) -> None:
    profile = _profile(name)
    values = _meant(profile)

    payload = ENCODERS[profile.protocol](Sending(profile, "0012345678", values, TIME))

    said = {reading.point: reading.value for reading in _decoded(profile, payload).readings}
    for point, value in values.items():
        if point not in UNSENT:
            assert said[point] == pytest.approx(value, rel=0.02, abs=0.006), point


def _decoded(profile: Profile, payload: bytes) -> Any:
    if profile.protocol in {"hj212", "sl651"}:
        return FieldMapper(profile)(CODECS[profile.protocol](CodecOptions()).decode(payload))
    decoder: Decoder = payload_decoder(profile)
    return decoder.decode(payload)
