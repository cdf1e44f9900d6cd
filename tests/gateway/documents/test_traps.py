"""What looks right and is not: each trap has a hint that says what to write."""

from __future__ import annotations

import pytest

from gateway.documents import trap_in, with_excerpts
from gateway.documents.excerpt import excerpt
from gateway.errors import Fault


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        pytest.param("id：box", "'：' is a full-width character; YAML wants the ASCII one", id="full-width colon"),
        pytest.param("“zh”", "'“' is a full-width character; YAML wants the ASCII one", id="typographic quote"),
        pytest.param("\u3000id", "U+3000 looks like a space and is none to YAML; use the space bar", id="wide space"),
        pytest.param("\u00a0id", "U+00A0 looks like a space and is none to YAML; use the space bar", id="hard space"),
        pytest.param("１．５", "these are full-width digits; write 1.5", id="full-width digits"),
        pytest.param("1_000", "write 1000", id="digits in groups"),
        pytest.param("007", "write 7: YAML takes a number that begins with 0 for text", id="leading zeros"),
        pytest.param("望江路", "", id="ordinary Chinese"),
        pytest.param("0.5", "", id="an ordinary number"),
    ],
)
def test_a_trap_is_told_by_its_text(text: str, hint: str) -> None:
    assert trap_in(text) == hint


def test_the_caret_stands_under_the_place_in_a_line_of_wide_letters() -> None:
    line, caret = excerpt("name: 示范片区, langauge: zh", 13)

    assert line == "    name: 示范片区, langauge: zh"
    assert caret == "    " + " " * 6 + "  " * 4 + "  ^"


def test_a_long_line_is_cut_around_the_place() -> None:
    line, caret = excerpt("x" * 300 + "here" + "y" * 300, 301)

    assert line[caret.index("^") :].startswith("here")
    assert line.strip()[0] == line[-1] == "…"
    assert len(line) < 120


@pytest.mark.parametrize(
    "line",
    [
        "password: hunter2",
        "  password: correct hunter2 battery",
        "mqtt_password：hunter2",
        "{kind: mqtt, token: 'hunter2', qos: 9}",
        "url: http://user:hunter2@broker:1883",
        "host: user:hunter2@broker",
        'secret = "hunter2"',
    ],
)
def test_an_excerpt_shows_no_secret(line: str) -> None:
    shown = "\n".join(excerpt(line, 1))

    assert "hunter2" not in shown


def test_the_name_of_a_variable_that_holds_a_secret_is_shown() -> None:
    shown = excerpt("password_env: LIFELINE_PASSWORD", 1)

    assert shown[0].strip() == "password_env: LIFELINE_PASSWORD"


def test_a_fault_of_a_file_that_cannot_be_read_stands_alone() -> None:
    text = with_excerpts([Fault("/nowhere/site.yaml", 3, 1, "cannot read the file")], "warning")

    assert text == "/nowhere/site.yaml:3:1: warning: cannot read the file"
