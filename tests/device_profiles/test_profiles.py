"""Every profile's frames mean what they say, worked out here by hand with struct and json, not by the decoders."""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Mapping
from importlib import resources
from typing import Any

import pytest

from gateway.profiles import FieldPlace, Frame, Part, Point, Profile, RegisterPlace, load_profile, load_profiles

PROFILES = load_profiles()
FORMATS = {
    "int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I",
    "int64": ">q", "uint64": ">Q", "float32": ">f", "float64": ">d",
}  # fmt: skip
FUNCTIONS = {"holding": 3, "input": 4, "coil": 1, "discrete": 2}
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
BY_HAND = [param for param in FRAMES if param.values[0].protocol in {"modbus", "json"}]  # type: ignore[union-attr]
MODBUS = [param for param in FRAMES if param.values[0].protocol == "modbus"]  # type: ignore[union-attr]


def test_point_names_stay_what_channel_ids_are_made_of() -> None:
    names = {profile.id: list(profile.points) for profile in PROFILES.values()}

    assert {name: names[name] for name in POINTS} == POINTS


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())
def test_a_profile_stays_short_and_names_its_source(profile: Profile) -> None:
    text = (resources.files("device_profiles") / f"{profile.id}.yaml").read_text()

    assert text.startswith("## ")
    assert 15 <= len(text.splitlines()) <= 100
    assert all(frame.source for frame in profile.frames)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())
def test_a_profile_shows_what_a_missing_value_looks_like(profile: Profile) -> None:
    says_nothing = any(math.isnan(value) for frame in profile.frames for value in frame.values.values())
    says_it_is_bad = any(frame.qualities for frame in profile.frames)

    # Some manuals know no way to say "no value"; such a profile tells its reader.
    text = (resources.files("device_profiles") / f"{profile.id}.yaml").read_text()
    assert says_nothing or says_it_is_bad or 'no word for "no value"' in text


@pytest.mark.parametrize(("profile", "frame"), BY_HAND)
def test_a_frame_means_its_values(profile: Profile, frame: Frame) -> None:
    for name, wanted in frame.values.items():
        point = profile.points[name]

        raw = _register(frame, point.place) if isinstance(point.place, RegisterPlace) else _field(frame, point)
        missing = raw is None or math.isnan(raw) or raw in point.sentinels or frame.qualities.get(name) == "MISSING"
        value = math.nan if missing else _canonical(point, float(raw or 0), frame.calibration.get(name, {}))

        assert value == pytest.approx(wanted, rel=1e-12, nan_ok=True), name


@pytest.mark.parametrize(("profile", "frame"), BY_HAND)
def test_a_frame_says_its_texts(profile: Profile, frame: Frame) -> None:
    for name, wanted in frame.texts.items():
        place = profile.points[name].place

        said = _walk(frame, place.path) if isinstance(place, FieldPlace) else _text(frame, place)

        assert said == wanted, name


@pytest.mark.parametrize(("profile", "frame"), FRAMES)
def test_a_good_value_lies_in_its_span(profile: Profile, frame: Frame) -> None:
    for name, value in frame.values.items():
        span = profile.points[name].span

        is_good = frame.qualities.get(name, "GOOD") == "GOOD" and not math.isnan(value)
        assert not is_good or span is None or span[0] <= value <= span[1], name


@pytest.mark.parametrize(("profile", "frame"), MODBUS)
def test_a_modbus_frame_is_whole(profile: Profile, frame: Frame) -> None:
    (count,) = struct.unpack(">H", frame.request[4:6])
    is_bits = frame.request[1] in {1, 2}

    assert profile.protocol == "modbus"
    assert _crc(frame.request[:-2]) == frame.request[-2:]
    assert _crc(frame.reply[:-2]) == frame.reply[-2:]
    assert frame.request[:2] == frame.reply[:2]
    assert frame.reply[2] == (-(-count // 8) if is_bits else 2 * count) == len(frame.reply) - 5


def _field(frame: Frame, point: Point) -> float | None:
    assert isinstance(point.place, FieldPlace)
    value = _walk(frame, point.place.path)
    if point.samples is not None:
        # A frame shows the last value of an array.
        value = value[-1]
    if point.from_text:
        value = float(value)
    assert value is None or isinstance(value, int | float)
    return value


def _walk(frame: Frame, path: tuple[str, ...]) -> Any:
    value = json.loads(frame.reply)
    for key in path:
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def _canonical(point: Point, raw: float, own: Mapping[str, float]) -> float:
    """value = calibration(raw * scale + offset), then from the unit sent to the canonical one."""
    value = raw * point.scale + point.offset
    if point.calibration is not None:
        constants = {name: number or 0.0 for name, number in point.calibration.constants.items()} | dict(own)
        if point.calibration.form == "linear":
            value = constants.get("gain", 1.0) * (value - constants.get("zero", 0.0))
        elif point.calibration.form == "square":
            value = constants.get("gain", 1.0) * (value**2 - constants.get("zero", 0.0) ** 2)
        else:
            value = sum(constants.get(f"c{power}", float(power == 1)) * value**power for power in range(4))
    return value * point.factor + point.shift


def _register(frame: Frame, place: RegisterPlace) -> float:
    (start,) = struct.unpack(">H", frame.request[2:4])
    assert frame.request[1] == FUNCTIONS[place.kind]
    if place.type == "bool":
        at = place.address - start
        return float(frame.reply[3 + at // 8] >> at % 8 & 1)
    big_endian = _big_endian(frame, place)
    whole = int.from_bytes(big_endian, "big")
    if place.parts:
        numbers = [_part(whole, part) for part in place.parts]
        return sum(number * part.scale for number, part in zip(numbers, place.parts, strict=True))
    if place.bits:
        low, high = place.bits
        return float(whole >> low & (1 << high - low + 1) - 1)
    if place.type.startswith("bcd"):
        digits = big_endian.hex()
        return float(digits) if digits.isdecimal() else math.nan
    (value,) = struct.unpack(FORMATS[place.type], big_endian)
    return float(value)


def _part(whole: int, part: Part) -> float:
    low, high = part.bits
    field = whole >> low & (1 << high - low + 1) - 1
    digits = f"{field:x}" if part.is_bcd else str(field)
    number = float(digits) if digits.isdecimal() else math.nan
    return math.nan if part.most is not None and number > part.most else number


def _text(frame: Frame, place: Any) -> str:
    if place.type != "text":
        return f"{_register(frame, place):.15g}"
    return str(_big_endian(frame, place).rstrip(b"\0 ").decode())


def _big_endian(frame: Frame, place: RegisterPlace) -> bytes:
    (start,) = struct.unpack(">H", frame.request[2:4])
    at = 3 + 2 * (place.address - start)
    sent = frame.reply[at : at + 2 * place.count]
    assert len(sent) == 2 * place.count
    words = [sent[at : at + 2] for at in range(0, len(sent), 2)]
    if place.byte_order in {"CDAB", "DCBA"}:
        words.reverse()
    if place.byte_order in {"BADC", "DCBA"}:
        words = [word[::-1] for word in words]
    return b"".join(words)


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
