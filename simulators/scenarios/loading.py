"""A scenario file to one checked `Scenario`: every fault of the file at once, each with its place."""

from __future__ import annotations

import importlib.resources
import math
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.documents import Document, did_you_mean, read_document
from gateway.errors import ConfigError, Fault
from gateway.model import SECOND
from simulators.drawn_events import MISHAPS
from simulators.drawn_faults import Rate
from simulators.instruments import Fault as InstrumentFault
from simulators.models.contract import Event
from simulators.scenarios.durations import seconds_of
from simulators.scenarios.expectation import Expectation, Unwanted, Wanted, read_sentence
from simulators.scenarios.place import Place, read_place, written_out
from simulators.scenarios.scenario import Scenario
from simulators.scenarios.written import WrittenExpectation, WrittenInstrument, WrittenRate, WrittenScenario
from simulators.weather import Storm

_Made = TypeVar("_Made")
_FIRST_YEAR, _LAST_YEAR = 1990, 2200
"""Local times that every clock and file of the gateway can hold."""
_NAMED = 8
"""So many known names stand in a hint."""


def shipped() -> list[Path]:
    """Return the scenarios that come with the package, by name."""
    folder = Path(str(importlib.resources.files("simulators"))) / "scenarios"
    return sorted(folder.glob("*.yaml"))


def load_scenario(path: Path, hazards: Collection[str] = ()) -> Scenario:
    """Read and check a scenario file; ConfigError with every fault.

    `hazards` are the words that a gateway knows for trouble, so that nobody waits for one that it never says.
    """
    try:
        document = read_document(path.read_bytes(), str(path))
    except OSError as error:
        raise ConfigError([Fault(str(path), 1, 1, f"cannot read the file: {error.strerror}")]) from error
    mapping = document.mapping((), document.value)
    if not mapping:
        # Nothing else can be said of what is no mapping.
        document.raise_faults()
    value = written_out(mapping, path.parent)
    written = document.check((), value, WrittenScenario)
    if written is None:
        document.raise_faults()
        raise AssertionError(path)
    scenario = _scenario(document, written, hazards)
    document.raise_faults()
    return scenario


def _scenario(document: Document, written: WrittenScenario, hazards: Collection[str]) -> Scenario:
    offset, start_ns = _start(document, written)
    place = read_place(document, written)
    end_ns = start_ns + _ns(written.lasts)
    events = [
        Event(start_ns + _ns(one.at), one.kind, one.asset, _number(one.amount), _seconds(one.lasts))
        for one in written.happens
    ]
    for number, event in enumerate(written.happens):
        _within(document, ("happens", number, "at"), event.at, written.lasts)
    for number, wrong in enumerate(written.instruments):
        _within(document, ("instruments", number, "at"), wrong.at, written.lasts)
    for number, storm in enumerate(written.weather.storms):
        _within(document, ("weather", "storms", number, "at"), storm.at, written.lasts)
    for kind in written.events_per_asset_year:
        if kind not in MISHAPS:
            reason = f"events_per_asset_year: {kind!r} is never drawn"
            document.fault(("events_per_asset_year", kind), reason, did_you_mean(kind, MISHAPS), at_key=True)
    faults: list[InstrumentFault] = []
    for number, fault in enumerate(written.instruments):
        _tried(document, ("instruments", number), partial(_fault, fault, start_ns), faults)
    rates: list[Rate] = []
    for number, rate in enumerate(written.drawn):
        _tried(document, ("drawn", number), partial(_rate, rate), rates)
    expectations: list[Expectation] = []
    for number, expected in enumerate(written.expect):
        _tried(document, ("expect", number, "want"), partial(_expectation, expected), expectations)
    _check_expectations(document, expectations)
    _check_hazards(document, written, hazards)
    _check_names(document, written, place)
    return Scenario(
        name=written.scenario,
        title=written.title or written.scenario,
        file=document.file,
        learn_ns=start_ns - _ns(written.learn),
        start_ns=start_ns,
        end_ns=end_ns,
        timezone=written.timezone,
        utc_offset_seconds=offset,
        seed=written.seed,
        is_long=written.is_long,
        district=place.district,
        networks=place.networks,
        site=place.site,
        storms=[
            Storm(start_ns + _ns(one.at), seconds_of(one.lasts) / 60.0, one.mm, one.peak)
            for one in written.weather.storms
        ],
        mean_celsius=written.weather.mean_celsius,
        wind_m_s=written.weather.wind_m_s,
        report_seconds=dict(written.report_seconds),
        faults_per_device_year=written.faults_per_device_year,
        events=events,
        faults=faults,
        expectations=expectations,
        drawn=rates,
        events_per_asset_year={kind: rate for kind, rate in written.events_per_asset_year.items() if kind in MISHAPS},
        places={".".join(map(str, path)): place for path, place in document.places.items()},
    )


