"""A wrong part of a file becomes one fault with its place, and the rest is still checked."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from gateway.documents import Document, read_document
from gateway.errors import ConfigError


class _Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    size: int = 1


class _Outer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    name: Annotated[str, Field(examples=["stand-in"])]
    port: Annotated[int, Field(ge=1, le=9)] = 5
    level: Literal["low", "high"] = "low"
    is_on: bool = False
    ratio: Annotated[float, Field(allow_inf_nan=False)] = 0.5
    tags: Annotated[list[str], Field(max_length=2)] = []
    inner: dict[str, _Inner] = {}
    password_env: str = ""


def _checked(text: str) -> tuple[Document, _Outer | None]:
    document = read_document(text, "f")
    return document, document.check((), document.value, _Outer)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{name: 7}", "f:1:8: error: name must be text, got 7 (put it in quotes)"),
        ("{port: 0}", "f:1:8: error: port must be at least 1, got 0"),
        ("{port: 10}", "f:1:8: error: port must be at most 9, got 10"),
        ("{port: 2.5}", "f:1:8: error: port must be a whole number, got 2.5"),
        ("{port: '2'}", "f:1:8: error: port must be a whole number, got '2'"),
        ("{port: }", "f:1:8: error: port must be a whole number, got nothing"),
        ("{ratio: .nan}", "f:1:9: error: ratio must be a finite number, got nan"),
        ("{ratio: [1]}", "f:1:9: error: ratio must be a number, got a list of 1"),
        ("{level: mid}", "f:1:9: error: level must be 'low' or 'high', got 'mid'"),
        ("{is_on: yes}", "f:1:9: error: is_on must be true or false, got 'yes' (write true or false)"),
        ("{tags: [a, b, c]}", "f:1:8: error: tags must have at most 2 of them, got a list of 3"),
        ("{tags: [a, {}]}", "f:1:12: error: tags.1 must be text, got a mapping"),
        ("{prot: 1}", "f:1:2: error: unknown key 'prot' (did you mean 'port'?)"),
        ("{inner: {x: {sise: 1}}}", "f:1:14: error: inner.x: unknown key 'sise' (did you mean 'size'?)"),
        ("{inner: {x: {zzz: 1}}}", "f:1:14: error: inner.x: unknown key 'zzz' (allowed are size)"),
        ("{inner: {x: 1}}", "f:1:13: error: inner.x must be a mapping of keys to values, got 1"),
        (
            "{port：1: 2}",
            "f:1:2: error: unknown key 'port：1' ('：' is a full-width character; YAML wants the ASCII one)",
        ),
    ],
)
def test_a_fault_says_what_must_be_and_what_was_found(text: str, fault: str) -> None:
    document, _ = _checked(text if "name" in text else f"{text[:-1]}, name: x}}")

    assert fault in [str(found) for found in document.faults]


def test_a_missing_key_is_placed_at_the_key_around_it() -> None:
    document = read_document("first: 1\nbox:\n  port: 1\n", "f")

    document.check(("box",), {"port": 1}, _Outer)

    assert [str(fault) for fault in document.faults] == ["f:2:1: error: box: 'name' is missing"]


def test_what_is_wrong_is_replaced_and_what_is_right_stays() -> None:
    document, outer = _checked("{name: 7, port: 3, ratio: x, inner: {a: {size: no}, b: {size: 4}}}")

    assert outer == _Outer(name="stand-in", port=3, inner={"a": _Inner(), "b": _Inner(size=4)})
    assert len(document.faults) == 3


def test_a_stand_in_is_not_held_against_the_file() -> None:
    document, _ = _checked("{name: 7}")

    document.fault(("name",), "there is no 'stand-in'")

    assert len(document.faults) == 1


def test_a_value_past_repair_is_none() -> None:
    document, outer = _checked("[1, 2]")

    assert outer is None
    assert [str(fault) for fault in document.faults] == [
        "f:1:1: error: the file must be a mapping of keys to values, got a list of 2"
    ]


@pytest.mark.parametrize(
    "text", ["{name: x, password: hunter2}", "{name: x, password_env: [hunter2]}", "{name: x, token: 9}"]
)
def test_a_secret_is_never_repeated(text: str) -> None:
    document, _ = _checked(text)

    assert document.faults
    assert not any("hunter2" in str(fault) or "9" in str(fault) for fault in document.faults)


def test_faults_are_raised_in_the_order_of_the_file() -> None:
    document = read_document("a: 1\nb: 2\n", "f")
    document.fault(("b",), "second")
    document.fault(("a",), "first")

    with pytest.raises(ConfigError, match="f:1:4: error: first\nf:2:4: error: second"):
        document.raise_faults()
