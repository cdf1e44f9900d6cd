"""A site file becomes one Site, or all of its faults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.settings import Checked, HistorySettings, JournalSettings, ModbusTcpSettings, MqttSettings, load_site

WORD = "hunter2"


def test_a_site_has_what_its_file_says_and_defaults_for_the_rest(right: str, tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(right)

    site = load_site(file)

    assert (site.id, site.name, site.timezone, site.language) == ("box", "站点", "Asia/Shanghai", "zh")
    assert (site.http_host, site.http_port) == ("127.0.0.1", 8080)
    assert site.collectors["line"] == ModbusTcpSettings("line", "10.0.0.2")
    assert site.collectors["broker"] == MqttSettings(
        "broker", "10.0.0.1", client_id="lifeline-box-broker", topics=("a/{device}/up",)
    )
    assert (site.journal, site.history) == (JournalSettings(), HistorySettings())
    assert site.source == file


def test_flash_commits_once_a_second_unless_told_otherwise(right: str, check: Callable[[str], Checked]) -> None:
    default = check(right + "stores: {journal: {storage: flash}}\n").site
    told = check(right + "stores: {journal: {storage: flash, flush_seconds: 0.5}}\n").site

    assert default is not None
    assert told is not None
    assert default.journal.flush_seconds == 1.0
    assert told.journal.flush_seconds == 0.5


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_page_may_be_served_to_this_machine(right: str, check: Callable[[str], Checked], host: str) -> None:
    checked = check(right.replace("id: box", f'id: box, http_host: "{host}"'))

    assert checked.site is not None
    assert checked.site.http_host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "localhost", ""])  # noqa: S104 - refused below
def test_the_page_may_not_be_served_beyond(right: str, check: Callable[[str], Checked], host: str) -> None:
    checked = check(right.replace("id: box", f'id: box, http_host: "{host}"'))

    assert checked.site is None
    assert "http_host must be one of 127.0.0.1, ::1" in checked.faults[0].message


def test_a_password_comes_from_the_environment(right: str, tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(right.replace("kind: mqtt", "kind: mqtt, username: u, password_env: SECRET"))

    broker = load_site(file, environment={"SECRET": WORD}).collectors["broker"]

    assert isinstance(broker, MqttSettings)
    assert broker.password == WORD


def test_a_password_comes_from_a_file_beside_the_site_file(right: str, tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(right.replace("kind: mqtt", "kind: mqtt, username: u, password_file: broker.password"))
    (tmp_path / "broker.password").write_text(f"{WORD}\n")

    broker = load_site(file, environment={}).collectors["broker"]

    assert isinstance(broker, MqttSettings)
    assert broker.password == WORD


@pytest.mark.parametrize("source", ["password_env: SECRET", "password_file: none"])
def test_a_password_that_is_not_there_stops_a_run_but_not_a_check(
    right: str, tmp_path: Path, check: Callable[[str], Checked], source: str
) -> None:
    text = right.replace("kind: mqtt", f"kind: mqtt, username: u, {source}")

    checked = check(text)

    assert checked.site is not None
    with pytest.raises(ConfigError, match=r"site.yaml:3:\d+: error: collectors.broker.password_"):
        load_site(tmp_path / "site.yaml", environment={})


def test_a_file_that_is_not_there_is_one_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml:1:1: error: cannot read the file: No such file or directory"):
        load_site(tmp_path / "none.yaml")


def test_settings_never_show_their_password() -> None:
    shown = repr(MqttSettings("a", "b", password=WORD))

    assert WORD not in shown
