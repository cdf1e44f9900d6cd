"""One file that people wrote: its value, where everything in it stands, and all that is wrong with it.

Rule 1: a wrong part is replaced by a stand-in, so that the checks behind it still find what else is wrong.
Rule 2: nothing more is said about a value that was replaced: one mistake is one fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.documents.wording import allowed_keys, explain, unknown_key_hint
from gateway.errors import ConfigError, Fault

Value: TypeAlias = "dict[str, Value] | list[Value] | str | int | float | bool | None"
Path: TypeAlias = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


@dataclass(slots=True)
class Document:
    """A file as read; `faults` and `warnings` grow while it is checked."""

    file: str
    value: Value = None
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    """What is allowed, but most likely not meant."""
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """Line and column of each value, from 1."""
    key_places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """Line and column of each key, from 1."""
    _faulty: set[Path] = field(default_factory=set)
    _replaced: set[Path] = field(default_factory=set)

    def fault(self, path: Path, message: str, hint: str = "", *, at_key: bool = False) -> None:
        """Add a fault at the value (or the key) of a path, or at the nearest key around it that exists."""
        if path not in self._replaced:
            self.faults.append(self._placed(path, message, hint, at_key=at_key))
            self._faulty.update(path[:depth] for depth in range(len(path) + 1))

    def warn(self, path: Path, message: str, hint: str = "", *, at_key: bool = False) -> None:
        """Add a warning, placed as a fault is."""
        self.warnings.append(self._placed(path, message, hint, at_key=at_key))

    def is_faulty(self, path: Path) -> bool:
        """Tell whether a fault was found at a path or inside it."""
        return path in self._faulty

    def check(self, path: Path, value: Value, model: type[Model]) -> Model | None:
        """Validate the value found at a path; wrong parts of it become faults and are replaced by stand-ins.

        The stand-in of a key is its default, or the first of its `examples` when it must be given. None when the
        value is past repair.
        """
        try:
            return model.model_validate(value)
        except ValidationError as error:
            wrong = error.errors(include_url=False)
            for details in wrong:
                self._explain(path, details, model)
            if not isinstance(value, dict):
                return None
            return _repaired(value, [details["loc"] for details in wrong], model)

    def mapping(self, path: Path, value: Value) -> dict[str, Value]:
        """Return the value as a mapping; anything else but nothing at all is a fault."""
        if isinstance(value, dict):
            return value
        if value is not None:
            self.fault(path, f"{name_of(path)} must be a mapping of keys to values")
        return {}

    def raise_faults(self) -> None:
        """Raise ConfigError when there is any fault."""
        if self.faults:
            raise ConfigError(self.faults)

    def _placed(self, path: Path, message: str, hint: str, *, at_key: bool) -> Fault:
        while path and path not in self.places:
            path, at_key = path[:-1], True
        value_place = self.places.get(path, (1, 1))
        line, column = self.key_places.get(path, value_place) if at_key else value_place
        return Fault(self.file, line, column, message, hint)

    def _explain(self, path: Path, details: ErrorDetails, model: type[BaseModel]) -> None:
        location, kind = details["loc"], details["type"]
        is_key = location[-1:] == ("[key]",)
        full = path + (location[:-1] if is_key else location)
        around = f"{name_of(full[:-1])}: " if full[:-1] else ""
        if is_key or kind == "extra_forbidden":
            hint = unknown_key_hint(str(full[-1]), allowed_keys(model, location[:-1]), details)
            self.fault(full, f"{around}unknown key {str(full[-1])!r}", hint, at_key=True)
        elif kind == "missing":
            self.fault(full, f"{around}{str(full[-1])!r} is missing")
        else:
            sentence, hint = explain(details)
            self.fault(full, f"{name_of(full)} {sentence}", hint)
        self._replaced.add(full)


def name_of(path: Path) -> str:
    """Return a path as people write it.

    >>> name_of(("collectors", "district", "topics", 0))
    'collectors.district.topics.0'
    """
    return ".".join(map(str, path)) or "the file"


def _repaired(value: Mapping[str, Value], wrong: list[Path], model: type[Model]) -> Model | None:
    required = {
        info.alias or name: info.examples[0]
        for name, info in model.model_fields.items()
        if info.is_required() and info.examples
    }
    for keep_neighbours in (True, False):
        rest = dict(value)
        for location in wrong:
            _remove(rest, location if keep_neighbours else location[:1])
        try:
            return model.model_validate({**required, **rest})
        except ValidationError:
            continue
    return None


def _remove(value: dict[str, Value], location: Path) -> None:
    """Take one wrong value out of nested mappings; a list is taken out whole, for its rows would lose their places."""
    head, *rest = location
    inner = value.get(str(head))
    if rest and rest != ["[key]"] and isinstance(inner, dict):
        inner = value[str(head)] = dict(inner)
        _remove(inner, tuple(rest))
    else:
        value.pop(str(head), None)
