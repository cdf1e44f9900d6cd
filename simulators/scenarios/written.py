"""The scenario file as people write it: the allowed keys, types and ranges of each part."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from simulators.own.networks import DEFAULT_GAUGES
from simulators.scenarios.durations import seconds_of

_LONGEST_DAYS = 3660
_NAME = r"^[a-z0-9_]+$"
_LENGTH = r"^\d+(\.\d+)?\s*(s|min|h|d)$"
_LENGTH_ABOVE_ZERO = r"^(?=.*[1-9])\d+(\.\d+)?\s*(s|min|h|d)$"


def _a_length(text: str) -> str:
    if not re.fullmatch(_LENGTH, text):
        raise ValueError(f"must be a number with s, min, h or d, such as 90 s or 6 h, got {text!r:.40}")
    if seconds_of(text) > _LONGEST_DAYS * 86_400:
        raise ValueError(f"must be at most {_LONGEST_DAYS} d, got {text!r:.40}")
    return text


def _above_zero(text: str) -> str:
    if not seconds_of(text):
        raise ValueError(f"must be longer than nothing, got {text!r:.40}")
    return text


def _a_name(text: str) -> str:
    if not re.fullmatch(_NAME, text):
        raise ValueError(f"must have small letters, digits and _ only, got {text!r:.60}")
    return text


Text = Annotated[str, Field(min_length=1)]
Moment = Annotated[str, AfterValidator(_a_length), Field(examples=["6 h"], json_schema_extra={"pattern": _LENGTH})]
Length = Annotated[
    str,
    AfterValidator(_a_length),
    AfterValidator(_above_zero),
    Field(examples=["6 h"], json_schema_extra={"pattern": _LENGTH_ABOVE_ZERO}),
]
Name = Annotated[str, AfterValidator(_a_name), Field(json_schema_extra={"pattern": _NAME})]
Amount = Annotated[float, Field(allow_inf_nan=False)]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class WrittenStorm(_Written):
    """One storm, as a design storm of the Chicago kind."""

    at: Moment
    lasts: Length = "1 h"
    mm: Annotated[float, Field(gt=0, le=1000)]
    peak: Annotated[float, Field(gt=0, lt=1)] = 0.4


class WrittenWeather(_Written):
    """The weather of the whole scenario."""

    mean_celsius: Annotated[float, Field(ge=-40, le=50)] = 18.0
    wind_m_s: Annotated[float, Field(ge=0, le=50)] = 3.0
    storms: list[WrittenStorm] = []


class WrittenEvent(_Written):
    """Something that happens to an asset."""

    at: Annotated[Moment, Field(examples=["1 h"])]
    kind: Annotated[Text, Field(examples=["gas_leak"])]
    asset: Annotated[Text, Field(examples=["G-1"])]
    amount: Amount | None = None
    lasts: Length | None = None


class WrittenInstrument(_Written):
    """Something that happens to an instrument."""

    at: Annotated[Moment, Field(examples=["1 h"])]
    kind: Annotated[Text, Field(examples=["stuck"])]
    device: Annotated[Text, Field(examples=["gas-1"])]
    point: Text | None = None
    amount: Amount | None = None
    lasts: Length | None = None


class WrittenRate(_Written):
    """How often something happens to instruments."""

    kind: Annotated[Text, Field(examples=["spikes"])]
    per_device_year: Annotated[float, Field(gt=0, le=10_000, examples=[6])]
    device: Text | None = None
    point: Text | None = None
    amount: Amount | None = None
    lasts: Length | None = None


class WrittenExpectation(_Written):
    """One sentence that must come true."""

    want: Annotated[Text, Field(examples=["gas_leak on MH-1 within 10 min"])]
    pending: Text | None = None


class WrittenNetwork(_Written):
    """Networks of one's own."""

    water: Text | None = None
    drainage: Text | None = None
    assets: dict[str, Annotated[list[Text], Field(min_length=1, max_length=2)]] = {}
    gauges: Annotated[int, Field(ge=1, le=100)] = DEFAULT_GAUGES
    roads: dict[str, Annotated[float, Field(gt=0, le=50)]] = {}


class WrittenScenario(_Written):
    """One scenario."""

    scenario: Annotated[Name, Field(examples=["gas_into_manhole"])]
    title: str = ""
    start: Annotated[Text, Field(examples=["2025-06-16T00:00:00"])]
    timezone: str = "Asia/Shanghai"
    learn: Moment = "0 s"
    lasts: Annotated[Length, Field(examples=["6 h"])]
    seed: Annotated[int, Field(ge=0)] = 1
    is_long: bool = False
    district: Annotated[dict[str, Annotated[int, Field(ge=1, le=500)]], Field(min_length=1)] | None = None
    site: Text | None = None
    network: WrittenNetwork | None = None
    weather: WrittenWeather = WrittenWeather()
    report_seconds: dict[str, Annotated[float, Field(ge=1, le=86_400)]] = {}
    faults_per_device_year: Annotated[float, Field(ge=0, le=1000)] = 0.0
    events_per_asset_year: dict[str, Annotated[float, Field(ge=0, le=100_000)] | None] = {}
    happens: list[WrittenEvent] = []
    instruments: list[WrittenInstrument] = []
    drawn: list[WrittenRate] = []
    expect: Annotated[
        list[WrittenExpectation], Field(min_length=1, examples=[[{"want": "gas_leak on MH-1 within 10 min"}]])
    ]


DESCRIPTIONS: dict[str, str] = {
    "scenario": "its name, in small letters",
    "title": "what it is about, for people",
    "timezone": "the zone of the start and of people's days",
    "start": "local date and time at which the judged time begins",
    "learn": "healthy time before the start, in which the gateway learns; nothing is judged in it",
    "lasts": "how long it goes on from the start",
    "seed": "the same seed gives the same truth, byte for byte",
    "is_long": "left out of `rehearse --all` but with --long",
    "district": "lifeline to size: gas manholes, water zone side, drainage manholes, bridge spans, ...",
    "site": "a site file of your own, beside this file: its assets, devices and ladders; no district then",
    "network": "an EPANET or SWMM file of your own, or both: of the site, or a site is made for it",
    "weather": "mean temperature, wind and storms",
    "report_seconds": "device to how often it reports, where not as its profile says",
    "faults_per_device_year": "faults of instruments drawn at random beside those that are written",
    "events_per_asset_year": "what breaks unscheduled: kind to how often a year on each asset, null for its usual rate",
    "happens": "what breaks: when from the start, kind, asset, amount in the unit of its kind, how long",
    "instruments": "what goes wrong with instruments: drift, stuck, spikes, noise, dropout, dead, offline, ...",
    "drawn": "the same, drawn at random, so often a year on each device that can have it or on one",
    "expect": "what the gateway must do, each a sentence; pending: why it cannot yet",
}

NETWORK_DESCRIPTIONS: dict[str, str] = {
    "water": "an EPANET file (.inp), beside this file",
    "drainage": "a SWMM file (.inp), beside this file",
    "assets": "asset to its node or link in the file, or to both, where they do not have the same name",
    "gauges": "without a site: pressure gauges at so many junctions, level gauges in so many manholes",
    "roads": "asset of the drainage to metres from its floor up to the road that floods above that",
}
