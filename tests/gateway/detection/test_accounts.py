"""All that a finding rests on, as one document: for each kind of rule, and each model of a hazard."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from gateway.detection.accounts import account_of
from gateway.early_warning import Level
from gateway.hazards import watched as watched_models
from gateway.inventory import Asset, Channel, Inventory
from gateway.journal import Entry
from gateway.model import SECOND, Floats, Tick
from tests.gateway.detection.scene import GAS, LOW_PRESSURE, START, Row, Watch, channel, site
from tests.gateway.detection.test_groups import storm
from tests.gateway.detection.test_why import Buckets, Rows

NAME = "P-1.meter.flow"
REPORT = 600.0
DAYS = 20
"""So much of the past an account looks at, and so much is fed."""
SIZE = DAYS * 144
SHIFT = replace(GAS, name="own", of="shift", rungs={"blue": 3.0}, deadband=0.5, on_seconds=0.0)
AHEAD = replace(GAS, name="ahead", ahead_seconds=7_200.0, on_seconds=0.0)
PLAIN = channel(NAME, report_seconds=REPORT)
Change = Callable[[Floats], Floats]


class Past:
    """What was fed, as the history gives it."""

    def __init__(self, values: Mapping[int, Floats]) -> None:
        self.values = values
        self.time_ns = START + np.arange(SIZE) * round(REPORT * SECOND)

    def read(self, number: int, start_ns: int, end_ns: int, limit: int | None) -> Rows:
        kept = np.flatnonzero((self.time_ns >= start_ns) & (self.time_ns < end_ns))[:limit]
        marks = np.ones(len(kept), np.uint8), np.zeros(len(kept), np.uint16)
        return Rows(self.time_ns[kept], self.values[number][kept], *marks)

    def buckets(self, number: int, start_ns: int, end_ns: int, count: int) -> Buckets:
        end = np.linspace(start_ns, end_ns, count + 1)[1:].astype(np.int64)
        place = np.searchsorted(self.time_ns, end) - 1
        is_there = (place >= 0) & (self.time_ns[place] > end - 2 * round(REPORT * SECOND))
        return Buckets(end, np.where(is_there, self.values[number][place], np.nan))


def calm(seed: int = 1) -> Floats:
    return 5.0 + np.random.default_rng(seed).normal(0.0, 0.2, SIZE)


def risen(values: Floats, to: float = 30.0) -> Floats:
    values[-72:] += to - 5.0
    return values


def still(values: Floats) -> Floats:
    values[-72:] = values[-72]
    return values


def fallen(values: Floats) -> Floats:
    return np.where(np.arange(SIZE) >= SIZE - 72, 0.1, values)


def climbing(values: Floats) -> Floats:
    values[-72:] += np.linspace(0.0, 14.0, 72)
    return values


def spiky(values: Floats) -> Floats:
    values[-70::3] += 40.0
    return values


def gone(values: Floats) -> Floats:
    values[-20:] = np.nan
    return values


def unfit(values: Floats) -> Floats:
    values[-72:] = 150.0
    return values


KINDS: Mapping[str, tuple[Channel, Change, str]] = {
    "limits": (replace(PLAIN, ladders=(GAS,)), risen, "gas_leak"),
    "limits_below": (replace(PLAIN, ladders=(LOW_PRESSURE,)), fallen, "supply_abnormal"),
    "shifted": (replace(PLAIN, ladders=(SHIFT,)), lambda values: risen(values, 9.0), "gas_leak"),
    "foretold": (replace(PLAIN, ladders=(AHEAD,)), climbing, "gas_leak"),
    "stuck": (replace(PLAIN, stuck_seconds=7_200.0), still, "sensor_fault"),
    "silent": (PLAIN, gone, "sensor_silent"),
    "gross_range": (replace(PLAIN, span=(0.0, 100.0)), unfit, "sensor_fault"),
    "spike": (replace(PLAIN, spike_limit=10.0), spiky, "sensor_fault"),
    "rate_of_change": (replace(PLAIN, rate_limit=1.0), spiky, "sensor_fault"),
}


def neighbours(count: int = 3) -> list[Channel]:
    return [channel(f"P-{number}.meter.flow", report_seconds=REPORT) for number in range(2, 2 + count)]


def place(*channels: Channel) -> Inventory:
    """Return a site whose assets are all of one zone."""
    names = dict.fromkeys(one.asset for one in channels)
    assets = {name: Asset(name, "pipe", "water", "", None, {"part_of": ("ZONE",)}) for name in names}
    return replace(site(*channels), assets=assets)


def found(folder: Path, watched: Channel, change: Change, *, shifted: tuple[int, ...] = ()) -> tuple[Watch, Past]:
    """Feed the past of a channel and its neighbours (some shifted at its end) to detection."""
    others = neighbours()
    watch = Watch(folder, place(watched, *others))
    values = {watch.numbers[NAME]: change(calm())}
    for seed, one in enumerate(others, 2):
        values[watch.numbers[one.id]] = risen(calm(seed), 9.0) if seed in shifted else calm(seed)
    past = Past(values)
    entries: list[Entry] = []
    for slot in range(SIZE):
        second = slot * REPORT
        low, high = watched.span or (-np.inf, np.inf)
        rows = [
            Row(second, name, float(values[number][slot]), quality=1 if low <= values[number][slot] <= high else 4)
            for name, number in watch.numbers.items()
            if np.isfinite(values[number][slot])
        ]
        received_ns, batch = watch.batch(second, *rows)
        entries.append(Entry(len(entries) + 1, batch, received_ns))
        if slot >= SIZE - 100:
            for part in range(60):
                tick = Tick(received_ns + (part * 10 + 1) * SECOND)
                entries.append(Entry(len(entries) + 1, tick, tick.received_ns))
    watch.detection.apply(entries)
    return watch, past


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_rule_gives_a_whole_and_true_account(tmp_path: Path, kind: str) -> None:
    watched, change, hazard = KINDS[kind]
    watch, past = found(tmp_path, watched, change)
    finding = next(one for one in watch.findings if one.hazard == hazard and one.evidence.channel == NAME)

    account = account_of(finding, watch.inventory, watch.numbers, past)

    told = json.loads(json.dumps(dataclasses.asdict(account), allow_nan=False))
    assert told["channels"] == [NAME]
    assert told["statistic"]["rule"].partition(":")[0] == kind.partition("_below")[0]
    assert told["statistic"]["score"] >= told["limit"]["score"] >= 1.0
    assert told["limit"]["basis"]
    assert told["baseline"]["low"] <= 5.0 <= told["baseline"]["high"]
    assert told["baseline"]["high"] - told["baseline"]["low"] < 1.0
    assert datetime.fromisoformat(told["onset"]["time"]) <= datetime.fromisoformat(told["time"])
    assert told["contributions"]
    assert set(told["disagreeing"]) == {one.id for one in neighbours()}
    assert 0.0 <= told["data_trust"]["good_share"] <= 1.0


@pytest.mark.slow
def test_neighbours_that_shifted_too_agree_and_the_change_is_dated(tmp_path: Path) -> None:
    watched, _, _ = KINDS["shifted"]
    watch, past = found(tmp_path, watched, lambda values: risen(values, 9.0), shifted=(2, 3))
    [finding] = [one for one in watch.findings if one.level][:1]

    account = account_of(finding, watch.inventory, watch.numbers, past)

    assert account.agreeing == ("P-2.meter.flow", "P-3.meter.flow")
    assert account.disagreeing == ("P-4.meter.flow",)
    began = datetime.fromisoformat(account.onset.time).timestamp()
    assert account.onset.method == "cusum"
    assert abs(began - (past.time_ns[-72] / SECOND)) <= 2 * REPORT


@pytest.mark.slow
def test_what_ended_says_what_it_stood_at_before(tmp_path: Path) -> None:
    watch, past = found(tmp_path, replace(PLAIN, ladders=(GAS,)), risen)
    finding = replace(watch.findings[0], level=Level.NONE, score=0.2)

    account = account_of(finding, watch.inventory, watch.numbers, past)

    assert (account.level, account.limit.level, account.limit.score) == ("none", "blue", 1.0)


def test_without_a_past_nothing_is_made_up(tmp_path: Path) -> None:
    watch = Watch(tmp_path, site(channel(NAME, GAS)))
    rows = [watch.batch(second, Row(second, NAME, 60.0)) for second in range(0, 60, 10)]
    watch.detection.apply([Entry(number, batch, at) for number, (at, batch) in enumerate(rows, 1)])

    account = account_of(watch.findings[0], watch.inventory, watch.numbers, None)

    assert account.baseline is None
    assert account.onset.method == "first_sample"
    assert account.statistic.value == 60.0
    assert account.limit.value == 50.0


def test_a_models_account_names_all_its_members_and_what_its_value_is_made_of(tmp_path: Path) -> None:
    watch, entries = storm(tmp_path)
    watch.detection.apply(entries)
    spoke = {one.evidence.rule.partition(":")[0]: one for one in watch.findings if one.evidence.terms}
    models = {one.model.name: one.model for one in watched_models(watch.inventory)}

    accounts = {name: account_of(one, watch.inventory, watch.numbers, None) for name, one in spoke.items()}

    assert set(accounts) == set(models)
    for name, account in accounts.items():
        assert set(models[name].channels) <= set(account.channels)
        assert account.contributions == dict(spoke[name].evidence.terms)
        assert account.statistic.quantity != watch.inventory.channels[account.channels[0]].quantity
        json.dumps(dataclasses.asdict(account), allow_nan=False)
