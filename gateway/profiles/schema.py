"""JSON Schema of device profiles, for editors. What a profile's frames must prove is checked by the tests alone."""

from __future__ import annotations

from typing import Any

from gateway.profiles.written import WrittenProfile
from gateway.units import QUANTITIES, UNITS


def profile_schema() -> dict[str, Any]:
    """Return the JSON Schema of a device profile."""
    schema = WrittenProfile.model_json_schema(by_alias=True)
    for part in (schema, *schema["$defs"].values()):
        for field in part.get("properties", {}).values():
            field.pop("title", None)
    point = schema["$defs"]["WrittenPoint"]["properties"]
    # A point that is a text has neither.
    point["quantity"]["enum"] = ["", *QUANTITIES]
    own = {unit for quantity in QUANTITIES.values() for unit in quantity.also}
    point["unit"]["enum"] = ["", *UNITS, *sorted(own - set(UNITS))]
    return finished(schema, "device profile of the urban lifeline gateway")


def finished(schema: dict[str, Any], title: str) -> dict[str, Any]:
    """Return a schema with its head, so that editors and validators know what it is."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    return {**head, **{key: value for key, value in schema.items() if key not in {"title", "description"}}}
