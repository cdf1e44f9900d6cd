"""A device model that the package does not bring lies beside the site file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gateway.settings import Checked

OWN = """\
id: gas/our_node
title: Our own node
lifeline: gas
protocol: json
source: our own firmware
time: {path: t, format: s}
points:
  ch4: {quantity: combustible_gas, unit: "%{LEL}", path: g, span: [0, 100], report_seconds: 60}
frames:
  - {source: our own firmware, reply: '{"t": 1767225600, "g": 1.5}', time: 2026-01-01T00:00:00Z, values: {ch4: 1.5}}
"""


def test_a_profile_beside_the_site_file_is_named_by_its_path(
    right: str, check: Callable[[str], Checked], tmp_path: Path
) -> None:
    (tmp_path / "our_node.yaml").write_text(OWN)

    checked = check(right.replace("gas/manhole_methane", "./our_node.yaml"))

    assert checked.site is not None
    assert checked.site.inventory.channels["MH-1.gas-1.ch4"].quantity == "combustible_gas"


def test_a_fault_of_an_own_profile_has_its_own_place(
    right: str, check: Callable[[str], Checked], tmp_path: Path
) -> None:
    (tmp_path / "our_node.yaml").write_text(OWN.replace("combustible_gas", "combustible_gaz"))

    checked = check(right.replace("gas/manhole_methane", "./our_node.yaml"))

    assert [(Path(fault.file).name, fault.line) for fault in checked.faults] == [("our_node.yaml", 8)]


def test_a_profile_that_is_not_there_is_a_fault_of_the_site_file(right: str, check: Callable[[str], Checked]) -> None:
    checked = check(right.replace("gas/manhole_methane", "./our_node.yaml"))

    (fault,) = checked.faults
    assert (Path(fault.file).name, fault.line) == ("site.yaml", 9)
    assert "cannot read './our_node.yaml'" in fault.message
