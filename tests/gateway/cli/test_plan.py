"""What a line has to carry is said before anything is connected."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.cli import main

SITE = """\
site: {{id: here}}
collectors:
  wells: {{kind: modbus_rtu, port: /dev/ttyUSB0, baud: 9600, poll_seconds: {poll}}}
assets:
  P-1: {{kind: pipe, lifeline: water}}
devices:
  p1: {{profile: water/keller_36xw, collector: wells, unit: 1, asset: P-1}}
  p2: {{profile: water/keller_36xw, collector: wells, unit: 2, asset: P-1}}
"""


def test_the_time_of_a_serial_line_is_worked_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """8 + 13 bytes of 10 bits at 9600 are 21.9 ms; the turnaround adds 10 ms and the gap between frames 3.6 ms."""
    path = tmp_path / "site.yaml"
    path.write_text(SITE.format(poll=1))

    exit_code = main(["plan", str(path), "--explain", "--json"])

    (line,) = json.loads(capsys.readouterr().out)["lines"]
    assert exit_code == 0
    assert (line["requests"], line["bytes"], line["points"]) == (2, 42, 4)
    assert line["cycle_seconds"] == pytest.approx(2 * (21 * 10 / 9600 + 0.01 + 3.5 * 10 / 9600), abs=1e-6)
    assert line["load"] == pytest.approx(line["cycle_seconds"], abs=1e-6)
    assert [(each["device"], each["address"], each["count"]) for each in line["plan"]] == [
        ("p1", 256, 4),
        ("p2", 256, 4),
    ]


def test_a_cycle_that_cannot_fit_is_said_with_what_would(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(SITE.format(poll=0.05))

    exit_code = main(["plan", str(path)])

    printed = capsys.readouterr().out
    assert exit_code == 1
    assert "warning: the normal points need 0.07 s a cycle, more than their period of 0.05 s" in printed
    assert "set poll_seconds to 0.1 or more" in printed
