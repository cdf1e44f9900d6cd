"""`lifeline journal verify|export|repair`."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.clock import FakeClock
from gateway.health import Health
from gateway.journal import ChannelKey, Journal
from gateway.journal.segments import segment_paths
from gateway.model import batch_of
from gateway.settings import JournalSettings

SETTINGS = JournalSettings(flush_seconds=0.0, segment_bytes=30_000, cap_bytes=10_000_000, reserve_bytes=0)
METHANE, LEVEL = "MH-1.gas-1.ch4", "MH-1.gas-1.level"
START = 1_700_000_000_000_000_000
BATCHES = 20


def opened(state: Path) -> Journal:
    return Journal.open(state / "journal", settings=SETTINGS, clock=FakeClock(), health=Health(), ticks=False)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return a state folder whose journal holds 20 batches of 100 readings, stopped."""
    with opened(tmp_path) as journal:
        journal.number([ChannelKey(METHANE, "%"), ChannelKey(LEVEL, "m")])
        for at in range(BATCHES):
            rows = [(1 + n % 2, START + at * 1_000 + n, math.nan if n == 4 else n / 2, 1, n % 2) for n in range(100)]
            journal.append([batch_of(rows, FakeClock().now())]).result(10)
    return tmp_path


def wreck(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[:100] = b"\xff" * 100
    path.write_bytes(content)


def test_a_sound_journal_has_no_findings(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "verify", str(state)]) == 0

    assert "20 records, 2000 readings: 0 findings" in capsys.readouterr().out


def test_the_journal_itself_may_be_named_and_a_running_one_looked_at(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(state):
        assert main(["journal", "verify", str(state / "journal"), "--json"]) == 0

    verified = json.loads(capsys.readouterr().out)
    assert (verified["records"], verified["findings"]) == (BATCHES, [])


def test_a_flipped_bit_is_found_with_its_record(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = segment_paths(state / "journal")[0]
    content = bytearray(path.read_bytes())
    content[content.index(START.to_bytes(8, "little"))] ^= 1
    path.write_bytes(content)

    assert main(["journal", "verify", str(state)]) == 1

    assert re.search(rf"{path.name} record \d: its checksum is wrong", capsys.readouterr().out)


def test_a_wrecked_file_is_found_with_what_helps(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wreck(segment_paths(state / "journal")[1])

    assert main(["journal", "verify", str(state), "--json"]) == 1

    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["position"] is None
    assert "`lifeline journal repair`" in finding["what"]


def test_a_wrecked_side_file_is_found(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wreck(state / "journal" / "channels.db")

    assert main(["journal", "verify", str(state)]) == 1

    assert "channels.db: the file is damaged" in capsys.readouterr().out


def test_repair_saves_what_can_be_read_keeps_the_damaged_file_and_leaves_a_sound_journal(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = segment_paths(state / "journal")[1]
    wreck(path)
    wrecked = path.read_bytes()

    assert main(["journal", "repair", str(state), "--json"]) == 0

    (mended,) = json.loads(capsys.readouterr().out)["mended"]
    assert (mended["segment"], mended["lost"]) == (path.name, 0)
    assert (state / "journal" / mended["kept_as"]).read_bytes() == wrecked
    assert main(["journal", "verify", str(state)]) == 0
    assert "20 records, 2000 readings: 0 findings" in capsys.readouterr().out


def test_repair_says_what_was_lost(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = segment_paths(state / "journal")[0]
    content = bytearray(path.read_bytes())
    content[content.index(START.to_bytes(8, "little"))] ^= 1
    path.write_bytes(content)

    assert main(["journal", "repair", str(state)]) == 1

    assert ", 1 lost; kept as " in capsys.readouterr().out
    assert main(["journal", "verify", str(state)]) == 0


def test_repair_of_a_sound_journal_changes_nothing(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path.name: path.read_bytes() for path in (state / "journal").glob("*[bt]")}

    assert main(["journal", "repair", str(state)]) == 0

    assert "nothing is damaged" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in (state / "journal").glob("*[bt]")} == before


def test_channel_numbers_are_never_guessed(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wreck(state / "journal" / "channels.db")

    assert main(["journal", "repair", str(state)]) == 1

    assert "channels.db is damaged: restore it" in capsys.readouterr().out


def test_repair_refuses_while_a_gateway_writes(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(state):
        assert main(["journal", "repair", str(state)]) == 69

    assert "stop it first" in capsys.readouterr().err


def test_readings_come_out_as_csv(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "export", str(state)]) == 0

    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[:3] == [
        "channel,time,value,quality,flags",
        f"{METHANE},2023-11-14T22:13:20.000Z,0.0,1,0",
        f"{LEVEL},2023-11-14T22:13:20.000000001Z,0.5,1,1",
    ]
    assert lines[5] == f"{METHANE},2023-11-14T22:13:20.000000004Z,,1,0"
    assert len(lines) == 1 + 100 * BATCHES
    assert "2000 readings" in captured.err


def test_readings_come_out_as_json_lines_of_one_channel_and_time(state: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    command = ["journal", "export", str(state), "--json", "--out", str(out), "--channel", METHANE]

    assert main([*command, "--since", "2023-11-14T22:13:20.000004Z", "--until", "2023-11-14T22:13:20.000006"]) == 0

    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(found) == 2 * 50
    assert found[0] == {
        "channel": METHANE,
        "time": "2023-11-14T22:13:20.000004Z",
        "value": 0.0,
        "quality": 1,
        "flags": 0,
    }
    assert found[2]["value"] is None


def test_of_a_wrecked_segment_what_can_be_read_is_exported_and_said(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wreck(segment_paths(state / "journal")[0])

    assert main(["journal", "export", str(state)]) == 0

    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1 + 100 * BATCHES
    assert "left out" in captured.err


@pytest.mark.parametrize("action", ["verify", "export", "repair"])
def test_a_folder_without_a_journal_is_said_to_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    assert main(["journal", action, str(tmp_path)]) == 69

    assert "no journal in" in capsys.readouterr().err


def test_a_time_that_is_none_is_refused(state: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["journal", "export", str(state), "--since", "yesterday"])


def test_a_segment_that_is_gone_is_found(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    segment_paths(state / "journal")[1].unlink()

    assert main(["journal", "verify", str(state)]) == 1

    assert "before it, are missing" in capsys.readouterr().out


def test_a_jump_that_a_reader_caused_is_no_finding(state: Path) -> None:
    with opened(state) as journal:
        journal.attach("history", 500)
        journal.append([batch_of([(1, START, 1.0, 1, 0)], FakeClock().now())]).result(10)
        assert journal.newest == 501

    assert main(["journal", "verify", str(state)]) == 0
