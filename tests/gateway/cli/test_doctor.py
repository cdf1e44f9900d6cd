"""`lifeline doctor`: each thing that may go wrong is found, and what could not be checked is said."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.app.certificates import end_of
from gateway.app.doctor import Check, examine
from gateway.cli import main
from gateway.clock import SystemClock
from gateway.settings.loading import load_site
from simulators.servers.child import free_port
from simulators.servers.mosquitto_broker import MosquittoBroker
from tests.gateway.collectors.certificates import Authority

SITE = """\
site: {{id: clinic, http_port: {http_port}}}
collectors:
  district: {{kind: mqtt, host: 127.0.0.1, port: {port}, topics: ["a/{{device}}"]{extra}}}
assets:
  MH-1: {{kind: manhole, lifeline: gas}}
devices:
  gas-1: {{profile: gas/manhole_methane, collector: district, asset: MH-1}}
stores:
  journal: {{cap_bytes: {cap}}}
"""


def site_file(folder: Path, port: int, *, extra: str = "", http_port: int = 0, cap: int = 1_000_000_000) -> Path:
    path = folder / "site.yaml"
    path.write_text(SITE.format(port=port, extra=extra, http_port=http_port, cap=cap))
    return path


def examined(path: Path) -> dict[str, Check]:
    checks = asyncio.run(examine(load_site(path), path.parent / "state", SystemClock()))
    return {check.name: check for check in checks}


@pytest.mark.slow
def test_a_brokers_own_limits_are_found_by_trying(need: Callable[[str], str], tmp_path: Path) -> None:
    tight = MosquittoBroker(need("mosquitto"), tmp_path / "m", max_inflight_messages=5, max_queued_messages=100)
    with tight as broker:
        checks = examined(site_file(tmp_path, broker.port))

    window, queue = checks["collectors.district.in_flight"], checks["collectors.district queue"]
    assert window.verdict == queue.verdict == "finding"
    assert "set in_flight: 5" in window.text
    assert "keeps 100 messages" in queue.text


@pytest.mark.slow
def test_a_generous_broker_is_no_finding(need: Callable[[str], str], tmp_path: Path) -> None:
    with MosquittoBroker(need("mosquitto"), tmp_path / "m") as broker:
        checks = examined(site_file(tmp_path, broker.port))

    assert checks["collectors.district.in_flight"].verdict == checks["collectors.district queue"].verdict == "ok"


def test_a_broker_that_is_away_is_a_finding_and_the_exit_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = site_file(tmp_path, free_port())

    code = main(["doctor", str(path), "--json"])

    said = json.loads(capsys.readouterr().out)
    assert code == 1
    assert not said["ok"]
    assert {check["name"]: check["verdict"] for check in said["checks"]}["collectors.district"] == "finding"


def test_certificates_that_end_soon_are_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.issue("gateway", days=3)
    extra = ", tls: {ca_file: ca.crt, certificate_file: gateway.crt, key_file: gateway.key}"

    checks = examined(site_file(tmp_path, free_port(), extra=extra))

    assert checks["collectors.district gateway.crt"].verdict == "finding"
    assert "in 2 days" in checks["collectors.district gateway.crt"].text


def test_a_disk_with_less_room_than_the_caps_is_a_finding(tmp_path: Path) -> None:
    roomy = examined(site_file(tmp_path, free_port(), cap=1_000_000_000))["disk"]
    tight = examined(site_file(tmp_path, free_port(), cap=10**15))["disk"]

    assert tight.verdict == "finding"
    assert "lower cap_bytes" in tight.text
    assert "GB free" in roomy.text


def test_a_port_that_another_program_has_is_a_finding(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        checks = examined(site_file(tmp_path, free_port(), http_port=other.getsockname()[1]))

    assert checks["site.http_port"].verdict == "finding"


def test_what_is_not_there_yet_is_said_as_unknown(tmp_path: Path) -> None:
    checks = examined(site_file(tmp_path, free_port()))

    assert checks["journal"].verdict == checks["ledger"].verdict == "unknown"


def test_the_end_of_a_certificate_is_read_from_its_file(tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path).issue("x", days=10)

    left = end_of(certificate) - dt.datetime.now(dt.UTC)

    assert dt.timedelta(days=9, hours=23) < left < dt.timedelta(days=10, minutes=1)
    with pytest.raises(ValueError, match="no certificate"):
        end_of(key)