def _fault(one: WrittenInstrument, start_ns: int) -> InstrumentFault:
    return InstrumentFault(
        start_ns + _ns(one.at), one.kind, one.device, one.point, _number(one.amount), _seconds(one.lasts)
    )


def _rate(one: WrittenRate) -> Rate:
    return Rate(one.kind, one.per_device_year, one.device, one.point, _number(one.amount), _seconds(one.lasts))


def _expectation(one: WrittenExpectation) -> Expectation:
    return Expectation(read_sentence(one.want), one.pending or "")


def _start(document: Document, written: WrittenScenario) -> tuple[float, int]:
    """Return the offset of local time from UTC in seconds, and the start in nanoseconds UTC."""
    try:
        zone = ZoneInfo(written.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        document.fault(("timezone",), f"timezone {written.timezone!r:.60} is not a time zone", "e.g. Asia/Shanghai")
        return 0.0, 0
    try:
        start = datetime.fromisoformat(written.start)
    except ValueError:
        document.fault(
            ("start",), f"start must be a local date and time, got {written.start!r:.40}", "2025-06-16T00:00"
        )
        return 0.0, 0
    if start.tzinfo is not None:
        reason = f"start must be a local date and time, without an offset, got {written.start!r:.40}"
        document.fault(("start",), reason, "timezone: says of which zone it is")
        return 0.0, 0
    if not _FIRST_YEAR <= start.year <= _LAST_YEAR:
        document.fault(("start",), f"start must lie between {_FIRST_YEAR} and {_LAST_YEAR}, got {written.start!r:.40}")
        return 0.0, 0
    start = start.replace(tzinfo=zone)
    offset = start.utcoffset()
    return (offset.total_seconds() if offset else 0.0), round(start.timestamp()) * SECOND


def _check_expectations(document: Document, expectations: Sequence[Expectation]) -> None:
    if expectations and all(one.pending for one in expectations):
        document.fault(("expect",), "expect: all of it is pending; a scenario needs something that is met", at_key=True)
    if expectations and not any(isinstance(one.sentence, Wanted) for one in expectations):
        document.warn(("expect",), "expect: no early warning is wanted; a deaf gateway would pass", at_key=True)


def _check_hazards(document: Document, written: WrittenScenario, hazards: Collection[str]) -> None:
    """Find what no gateway would ever say: a sentence about it is never met, or always."""
    for number, expected in enumerate(written.expect):
        if hazards and not document.is_faulty(("expect", number)):
            sentence = read_sentence(expected.want)
            if isinstance(sentence, Wanted | Unwanted) and sentence.hazard not in hazards:
                near = did_you_mean(sentence.hazard, hazards) or f"there are {', '.join(hazards)}"
                at = ("expect", number, "want")
                document.fault(at, f"expect.{number}.want: there is no hazard {sentence.hazard!r:.60}", near)


def _check_names(document: Document, written: WrittenScenario, place: Place) -> None:
    """Find what the place does not have: assets that something happens to or is expected of, and devices."""
    if not place.assets:
        return
    for number, event in enumerate(written.happens):
        _known(document, ("happens", number, "asset"), event.asset, place.assets)
    for number, expected in enumerate(written.expect):
        if not document.is_faulty(("expect", number)):
            sentence = read_sentence(expected.want)
            if isinstance(sentence, Wanted | Unwanted):
                _known(document, ("expect", number, "want"), sentence.asset, place.assets)
    for number, fault in enumerate(written.instruments):
        _known(document, ("instruments", number, "device"), fault.device, place.devices, "device")
    for device in written.report_seconds:
        _known(document, ("report_seconds", device), device, place.devices, "device", at_key=True)


def _known(
    document: Document,
    at: tuple[str | int, ...],
    name: str,
    known: frozenset[str],
    sort: str = "asset",
    *,
    at_key: bool = False,
) -> None:
    if name not in known:
        near = did_you_mean(name, known) or f"there are {', '.join(sorted(known)[:_NAMED])}"
        document.fault(at, f"{'.'.join(map(str, at))}: there is no {sort} {name!r:.60} here", near, at_key=at_key)


def _tried(document: Document, place: tuple[str | int, ...], make: Callable[[], _Made], made: list[_Made]) -> None:
    try:
        made.append(make())
    except ValueError as error:
        document.fault(place, f"{'.'.join(map(str, place))}: {error}")


def _within(document: Document, place: tuple[str | int, ...], at: str, lasts: str) -> None:
    if _ns(at) >= _ns(lasts):
        document.fault(place, f"{'.'.join(map(str, place))} lies behind the end of the scenario")


def _ns(text: str) -> int:
    return round(seconds_of(text) * SECOND)


def _seconds(text: str | None) -> float:
    return math.nan if text is None else seconds_of(text)


def _number(value: float | None) -> float:
    return math.nan if value is None else value
