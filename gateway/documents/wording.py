"""What pydantic finds wrong, in the words of the house: what must be, what was found, and what helps."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from gateway.documents.traps import trap_in

_SECRET = re.compile("password|passwd|secret|token", re.IGNORECASE)

_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}
_MAPPINGS = {"dict_type", "model_type", "model_attributes_type"}
_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}
_LENGTHS = {
    "too_short": ("at least", "min_length", "of them"),
    "too_long": ("at most", "max_length", "of them"),
    "string_too_short": ("at least", "min_length", "characters"),
    "string_too_long": ("at most", "max_length", "characters"),
}


def explain(details: ErrorDetails) -> tuple[str, str]:
    """Return what must be and what was found, to follow the name of the value, and a hint."""
    kind, context, got = details["type"], details.get("ctx", {}), _got(details["input"])
    if _SECRET.search(str(details["loc"][-1:])):
        got = "what is not shown here"
    if kind in _WANTED:
        sentence = f"must be {_WANTED[kind]}, got {got}"
    elif kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        sentence = f"must be {word} {context[key]:.15g}, got {got}"
    elif kind == "literal_error":
        sentence = f"must be {context['expected']}, got {got}"
    elif kind in _LENGTHS:
        word, key, unit = _LENGTHS[kind]
        sentence = f"must have {word} {context[key]} {unit}, got {got}"
    elif kind == "value_error":
        # A validator's own sentence; it decides whether the value may be repeated.
        sentence = str(context["error"])
    else:
        sentence = f"is wrong: {details['msg']}"
    return sentence, _hint(details)


def unknown_key_hint(key: str, known: Collection[str], details: ErrorDetails) -> str:
    """Return what may be meant by a key that is not known."""
    if trap := trap_in(key):
        return trap
    if key.partition(":")[0] in known:
        return "put a space after the colon"
    if _SECRET.search(key):
        return "secrets do not belong in this file: use password_env or password_file"
    if details["type"] == "literal_error":
        return f"allowed are {details['ctx']['expected']}"
    return did_you_mean(key, known) or f"allowed are {', '.join(known)}"


def allowed_keys(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """Return the keys that a model allows at a place inside it."""
    for step in location:
        fields = {info.alias or name: info for name, info in model.model_fields.items()}
        if step in fields:
            model = next(_models(fields[str(step)].annotation), model)
    return [info.alias or name for name, info in model.model_fields.items()]


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _hint(details: ErrorDetails) -> str:
    value = details["input"]
    if details["type"] == "list_type" and isinstance(value, str):
        return "write it in brackets: [...]"
    if isinstance(value, str) and not _SECRET.search(str(details["loc"][-1:])) and (trap := trap_in(value)):
        return trap
    if details["type"] in _MAPPINGS and isinstance(value, str) and ":" in value:
        return "put a space after the colon"
    if details["type"] == "string_type" and isinstance(value, int | float):
        return "put it in quotes"
    if details["type"] == "bool_type" and value in ("yes", "no", "on", "off"):
        return "write true or false"
    return ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known word, or nothing.

    >>> did_you_mean("perod_seconds", ["period_seconds", "id"])
    "did you mean 'period_seconds'?"
    """
    near = get_close_matches(word, list(known), 1)
    return f"did you mean {near[0]!r}?" if near else ""


def _got(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if value is None:
        return "nothing"
    return "true" if value is True else "false" if value is False else f"{value!r:.60}"
