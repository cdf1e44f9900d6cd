"""YAML files that people write: text to plain values, with the place of each, and a pydantic model's faults in words.

Scalars follow YAML 1.2's core schema, so `on`, `no`, `08`, `1:30` and `2024-01-01` stay the text they look like.
Anchors, aliases, tags and duplicate keys are faults: each of them hides something from the reader of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NoReturn, TypeAlias, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.errors import ConfigError, Fault

Value: TypeAlias = "dict[str, Value] | list[Value] | str | int | float | bool | None"
Path: TypeAlias = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)

_DEPTH = 32
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})|0x[0-9a-fA-F]{1,8}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_SECRET = re.compile("password|passwd|secret|token", re.IGNORECASE)
_FULL_WIDTH = re.compile("[：，｛｝［］＃]")


@dataclass(slots=True)
class Document:
    """One file: its plain value, where everything in it stands, and what was found wrong so far."""

    file: str
    value: Value = None
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    """What is allowed, but most likely not meant."""
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """Line and column of each value, from 1."""
    key_places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """Line and column of each key, from 1."""

    def fault(self, path: Path, message: str, hint: str = "", *, at_key: bool = False) -> None:
        """Add a fault at the value (or the key) of a path, or at the nearest key around it that exists."""
        self.faults.append(self._fault(path, message, hint, at_key=at_key))

    def warn(self, path: Path, message: str, hint: str = "", *, at_key: bool = False) -> None:
        """Add a warning, placed as a fault is."""
        self.warnings.append(self._fault(path, message, hint, at_key=at_key))

    def _fault(self, path: Path, message: str, hint: str, *, at_key: bool) -> Fault:
        while path and path not in self.places:
            path, at_key = path[:-1], True
        value_place = self.places.get(path, (1, 1))
        line, column = self.key_places.get(path, value_place) if at_key else value_place
        return Fault(self.file, line, column, message, hint)

    def check(self, path: Path, value: Value, model: type[Model]) -> Model | None:
        """Validate the value found at a path; when it is wrong, add its faults and return None."""
        try:
            return model.model_validate(value)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                self._explain(path, details, model)
            return None

    def mapping(self, path: Path, value: Value) -> dict[str, Value]:
        """Return the value as a mapping; anything else but nothing at all is a fault."""
        if isinstance(value, dict):
            return value
        if value is not None:
            self.fault(path, f"{_name(path)} must be a mapping of keys to values")
        return {}

    def raise_faults(self) -> None:
        """Raise ConfigError when there is any fault."""
        if self.faults:
            raise ConfigError(self.faults)

    def _explain(self, path: Path, details: ErrorDetails, model: type[BaseModel]) -> None:
        full = path + details["loc"]
        around = f"{_name(full[:-1])}: " if full[:-1] else ""
        if details["type"] == "extra_forbidden":
            hint = _unknown_key_hint(str(full[-1]), model if len(details["loc"]) == 1 else None)
            self.fault(full, f"{around}unknown key {str(full[-1])!r}", hint, at_key=True)
        elif details["type"] == "missing":
            self.fault(full, f"{around}{str(full[-1])!r} is missing")
        else:
            self.fault(full, f"{_name(full)} {_sentence(details)}", _hint(details))


def read_document(text: str | bytes, file: str) -> Document:
    """Read one YAML document; ConfigError when it cannot be read, duplicate keys and the like are kept as faults."""
    if isinstance(text, bytes):
        text = _decoded(text, file)
    text = text.removeprefix("\ufeff")
    document = Document(file)
    try:
        _Builder(document, yaml.parse(text, Loader=yaml.CBaseLoader)).build()
    except yaml.MarkedYAMLError as error:
        raise ConfigError([*document.faults, _syntax_fault(error, text, file)]) from error
    except yaml.YAMLError as error:
        raise ConfigError([*document.faults, Fault(file, 1, 1, f"this is not YAML: {error}")]) from error
    return document


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known word, or nothing.

    >>> did_you_mean("perod_seconds", ["period_seconds", "id"])
    "did you mean 'period_seconds'?"
    """
    near = get_close_matches(word, list(known), 1)
    return f"did you mean {near[0]!r}?" if near else ""


