"""Somebody stages something in a demo that runs."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from contextlib import aclosing
from pathlib import Path

import pytest

from gateway.cli import demo_stage, main
from gateway.errors import Unreachable

KNOWN = ("gas", "storm")


async def _first(state: Path, complaints: list[str] | None = None) -> str:
    heard = demo_stage.words(state, KNOWN, (complaints if complaints is not None else []).append)
    async with aclosing(heard), asyncio.timeout(60):
        return await anext(heard)


def test_a_slip_is_taken_by_the_demo_in_that_folder(tmp_path: Path) -> None:
    demo_stage.hang_out(tmp_path)
    taken: list[Path] = []
    other = threading.Thread(target=lambda: taken.append(demo_stage.hand_in("storm", tmp_path)))
    other.start()

    word = asyncio.run(_first(tmp_path))

    other.join(60.0)
    assert word == "storm"
    assert taken == [tmp_path]


def test_a_typed_line_is_heard_and_what_is_no_story_complained_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints: list[str] = []
    reading, writing = os.pipe()
    with os.fdopen(reading) as typed:
        monkeypatch.setattr(sys, "stdin", typed)
        os.write(writing, b"earthquake\n\n Gas \n")

        word = asyncio.run(_first(tmp_path, complaints))

    os.close(writing)
    assert word == "gas"
    assert complaints == ["'earthquake' cannot be staged; type gas, storm"]


def test_without_a_stdin_slips_are_still_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        (tmp_path / "stage-gas").touch()

        assert asyncio.run(_first(tmp_path)) == "gas"


def test_no_demo_takes_no_slip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["demo", "--stage", "gas", "--state", str(tmp_path)])

    assert code == 69
    assert "no demo in" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_demo_that_has_gone_is_not_waited_for(tmp_path: Path) -> None:
    demo_stage.hang_out(tmp_path)
    (tmp_path / "stage-gas").touch()
    demo_stage.take_down(tmp_path)

    with pytest.raises(Unreachable, match="is running"):
        demo_stage.hand_in("gas", tmp_path)

    assert list(tmp_path.iterdir()) == []
