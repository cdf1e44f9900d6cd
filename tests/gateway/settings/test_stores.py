"""The part `stores`: InfluxDB beside the box, and who holds the journal's segments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.settings import Checked, InfluxdbSettings, load_site

Check = Callable[[str], Checked]

INFLUXDB = "stores: {influxdb: {url: 'http://127.0.0.1:8086/', org: city, bucket: lifeline, token_env: SECRET}}\n"


def test_a_site_without_influxdb_has_none(right: str, check: Check) -> None:
    site = check(right).site

    assert site is not None
    assert site.influxdb is None
    assert site.journal.yielding == ()


def test_a_token_comes_from_the_environment_and_is_never_shown(right: str, tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(right + INFLUXDB)

    site = load_site(file, environment={"SECRET": "hunter2"})

    assert site.influxdb == InfluxdbSettings("http://127.0.0.1:8086", "city", "lifeline", "hunter2")
    assert "hunter2" not in repr(site)


def test_a_token_comes_from_a_file_beside_the_site_file(right: str, tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(right + INFLUXDB.replace("token_env: SECRET", "token_file: influxdb.token"))
    (tmp_path / "influxdb.token").write_text("hunter2\n")

    site = load_site(file, environment={})

    assert site.influxdb == InfluxdbSettings("http://127.0.0.1:8086", "city", "lifeline", "hunter2")


@pytest.mark.parametrize("secret", ["", "two\nlines", "口令"])
def test_a_token_that_cannot_be_one_stops_a_run(right: str, tmp_path: Path, secret: str) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(right + INFLUXDB)

    with pytest.raises(ConfigError, match=r"stores\.influxdb") as caught:
        load_site(file, environment={"SECRET": secret})

    assert not secret or secret not in str(caught.value)


def test_influxdb_holds_segments_only_while_there_is_room(right: str, check: Check) -> None:
    site = check(right + INFLUXDB).site

    assert site is not None
    assert (site.journal.readers, site.journal.yielding) == (("history", "detection"), ("influxdb",))


def test_influxdb_named_among_the_readers_is_waited_for(right: str, check: Check) -> None:
    named = "stores: {journal: {readers: [history, influxdb]}, influxdb: {"
    site = check(right + INFLUXDB.replace("stores: {influxdb: {", named)).site

    assert site is not None
    assert (site.journal.readers, site.journal.yielding) == (("history", "influxdb"), ())


def test_a_reader_that_is_not_in_stores_is_a_fault(right: str, check: Check) -> None:
    checked = check(right + "stores: {journal: {readers: [history, influxdb]}}\n")

    assert [fault.message for fault in checked.faults] == [
        "stores.journal.readers names influxdb, which is not in stores"
    ]


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8086", "http://u:hunter2@host:8086", "http://host/?token=hunter2", "ftp://host", "http://"]
)
def test_an_address_that_is_none_is_a_fault_that_shows_no_password(right: str, check: Check, url: str) -> None:
    checked = check(right + INFLUXDB.replace("http://127.0.0.1:8086/", url))

    (fault,) = checked.faults
    assert fault.message == "stores.influxdb.url is no address of a server"
    assert "hunter2" not in str(fault)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ((", token_env: SECRET", ""), "has no token"),
        (("127.0.0.1", "10.0.0.9"), "anyone on the way can read the token"),
    ],
)
def test_what_is_allowed_but_unwise_is_a_warning(right: str, check: Check, change: tuple[str, str], word: str) -> None:
    checked = check(right + INFLUXDB.replace(*change))

    assert checked.faults == ()
    assert [word in warning.message for warning in checked.warnings] == [True]
