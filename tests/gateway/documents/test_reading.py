"""YAML text becomes plain values with places, or a ConfigError; never anything else."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents import Document, Value, read_document
from gateway.errors import ConfigError

SCALARS: list[tuple[str, Value]] = [
    ("on", "on"),
    ("no", "no"),
    ("true", True),
    ("08", "08"),
    ("0231", "0231"),
    ("1_000", "1_000"),
    ("1:30", "1:30"),
    ("2024-01-01", "2024-01-01"),
    ("0x10", 16),
    ("-7", -7),
    ("2.50", 2.5),
    (".5", 0.5),
    ("6e-4", 6e-4),
    ("-.inf", float("-inf")),
    ("~", None),
    ("", None),
    ("'7'", "7"),
    ("燃气", "燃气"),
]

_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
_PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_a_scalar_is_what_it_looks_like(text: str, value: Value) -> None:
    document = read_document(f"key: {text}\n", "f")

    assert document.value == {"key": value}
    assert isinstance(document.value, dict)
    assert type(document.value["key"]) is type(value)


def test_keys_and_values_know_their_places() -> None:
    document = read_document("\ufeffa:\n  b: [1, 二]\n", "f")

    assert document.places["a", "b", 1] == (2, 10)
    assert document.key_places["a", "b"] == (2, 3)


def test_the_second_of_two_equal_keys_is_a_fault_and_the_first_one_holds() -> None:
    document = read_document("a: 1\nb: 2\na: {c: 3}\n", "f")

    assert document.value == {"a": 1, "b": 2}
    assert [str(fault) for fault in document.faults] == ["f:3:1: error: 'a' stands here twice (first on line 1)"]


def test_a_tag_is_a_fault() -> None:
    document = read_document("a: !!python/object/apply:os.system [ls]\n", "f")

    assert [(fault.line, fault.column) for fault in document.faults] == [(1, 4)]


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("a:\n\tb: 1\n", (2, 1), "spaces, not with tabs"),
        ("a: 1\nname：b\n", (2, 5), "full-width"),
        ("a: [x/{device}/up, y]\n", (1, 7), "in quotes"),
        ("a: &x [1]\nb: *x\n", (1, 4), "write it out"),
        ("a: 1\n---\nb: 1\n", (2, 1), "remove the line"),
        ("? [a]\n: b\n", (1, 3), ""),
        ("", (1, 1), ""),
        ("# nothing\n", (1, 1), ""),
        ("a: \x07\n", (1, 1), ""),
        ("[" * 100_000, (1, 34), ""),
        ("- [\n", (2, 1), ""),
    ],
)
def test_what_cannot_be_read_has_one_fault_with_its_place(text: str, place: tuple[int, int], hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_document(text, "f")

    (fault,) = caught.value.faults
    assert (fault.line, fault.column) == place
    assert hint in fault.hint


def test_a_file_that_is_not_utf8_says_where() -> None:
    with pytest.raises(ConfigError) as caught:
        read_document("a: 1\nname: 燃气\n".encode("gbk"), "f")  # the first character's bytes happen to be UTF-8

    assert [str(fault) for fault in caught.value.faults] == [
        "f:2:9: error: the file is not UTF-8 text (save it as UTF-8, not as GBK)"
    ]


@given(_PLAIN)
def test_json_is_read_as_json(value: Value) -> None:
    document = read_document(json.dumps(value, ensure_ascii=False), "f")

    assert document.value == value
    assert not document.faults


@given(st.text(max_size=60) | st.text("ab:-[]{},'\"#&*!|> \n\t0.", max_size=60) | st.binary(max_size=60))
def test_no_text_raises_anything_but_config_error(text: str | bytes) -> None:
    document: Document | None = None

    with contextlib.suppress(ConfigError):
        document = read_document(text, "f")

    assert document is None or document.file == "f"
