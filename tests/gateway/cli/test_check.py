"""`lifeline check` prints what `tests/cases/check/*/expected.txt` says, with its exit code in the last line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.cli import main

CASES = Path(__file__).parents[2] / "cases" / "check"


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_check_prints_every_fault_in_the_order_of_the_file(
    case: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CASES / case)

    exit_code = main(["check", "site.yaml"])

    printed = f"{capsys.readouterr().out}exit {exit_code}\n"
    assert printed == (CASES / case / "expected.txt").read_text()


def test_check_repeats_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", str(CASES / "everything_wrong" / "site.yaml")])

    printed = capsys.readouterr()
    assert "user:secret" not in printed.out + printed.err
    assert "hunter2" not in printed.out + printed.err


def test_check_speaks_json_one_object_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    right, wrong = str(CASES / "right_with_warnings" / "site.yaml"), str(CASES / "everything_wrong" / "site.yaml")

    exit_code = main(["check", "--json", right, wrong])

    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert exit_code == 78
    assert (first["ok"], first["counts"]["channels"], first["faults"]) == (True, 5, [])
    assert first["warnings"][0]["line"] == 3
    assert (second["ok"], second["counts"]) == (False, None)
    assert second["faults"][0] == {
        "file": wrong,
        "line": 1,
        "column": 12,
        "message": "'my site' is no id",
        "hint": "use up to 64 letters, digits, '_', '-' and ':'",
    }


def test_check_of_a_file_that_is_not_there_is_a_configuration_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code = main(["check", str(tmp_path / "none.yaml")])

    assert exit_code == 78
    assert "none.yaml:1:1: error: cannot read the file" in capsys.readouterr().out


SITE = """\
site: {id: gw, name: a district, timezone: Asia/Shanghai}
collectors: {wells: {kind: mqtt, host: 127.0.0.1, topics: ["up/{device}"]}}
assets: {G-1: {name: a well, lifeline: gas, kind: manhole}}
devices: {node: {profile: ./node.yaml, collector: wells, asset: G-1}}
"""
NODE = """\
id: gas/node
title: a node
lifeline: gas
protocol: json
source: made up
points: {ch4: {quantity: combustible_gas, unit: "%{LEL}", path: ch4}}
frames: [{source: computed, reply: '{"ch4": 4}', values: {ch4: VALUE}}]
"""


@pytest.mark.parametrize(("value", "code", "said"), [("4", 0, "ok: "), ("5", 78, "frames.0: ch4 is 4, not 5")])
def test_check_proves_the_sites_own_profiles_by_their_frames(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], value: str, code: int, said: str
) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    (tmp_path / "node.yaml").write_text(NODE.replace("VALUE", value))

    exit_code = main(["check", str(tmp_path / "site.yaml")])

    printed = capsys.readouterr().out
    assert said in printed
    assert exit_code == code, printed
