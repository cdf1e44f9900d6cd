"""YAML text to plain values, with the place of each.

Scalars follow YAML 1.2's core schema, so `on`, `no`, `08`, `1:30` and `2024-01-01` stay the text they look like.
Anchors, aliases, tags and duplicate keys are faults: each of them hides something from the reader of the file.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import NoReturn

import yaml

from gateway.documents.document import Document, Path, Value
from gateway.documents.traps import trap_at
from gateway.errors import ConfigError, Fault

_DEPTH = 32
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})|0x[0-9a-fA-F]{1,8}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


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
        wrong = "UTF-16" if raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "GBK"
        raise ConfigError([Fault(file, line, column, message, f"save it as UTF-8, not as {wrong}")]) from error


def _syntax_fault(error: yaml.MarkedYAMLError, text: str, file: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    message = error.problem or "this is not YAML"
    if trap := trap_at(error, text):
        line, column, hint = trap
        return Fault(file, line, column, message, hint)
    return Fault(file, line, column, message)
