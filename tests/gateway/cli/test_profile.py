"""Registers and what the display shows, to what the registers mean."""

from __future__ import annotations

import json
import struct
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import main


def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str], dump: str, *more: str) -> tuple[int, Any]:
    path = tmp_path / "dump.txt"
    path.write_text(dump)
    exit_code = main(["profile", "suggest", "--dump", str(path), "--json", *more])
    return exit_code, json.loads(capsys.readouterr().out)["candidates"]


@pytest.mark.parametrize(
    ("dump", "reading", "wanted"),
    [
        pytest.param("256: 4060 0000 4164 0000", "3.50", (256, "float32", "ABCD", 1.0), id="a float"),
        pytest.param("0: 806b 4212", "36.625", (0, "float32", "CDAB", 1.0), id="a float, words swapped"),
        pytest.param("0: 1242 6b80", "36.625", (0, "float32", "BADC", 1.0), id="a float, bytes swapped"),
        pytest.param("# a note\n[7]: \t342\n[8]: \t0", "3.42", (7, "uint16", "ABCD", 0.01), id="as mbpoll prints it"),
        pytest.param("10, 1875", "187.5", (10, "uint16", "ABCD", 0.1), id="tenths"),
        pytest.param("10, 65471", "-6.5", (10, "int16", "ABCD", 0.1), id="below zero"),
        pytest.param("10: 0001 e240", "123456", (10, "uint32", "ABCD", 1.0), id="a total"),
    ],
)
def test_the_likeliest_is_the_right_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dump: str, reading: str, wanted: tuple[Any, ...]
) -> None:
    exit_code, candidates = ask(tmp_path, capsys, dump, f"--reading={reading}")

    first = candidates[0]
    assert exit_code == 0
    assert (first["address"], first["type"], first["byte_order"], first["scale"]) == wanted


def test_the_right_register_is_found_among_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [(17 * number * number + 91) % 65_536 for number in range(60)]
    words[40:42] = struct.unpack(">HH", struct.pack(">f", 0.3427))
    dump = "0: " + " ".join(f"{word:04x}" for word in words)

    _, candidates = ask(tmp_path, capsys, dump, "--reading", "0.3427", "--unit", "MPa")

    assert (candidates[0]["address"], candidates[0]["type"]) == (40, "float32")
    assert "address: 40, type: float32" in candidates[0]["patch"]
    assert 'unit: "MPa"' in candidates[0]["patch"]


def test_a_reading_that_nothing_gives_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(tmp_path, capsys, "0: 0000", "--reading", "1234.5") == (1, [])


@pytest.mark.parametrize("dump", ["", "x: 1", "70000, 1", "5, 70000"])
def test_a_dump_that_is_none_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str], dump: str) -> None:
    path = tmp_path / "dump.txt"
    path.write_text(dump)

    assert main(["profile", "suggest", "--dump", str(path), "--reading", "1"]) == 2
    assert capsys.readouterr().err.startswith("lifeline: dump")


def test_a_profile_is_proved_by_its_own_frames(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(str(resources.files("device_profiles"))) / "gas" / "midas.yaml"

    exit_code = main(["profile", "check", str(path)])

    assert exit_code == 0
    assert "ok: 3 points proved by 3 frames" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("hydrogen_sulfide: 0.25}", "hydrogen_sulfide: 2.5}", "frames.0: hydrogen_sulfide is 0.25, not 2.5"),
        ("protocol: modbus", "protocol: modbuss", "modbuss"),
    ],
)
def test_a_profile_that_its_frames_disprove_is_a_configuration_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    text = (resources.files("device_profiles") / "gas" / "midas.yaml").read_text()
    path = tmp_path / "midas.yaml"
    path.write_text(text.replace(old, new, 1))

    exit_code = main(["profile", "check", "--json", str(path)])

    told = json.loads(capsys.readouterr().out)
    assert (exit_code, told["ok"]) == (78, False)
    assert any(said in fault for fault in told["faults"]), told


def test_a_profile_that_is_not_there_is_a_usage_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "check", str(tmp_path / "none.yaml")]) == 2
    assert "give the path of a profile" in capsys.readouterr().err
