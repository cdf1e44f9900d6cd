from __future__ import annotations

from pathlib import Path

from gateway.clock import Ntp, SystemTrust


def test_this_box_says_one_of_three_things() -> None:
    assert SystemTrust().ntp() in set(Ntp)


def test_a_box_without_any_time_service_waits_for_none(tmp_path: Path) -> None:
    trust = SystemTrust(done=tmp_path / "synchronized", services=(tmp_path / "timesync",))

    assert trust.ntp() in {Ntp.NONE, Ntp.SYNCHRONISED}


def test_a_service_without_its_mark_is_waited_for_unless_the_kernel_knows_better(tmp_path: Path) -> None:
    (tmp_path / "timesync").mkdir()
    trust = SystemTrust(done=tmp_path / "timesync" / "synchronized", services=(tmp_path / "timesync",))

    assert trust.ntp() in {Ntp.WAITING, Ntp.SYNCHRONISED}
