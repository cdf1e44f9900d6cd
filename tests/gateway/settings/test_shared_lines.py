"""What has one master or one listener belongs to one collector, of whatever kind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.settings import Checked

SHARED = [
    (
        "{kind: modbus_rtu_over_tcp, host: 10.0.0.2, port: 502}",
        "collectors.second is the same endpoint as collectors.line",
        "kinds modbus_tcp and modbus_rtu_over_tcp cannot share it",
    ),
    (
        '{kind: cjt188, host: 10.0.0.2, port: 502, meters: {m: {id: "00000805000001", type: heat}}}',
        "collectors.second is the same endpoint as collectors.line",
        "kinds modbus_tcp and cjt188 cannot share it",
    ),
    (
        "{kind: modbus_tcp, host: 10.0.0.2}",
        "collectors.second is the same endpoint as collectors.line",
        "put the devices of both on one collector",
    ),
]


@pytest.mark.parametrize(("second", "fault", "hint"), SHARED, ids=[second.split(",")[0][7:] for second, _, _ in SHARED])
def test_two_collectors_on_one_line_are_a_fault(
    right: str, check: Callable[[str], Checked], second: str, fault: str, hint: str
) -> None:
    checked = check(right.replace("assets:\n", f"  second: {second}\nassets:\n", 1))

    assert [str(one) for one in checked.faults if fault in str(one) and hint in str(one)]


def test_one_host_with_two_ports_is_two_lines(right: str, check: Callable[[str], Checked]) -> None:
    checked = check(right.replace("assets:\n", "  second: {kind: modbus_tcp, host: 10.0.0.2, port: 503}\nassets:\n", 1))

    assert checked.faults == ()
