"""What the pages say exists: files, commands with their options, site files."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
from pathlib import Path

import pytest
import yaml

from gateway.cli import COMMANDS
from gateway.settings import check_site

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for folder in (".", "docs", "deploy", "detectors", "device_profiles", "simulators")
    for page in (ROOT / folder).glob("*.md")
)
WRAPPER = {"test", "bench", "faults", "freeze"}
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)]*)?\)")
BLOCK = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"^\s*(?:\./|/opt/lifeline/bin/)?lifeline (?P<rest>[a-z].*)$", re.MULTILINE)


def calls() -> list[str]:
    """Return every call of the program in the pages, without its trailing comment."""
    texts = [page.read_text() for page in PAGES]
    return sorted(
        {shlex.join(shlex.split(found["rest"], comments=True)) for text in texts for found in CALL.finditer(text)}
    )


def site_files() -> list[str]:
    """Return every whole site file in the pages."""
    texts = [block["text"] for page in PAGES for block in BLOCK.finditer(page.read_text()) if block["kind"] == "yaml"]
    return [text for text in texts if "site" in yaml.safe_load(text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = [found[1] for found in LINK.finditer(page.read_text())]

    missing = [target for target in targets if not (page.parent / target).exists()]

    assert missing == []


@pytest.mark.parametrize("call", calls())
def test_every_command_is_understood(call: str) -> None:
    command, *options = shlex.split(call)
    parser = argparse.ArgumentParser(command)

    if command in COMMANDS:
        importlib.import_module(f"gateway.cli.{command}").configure(parser)
        # What follows a redirection or a pipe is the shell's.
        end = next((index for index, word in enumerate(options) if word in {">", "|", "&"}), len(options))
        parser.parse_args(options[:end])
    else:
        assert command in WRAPPER


@pytest.mark.parametrize("text", site_files(), ids=lambda text: str(yaml.safe_load(text)["site"]["id"]))
def test_every_site_file_is_right(text: str, tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(text)

    checked = check_site(file)

    assert (checked.faults, checked.warnings) == ((), ())
