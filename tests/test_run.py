"""`./lifeline test` says which test failed, and whether it fails again; a step that failed stays failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import run

PYTEST = ["-m", "pytest", "-p", "no:xdist", "-o", "addopts=", "--import-mode=importlib"]
"""The tests of these tests are a few lines in a folder of their own."""
SHAKY = """
from pathlib import Path

def test_fails_once() -> None:
    tried = Path("tried")
    was = tried.exists()
    tried.touch()
    assert was

def test_passes() -> None:
    pass
"""
BROKEN = "def test_fails_always() -> None:\n    assert False\n"


@pytest.fixture(autouse=True)
def without_xdist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(run, "AGAIN", [part for part in run.AGAIN if part != "-n0"])
    monkeypatch.chdir(tmp_path)


def test_a_test_that_passes_at_the_second_try_is_named_and_its_step_has_failed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test_shaky.py").write_text(SHAKY)

    code = run.report(run.run({"units": [*PYTEST, str(tmp_path)]}))

    assert code == 1
    said = capfd.readouterr().out
    assert "1 failed, 1 passed" in said
    assert "failed, and passed at a second try (shaky): test_shaky.py::test_fails_once" in said


def test_a_test_that_fails_twice_fails_its_step_and_is_named_last(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test_broken.py").write_text(BROKEN)

    code = run.report(run.run({"units": [*PYTEST, str(tmp_path)], "types": ["-c", "pass"]}))

    assert code == 1
    *_, step, test, other, checks = capfd.readouterr().out.splitlines()
    assert step.startswith("FAILED units")
    assert test == "       failed: test_broken.py::test_fails_always"
    assert other.startswith("ok     types")
    assert checks == "checks: 1 passed, 1 failed"


def test_many_failed_tests_are_not_tried_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    many = "".join(BROKEN.replace("always", f"always_{number}") for number in range(run.MOST_AGAIN + 1))
    (tmp_path / "test_broken.py").write_text(many)

    code = run.report(run.run({"units": [*PYTEST, str(tmp_path)]}))

    assert code == 1
    assert "once more" not in capfd.readouterr().out


def test_a_step_that_is_no_test_is_not_tried_again(capfd: pytest.CaptureFixture[str]) -> None:
    assert run.report(run.run({"types": ["-c", "import sys; sys.exit(1)"]})) == 1
    assert "once more" not in capfd.readouterr().out
