"""Kept frames by another profile: shown beside what is stored, applied on demand, filed, and again without effect."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.cli import main
from gateway.clock import FakeClock, Ntp
from gateway.history.saved import SavedHistory
from gateway.model import SECOND, Flag, RawFrame, RawFrames, batch_of
from tests.example_site import example_site

NOON = 1_700_006_400 * SECOND
SITE = Path("deploy/site.example.yaml")
OLD = Path("device_profiles/gas/manhole_methane.yaml")
TEMPERATURE = "MH-0231.gas-0231.temperature"


class Told:
    def ntp(self) -> Ntp:
        return Ntp.SYNCHRONISED


@asynccontextmanager
async def gateway_on(state: Path, clock: FakeClock) -> AsyncIterator[Gateway]:
    """Run a gateway without collectors."""
    async with Gateway(replace(example_site(), collectors={}), state, clock=clock, trust=Told(), port=0) as gateway:
        yield gateway


@pytest.fixture
async def state(tmp_path: Path) -> Path:
    """Return the state of a gateway that stored ten temperatures by the old profile, and kept their frames."""
    clock = FakeClock(NOON)
    folder = tmp_path / "state"
    async with gateway_on(folder, clock) as gateway:
        number = gateway.numbers[TEMPERATURE]
        for minute in range(10):
            now = clock.now()
            ms = now.utc_ns // 1_000_000
            payload = json.dumps({"ts": ms, "data": {"temp": 10.0 + minute}}).encode()
            frame = RawFrame("gas-0231", "lifeline/gas-0231/up", payload, 0)
            rows = batch_of([(number, now.utc_ns, 10.0 + minute, 1, 0)], now)
            await gateway.put([rows, RawFrames("district", now.utc_ns, (frame,))], urgent=True)
            clock.set_monotonic(now.monotonic_ns + 60 * SECOND)
    return folder


@pytest.fixture
def new_profile(tmp_path: Path) -> Path:
    """Return a profile that says that the thermometer reads a degree too low."""
    path = tmp_path / "better.yaml"
    path.write_text(OLD.read_text().replace("path: data.temp,", "path: data.temp, offset: 1.0,"))
    return path


def stored(state: Path) -> list[tuple[float, int]]:
    with SavedHistory(state / "history") as history:
        rows = history.read(history.channels[TEMPERATURE], 0, 2 * NOON)
    return [(value, flags) for _, value, _, flags in rows]


def decode(state: Path, profile: Path, *more: str) -> int:
    return main(["decode", "--from", "raw", "--profile", str(profile), str(SITE), "--state", str(state), *more])


async def replayed(state: Path) -> None:
    """Let the readers of a gateway take over what was appended."""
    async with gateway_on(state, FakeClock(NOON + 3_600 * SECOND, "later")) as gateway:
        await gateway.drained()


def test_looking_shows_both_values_and_changes_nothing(
    state: Path, new_profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stored(state)

    code = decode(state, new_profile)

    said = capsys.readouterr().out.splitlines()
    assert code == 0
    assert said[1].split()[1:] == ["gas-0231", "temperature", "10", "11"]
    assert said[-1] == "10 frames, 0 without a meaning; 10 values, 10 differ"
    assert stored(state) == before


def test_the_profile_that_is_in_use_differs_nowhere(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    decode(state, OLD, "--json")

    document = json.loads(capsys.readouterr().out)
    assert (document["frames"], document["differing"], document["applied"]) == (10, 0, 0)
    assert document["values"][0]["stored"] == document["values"][0]["value"] == 10.0


async def test_applied_corrections_win_are_flagged_and_filed_and_applied_again_change_nothing(
    state: Path, new_profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    decode(state, new_profile, "--apply", "--by", "Li Wei")
    first = capsys.readouterr().out
    await replayed(state)
    after = stored(state)
    decode(state, new_profile, "--apply", "--by", "Li Wei")
    second = capsys.readouterr().out

    assert "10 corrected rows appended, filed as done by Li Wei" in first
    assert [value for value, _ in after] == [11.0 + minute for minute in range(10)]
    assert {flags & Flag.CORRECTED for _, flags in after} == {Flag.CORRECTED}
    assert "0 differ" in second
    assert "appended" not in second


async def test_nothing_is_applied_while_a_gateway_runs(
    state: Path, new_profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with gateway_on(state, FakeClock(NOON + 3_600 * SECOND)):
        code = decode(state, new_profile, "--apply")

    assert code == 69
    assert "is in use by process" in capsys.readouterr().err


def test_a_state_folder_and_a_device_are_enough_to_look(
    state: Path, new_profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = ["--profile", str(new_profile)]
    code = main(["decode", "--from", "raw", *profile, "--device", "gas-0231", "--json", str(state)])

    assert code == 0
    assert json.loads(capsys.readouterr().out)["differing"] == 10


def test_an_unknown_profile_is_said_to_be_one(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["decode", "--from", "raw", "--profile", "gas/nothing", str(state)])

    assert code == 78
    assert "there is no profile 'gas/nothing'" in capsys.readouterr().err


def test_decode_without_a_codec_or_a_source_is_a_mistake_of_use() -> None:
    assert main(["decode"]) == 2
