"""Editors are told by the schema what `check` would say: the same keys, types and words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.documents import read_document
from gateway.profiles import profile_ids
from gateway.profiles.schema import profile_schema
from gateway.settings.schema import site_schema
from tests.json_schema import misfits

ROOT = Path(__file__).parents[3]
RECORDED = sorted(path for path in (ROOT / "tests" / "recordings").glob("*.yaml") if "\nsite:" in path.read_text())


def site_misfits(text: str) -> list[str]:
    schema = site_schema()
    return list(misfits(read_document(text, "site.yaml").value, schema, schema))


def test_the_example_site_fits_its_schema() -> None:
    text = (ROOT / "deploy" / "site.example.yaml").read_text()

    assert site_misfits(text) == []


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_the_sites_of_recordings_fit_the_schema(path: Path) -> None:
    assert site_misfits(path.read_text()) == []


@pytest.mark.parametrize("profile", profile_ids())
def test_every_profile_fits_its_schema(profile: str) -> None:
    text = (ROOT / "device_profiles" / f"{profile}.yaml").read_bytes()
    schema = profile_schema()

    assert list(misfits(read_document(text, profile).value, schema, schema)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("site: {id: x, langauge: zh}", ".site: unknown key 'langauge'"),
        ("site: {id: x, http_port: 70000}", ".site.http_port: 70000 is outside 0 to 65535"),
        ("site: {}", ".site: 'id' is missing"),
        ("sites: {}", ": unknown key 'sites'"),
        ("site: {id: x}\nassets: {P.1: {kind: pipe, lifeline: water}}", ".assets key P.1"),
        ("site: {id: x}\nassets: {P: {kind: pipe, lifeline: wasser}}", ".assets.P.lifeline: 'wasser' is not one of"),
        ("site: {id: x}\ncollectors: {c: {kind: mqtt, host: h}}", ".collectors.c:"),
        ("site: {id: x}\nladders: {l: {hazard: leek, rungs: {red: 1}, basis: b}}", ".ladders.l.hazard: 'leek' is not"),
    ],
)
def test_what_check_refuses_does_not_fit(text: str, said: str) -> None:
    found = site_misfits(text)

    assert any(misfit.startswith(said) for misfit in found), found


def test_every_key_is_explained_in_both_languages() -> None:
    schema = site_schema()
    parts: dict[str, Any] = {"file": schema, **schema["$defs"]}

    unexplained = [
        f"{name}.{key}"
        for name, part in parts.items()
        for key, field in part.get("properties", {}).items()
        if " / " not in field.get("description", "")
    ]
    assert unexplained == []
