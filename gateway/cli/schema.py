"""`lifeline schema`: the JSON Schema of site files, profiles or scenarios, by which editors help while writing."""

from __future__ import annotations

import argparse
import json


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    kinds = ("site", "profile", "scenario")
    parser.add_argument("file", nargs="?", choices=kinds, default="site", help="of what (default: site)")


def run(options: argparse.Namespace) -> int:
    """Print the schema."""
    print(schema_text(options.file), end="")
    return 0


def schema_text(file: str) -> str:
    """Return the schema of a kind of file as it is committed."""
    if file == "scenario":
        from simulators.scenarios.schema import scenario_schema  # noqa: PLC0415 - the extra `simulators`

        return json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n"
    from gateway.profiles.schema import profile_schema  # noqa: PLC0415 - `lifeline --help` must not pay for pydantic
    from gateway.settings.schema import site_schema  # noqa: PLC0415

    schema = profile_schema() if file == "profile" else site_schema()
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
