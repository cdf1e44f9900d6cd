"""As much of JSON Schema (2020-12) as pydantic writes; says where a value does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_KNOWN = {
    *("$schema", "$defs", "title", "description", "default", "examples", "type", "properties", "required", "enum"),
    *("additionalProperties", "propertyNames", "items", "prefixItems", "minItems", "maxItems", "minLength", "pattern"),
    *("minimum", "maximum", "exclusiveMinimum", "anyOf", "oneOf", "discriminator", "const", "$ref", "minProperties"),
}


def misfits(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """Yield what does not fit; a keyword that is not known here is a misfit of the schema."""
    if strange := schema.keys() - _KNOWN:
        yield f"schema at {at}: unknown keywords {sorted(strange)}"
    yield from _in_others(value, schema, root, at)
    kind = schema.get("type")
    is_bool_for_number = isinstance(value, bool) and kind in ("integer", "number")
    if kind and (is_bool_for_number or not isinstance(value, _TYPES[kind])):
        yield f"{at}: {value!r} is no {kind}"
        return
    if ("const" in schema and value != schema["const"]) or value not in schema.get("enum", [value]):
        yield f"{at}: {value!r} is not one of {schema.get('enum', schema.get('const'))}"
    if isinstance(value, dict):
        yield from _in_object(value, schema, root, at)
    elif isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{at}: {len(value)} items"
        for number, item in enumerate(value):
            yield from misfits(item, schema.get("items", {}), root, f"{at}.{number}")
    else:
        yield from _in_scalar(value, schema, at)


def _in_others(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], at: str) -> Iterator[str]:
    if "$ref" in schema:
        yield from misfits(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, at)
    for choices in (schema[word] for word in ("anyOf", "oneOf") if word in schema):
        if all(any(misfits(value, choice, root, at)) for choice in choices):
            yield f"{at}: {value!r} fits no choice"


def _in_scalar(value: Any, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) < schema.get("minLength", 0) or not re.search(schema.get("pattern", ""), value):
            yield f"{at}: {value!r} is too short or unlike {schema.get('pattern')}"
    elif isinstance(value, int | float):
        low, high = schema.get("minimum", value), schema.get("maximum", value)
        if not low <= value <= high:
            yield f"{at}: {value!r} is outside {low} to {high}"
        if value <= schema.get("exclusiveMinimum", float("-inf")):
            yield f"{at}: {value!r} is not above {schema['exclusiveMinimum']}"


def _in_object(value: Mapping[str, Any], schema: Mapping[str, Any], root: Mapping[str, Any], at: str) -> Iterator[str]:
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    yield from (f"{at}: {name!r} is missing" for name in schema.get("required", ()) if name not in value)
    for name, inner in value.items():
        if name in known:
            yield from misfits(inner, known[name], root, f"{at}.{name}")
        elif others is False:
            yield f"{at}: unknown key {name!r}"
        elif isinstance(others, dict):
            yield from misfits(inner, others, root, f"{at}.{name}")
        yield from misfits(name, schema.get("propertyNames", {}), root, f"{at} key {name}")
