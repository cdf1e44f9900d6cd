"""JSON Schema of scenario files, for editors. What a district can do is checked when it is staged."""

from __future__ import annotations

from typing import Any

from gateway.profiles.schema import finished
from simulators.districts import PARTS
from simulators.drawn_events import MISHAPS
from simulators.instruments import KINDS
from simulators.scenarios.happenings import HAPPENINGS
from simulators.scenarios.written import DESCRIPTIONS, NETWORK_DESCRIPTIONS, WrittenScenario


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario file."""
    schema = WrittenScenario.model_json_schema()
    for part in (schema, *schema["$defs"].values()):
        for field in part.get("properties", {}).values():
            field.pop("title", None)
    for key, field in schema["properties"].items():
        field["description"] = DESCRIPTIONS[key]
    schema["properties"]["district"]["anyOf"][0]["propertyNames"] = {"enum": list(PARTS)}
    schema["properties"]["events_per_asset_year"]["propertyNames"] = {"enum": list(MISHAPS)}
    network = schema["$defs"]["WrittenNetwork"]["properties"]
    for key, field in network.items():
        field["description"] = NETWORK_DESCRIPTIONS[key]
    # What may be written short.
    schema["properties"]["network"]["anyOf"].insert(0, {"type": "string", "minLength": 1})
    names = network["assets"]["additionalProperties"]
    network["assets"]["additionalProperties"] = {"anyOf": [{"type": "string", "minLength": 1}, names]}
    schema["oneOf"] = [
        {"required": ["district"], "not": {"anyOf": [{"required": ["site"]}, {"required": ["network"]}]}},
        {"anyOf": [{"required": ["site"]}, {"required": ["network"]}], "not": {"required": ["district"]}},
    ]
    kinds = {kind: meaning for kind, (_, meaning) in KINDS.items()}
    for part, meanings in (("WrittenEvent", HAPPENINGS), ("WrittenInstrument", kinds), ("WrittenRate", kinds)):
        schema["$defs"][part]["properties"]["kind"]["oneOf"] = [
            {"const": kind, "description": f"amount: {meaning or 'it has none'}"} for kind, meaning in meanings.items()
        ]
    return finished(schema, "scenario of the urban lifeline gateway's simulators")
