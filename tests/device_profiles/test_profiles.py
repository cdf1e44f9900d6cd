"""Every profile's frames mean what they say, worked out here by hand with struct and json, not by the decoders."""

from __future__ import annotations

import json
import math
import re
import struct
from importlib import resources

import pytest

from gateway.profiles import FieldPlace, Frame, Point, Profile, RegisterPlace, load_profile, load_profiles

PROFILES = load_profiles()
FORMATS = {
    "int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I",
    "int64": ">q", "uint64": ">Q", "float32": ">f", "float64": ">d",
}  # fmt: skip
POINTS = {
    "bridge/structural_node": ["strain", "tilt_x", "tilt_y", "temperature"],
    "drainage/rain_gauge": ["rain_rate", "battery"],
    "drainage/vegapuls": ["status", "level", "distance"],
    "gas/manhole_methane": ["ch4", "temperature", "battery", "tilt", "immersion"],
    "road/ground_node": ["soil_moisture", "settlement", "battery"],
    "tunnel/air_station": ["co", "no2", "extinction", "wind_speed", "temperature"],
    "water/keller_36xw": ["pressure", "temperature"],
    "water/tuf2000m": ["flow", "velocity", "sound_speed", "total", "signal_quality"],
}
FRAMES = [
    pytest.param(profile, frame, id=f"{profile.id}-{number}")
    for profile in PROFILES.values()
    for number, frame in enumerate(profile.frames)
]


def test_point_names_stay_what_channel_ids_are_made_of() -> None:
    names = {profile.id: list(profile.points) for profile in PROFILES.values()}

    assert {name: names[name] for name in POINTS} == POINTS


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())
def test_a_profile_stays_short_and_names_its_source(profile: Profile) -> None:
    text = (resources.files("device_profiles") / f"{profile.id}.yaml").read_text()

    assert text.startswith("## ")
    assert 20 <= len(text.splitlines()) <= 100
    assert all(frame.source for frame in profile.frames)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())
def test_a_profile_shows_what_a_missing_value_looks_like(profile: Profile) -> None:
    shown = any(math.isnan(value) for frame in profile.frames for value in frame.values.values())

    # The manual of the TUF-2000M knows no way to say "no value".
    assert shown or profile.id == "water/tuf2000m"


@pytest.mark.parametrize(("profile", "frame"), FRAMES)
def test_a_frame_means_its_values(profile: Profile, frame: Frame) -> None:
    for name, wanted in frame.values.items():
        point = profile.points[name]

        raw = _field(frame, point) if isinstance(point.place, FieldPlace) else _register(frame, point.place)
        missing = raw is None or math.isnan(raw) or raw in point.sentinels
        value = math.nan if missing else (float(raw or 0) * point.scale + point.offset) * point.factor + point.shift

        assert value == pytest.approx(wanted, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize(("profile", "frame"), FRAMES)
def test_a_good_value_lies_in_its_span(profile: Profile, frame: Frame) -> None:
    for name, value in frame.values.items():
        span = profile.points[name].span

        assert span is None or math.isnan(value) or span[0] <= value <= span[1]


@pytest.mark.parametrize(("profile", "frame"), FRAMES)
def test_a_modbus_frame_is_whole(profile: Profile, frame: Frame) -> None:
    if profile.protocol != "modbus":
        assert frame.request == b""
        return

    assert _crc(frame.request[:-2]) == frame.request[-2:]
    assert _crc(frame.reply[:-2]) == frame.reply[-2:]
    assert frame.request[:2] == frame.reply[:2]
    assert frame.reply[2] == 2 * struct.unpack(">H", frame.request[4:6])[0] == len(frame.reply) - 5


def _field(frame: Frame, point: Point) -> float | None:
    assert isinstance(point.place, FieldPlace)
    value = json.loads(frame.reply)
    for key in point.place.path:
        value = value[int(key)] if isinstance(value, list) else value[key]
    assert value is None or isinstance(value, int | float)
    return value


def _register(frame: Frame, place: RegisterPlace) -> float:
    (start,) = struct.unpack(">H", frame.request[2:4])
    assert frame.request[1] == {"holding": 3, "input": 4}[place.kind]
    at = 3 + 2 * (place.address - start)
    sent = frame.reply[at : at + 2 * place.count]
    letters = {1: "AB", 2: place.byte_order, 4: "ABCDEFGH"}[place.count]
    big_endian = bytes(byte for _, byte in sorted(zip(letters, sent, strict=True)))
    (value,) = struct.unpack(FORMATS[place.type], big_endian)
    return float(value)


def _crc(frame: bytes) -> bytes:
    # Modbus over serial line V1.02, 6.2.2: polynomial A001, start FFFF, low byte first.
    register = 0xFFFF
    for byte in frame:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ 0xA001 if register & 1 else register >> 1
    return struct.pack("<H", register)


def test_the_example_of_the_readme_is_right() -> None:
    readme = (resources.files("device_profiles") / "README.md").read_text()

    example = load_profile(readme.split("```yaml\n")[1].split("```")[0], "device_profiles/water/example.yaml")

    test_a_modbus_frame_is_whole(example, example.frames[0])
    test_a_frame_means_its_values(example, example.frames[0])


def test_the_readme_lists_every_profile_with_its_points() -> None:
    readme = (resources.files("device_profiles") / "README.md").read_text()

    listed = dict(re.findall(r"^\| `([a-z0-9_/]+)` \| [^|]+ \| ([^|]+) \|$", readme, re.MULTILINE))

    points = {name: [re.sub(r" \(.*\)", "", word) for word in text.split(", ")] for name, text in listed.items()}
    assert points == {profile.id: list(profile.points) for profile in PROFILES.values()}