class _Builder:
    """Walks libyaml's events; a bounded depth keeps a hostile file from overflowing the stack."""

    def __init__(self, document: Document, events: Iterator[yaml.Event]) -> None:
        self._document = document
        self._events = events

    def build(self) -> None:
        next(self._events)  # start of the stream
        if isinstance(next(self._events), yaml.StreamEndEvent):
            self._stop((1, 1), "the file is empty")
        self._document.value = self._value(next(self._events), ())
        next(self._events)  # end of the document
        if not isinstance(following := next(self._events), yaml.StreamEndEvent):
            self._stop(_place(following), "the file holds more than one YAML document", "remove the line '---'")

    def _value(self, event: yaml.Event, path: Path) -> Value:
        place = self._document.places[path] = _place(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            self._stop(place, "anchors and aliases are not used here", "write it out")
        if getattr(event, "tag", None) not in (None, "!"):
            self._document.fault(path, f"tags such as {getattr(event, 'tag', '')!r} are not used here")
        if len(path) > _DEPTH:
            self._stop(place, f"nested more than {_DEPTH} deep")
        if isinstance(event, yaml.ScalarEvent):
            return event.value if event.style else _scalar(event.value)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        rows: list[Value] = []
        while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
            rows.append(self._value(item, (*path, len(rows))))
        return rows

    def _mapping(self, path: Path) -> Value:
        pairs: dict[str, Value] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                self._stop(_place(key), "a key must be plain text")
            name, place = key.value, _place(key)
            if name in pairs:
                line, _ = self._document.key_places[*path, name]
                self._document.faults.append(
                    Fault(self._document.file, *place, f"{name!r} stands here twice", f"first on line {line}")
                )
                self._value(next(self._events), (*path, name, "again"))
                continue
            self._document.key_places[*path, name] = place
            pairs[name] = self._value(next(self._events), (*path, name))
        return pairs

    def _stop(self, place: tuple[int, int], message: str, hint: str = "") -> NoReturn:
        raise ConfigError([*self._document.faults, Fault(self._document.file, *place, message, hint)])


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _scalar(text: str) -> Value:
    if text in _WORDS:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    if _INT.fullmatch(text):
        return int(text, 16) if text.startswith("0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text.replace(".inf", "inf").replace(".nan", "nan").lower())
    return text


def _decoded(raw: bytes, file: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        message = "the file is not UTF-8 text"
        raise ConfigError([Fault(file, line, column, message, "save it as UTF-8, not as GBK")]) from error


def _syntax_fault(error: yaml.MarkedYAMLError, text: str, file: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    message = error.problem or "this is not YAML"
    lines = text.splitlines()
    first = error.context_mark.line if error.context_mark else line - 1
    for number in range(max(0, min(first, line - 1)), min(line, len(lines))):
        written = lines[number].split("#")[0]
        if wide := _FULL_WIDTH.search(written):
            hint = f"{wide[0]!r} is a full-width character; YAML wants the ASCII one"
            return Fault(file, number + 1, wide.start() + 1, message, hint)
        if "\t" in written[: len(written) - len(written.lstrip())]:
            return Fault(file, number + 1, 1, message, "indent with spaces, not with tabs")
    return Fault(file, line, column, message)


def _name(path: Path) -> str:
    return ".".join(map(str, path)) or "the file"


def _got(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if value is None:
        return "nothing"
    return "true" if value is True else "false" if value is False else f"{value!r:.60}"


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


def _sentence(details: ErrorDetails) -> str:
    kind, context, got = details["type"], details.get("ctx", {}), _got(details["input"])
    if kind in _WANTED:
        return f"must be {_WANTED[kind]}, got {got}"
    if kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        return f"must be {word} {context[key]:g}, got {got}"
    if kind == "literal_error":
        return f"must be {context['expected']}, got {got}"
    if kind in _LENGTHS:
        word, key, unit = _LENGTHS[kind]
        return f"must have {word} {context[key]} {unit}, got {got}"
    return str(context["error"]) if kind == "value_error" else f"is wrong: {details['msg']}"


def _unknown_key_hint(key: str, model: type[BaseModel] | None) -> str:
    if wide := _FULL_WIDTH.search(key):
        return f"{wide[0]!r} is a full-width character; YAML wants the ASCII one"
    if _SECRET.search(key):
        return "secrets do not belong in this file: use password_env or password_file"
    return did_you_mean(key, (field.alias or name for name, field in model.model_fields.items())) if model else ""


def _hint(details: ErrorDetails) -> str:
    value = details["input"]
    if details["type"] == "string_type" and isinstance(value, int | float):
        return "put it in quotes"
    if details["type"] == "bool_type" and value in ("yes", "no", "on", "off"):
        return "write true or false"
    return ""
