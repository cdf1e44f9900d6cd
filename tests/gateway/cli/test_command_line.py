from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from gateway.cli import COMMANDS, main


def test_the_version_is_printed_and_nothing_heavy_is_imported() -> None:
    code = "import sys, gateway.cli as c\ntry: c.main(['--version'])\nexcept SystemExit: print('numpy' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.startswith("lifeline ")
    assert done.stdout.strip().endswith("False")


def test_without_a_command_the_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code = main([])

    printed = capsys.readouterr().out
    assert code == 2
    assert all(name in printed for name in COMMANDS)


def test_an_unknown_command_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["nonsense"])

    assert stopped.value.code == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_file_that_configures_and_runs_it(name: str) -> None:
    module = importlib.import_module(f"gateway.cli.{name}")

    assert callable(module.configure)
    assert callable(module.run)


def test_a_gateway_starts_without_what_only_benchmarks_and_sinks_need() -> None:
    heavy = ("scipy", "pandas", "influxdb_client", "sklearn", "matplotlib", "pyarrow", "plotly")
    modules = "gateway.cli.run, gateway.app, gateway.detection, gateway.hazards, gateway.duty_room, detectors"
    program = f"import sys, {modules}; print([name for name in {heavy!r} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=120)

    assert done.stdout.strip() == "[]"
