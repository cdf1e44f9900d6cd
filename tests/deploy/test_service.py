"""The systemd unit: systemd can read it, it is tight, and it fits the program."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.app import watchdog
from gateway.cli import COMMANDS, EXIT_CONFIG, EXIT_USAGE

UNIT = Path(__file__).parents[2] / "deploy" / "lifeline.service"
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(
    ANALYZE is None, reason="systemd-analyze is not installed (Debian: apt install systemd)"
)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The unit with a program that exists in place of the one that is not installed here."""
    copy = tmp_path / UNIT.name
    copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.MULTILINE))
    return copy


@pytest.fixture
def service() -> configparser.SectionProxy:
    # Keys may stand twice in a unit; for what these tests read, the last one counts.
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys of a unit have capitals
    parser.read(UNIT)
    return parser["Service"]


@needs_systemd
def test_systemd_understands_every_line(installed: Path) -> None:
    done = subprocess.run([str(ANALYZE), "verify", str(installed)], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_the_service_is_shut_in(installed: Path) -> None:
    command = [str(ANALYZE), "security", "--offline=true", "--no-pager", str(installed)]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    exposure = re.search(r"Overall exposure level .*: (\d+\.\d)", done.stdout)
    assert exposure is not None, done.stderr
    assert float(exposure[1]) <= 1.5


def test_it_runs_the_program_with_its_state_in_its_own_folder(service: configparser.SectionProxy) -> None:
    program, command, *arguments = service["ExecStart"].split()

    assert program.endswith("/bin/lifeline")
    assert command in COMMANDS
    assert arguments[-1] == f"/var/lib/{service['StateDirectory']}"


def test_the_watchdog_is_more_patient_than_the_heartbeat(service: configparser.SectionProxy) -> None:
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) * 1e9 >= 2 * watchdog._OLDEST_HEARTBEAT_NS


def test_only_what_a_restart_can_mend_is_restarted(service: configparser.SectionProxy) -> None:
    assert service["Restart"] == "always"
    assert set(service["RestartPreventExitStatus"].split()) == {str(EXIT_USAGE), str(EXIT_CONFIG)}
