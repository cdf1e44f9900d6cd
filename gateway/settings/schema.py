"""JSON Schema of the site file, for editors. References between its parts are checked by `lifeline check` alone."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from gateway.profiles import profile_ids
from gateway.profiles.schema import finished
from gateway.settings.collectors import KINDS
from gateway.settings.descriptions import DESCRIPTIONS
from gateway.settings.hazards import HAZARDS
from gateway.settings.written import (
    WrittenAsset,
    WrittenChannel,
    WrittenDevice,
    WrittenLadder,
    WrittenSite,
    WrittenStores,
)
from gateway.units import QUANTITIES

_ID = r"^[\w:-]{1,64}$"
_NAMED_PARTS = ("collectors", "devices", "assets", "ladders")


class _SiteFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    site: WrittenSite
    devices: dict[str, WrittenDevice] = {}
    assets: dict[str, WrittenAsset] = {}
    channels: dict[str, WrittenChannel] = {}
    ladders: dict[str, WrittenLadder] = {}
    stores: WrittenStores = WrittenStores()


def site_schema() -> dict[str, Any]:
    """Return the JSON Schema of a site file."""
    collector = Annotated[reduce(or_, (kind.written for kind in KINDS.values())), Field(discriminator="kind")]  # type: ignore[valid-type] # from a registry
    model = create_model("_SiteFile", __base__=_SiteFile, collectors=(dict[str, collector], {}))  # type: ignore[valid-type] # as above
    schema = model.model_json_schema()
    parts = schema["$defs"]
    for name, part in parts.items():
        described = DESCRIPTIONS.get(name.removeprefix("Written").lower(), {})
        for key, field in part.get("properties", {}).items():
            field.pop("title", None)
            if key in described:
                field["description"] = described[key]
    for key, field in schema["properties"].items():
        field.pop("title", None)
        field["description"] = DESCRIPTIONS["file"][key]
        if key in _NAMED_PARTS:
            field["propertyNames"] = {"pattern": _ID}
    # A profile of one's own is named by its path, so these are suggestions only.
    profile = parts["WrittenDevice"]["properties"]["profile"]
    profile["anyOf"] = [{"enum": list(profile_ids())}, {"type": "string", "pattern": r"^\."}]
    del profile["type"]
    ladder = parts["WrittenLadder"]["properties"]
    ladder["hazard"]["enum"] = list(HAZARDS)
    ladder["quantity"]["anyOf"] = [{"enum": list(QUANTITIES)}, {"type": "null"}]
    return finished(schema, "site file of the urban lifeline gateway")
