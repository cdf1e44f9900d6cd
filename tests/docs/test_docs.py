"""What the pages say exists: files, commands with their options, site files, scenarios."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from detectors import DETECTORS, GROUP_DETECTORS
from gateway.cli import COMMANDS
from gateway.settings import check_site
from simulators.scenarios.loading import load_scenario
from tests.faults.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for folder in (
        ".",
        "docs",
        "deploy",
        "detectors",
        "device_profiles",
        "simulators",
        "tests/faults",
        "tests/benchmarks",
    )
    for page in (ROOT / folder).glob("*.md")
)
WRAPPER = {"test", "bench", "faults", "freeze"}
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)]*)?\)")
BLOCK = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w./-]+(::\w+)?")
INLINE = re.compile(r"(?:\./|/opt/lifeline/bin/)?lifeline (?P<rest>[a-z].*)$")
TOP = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
"""What a path begins with that lies in this repository."""
CALL = re.compile(r"^\s*(?:\./|/opt/lifeline/bin/)?lifeline (?P<rest>[a-z].*)$", re.MULTILINE)


def calls() -> list[str]:
    """Return every call of the program in the pages, without its trailing comment."""
    texts = [page.read_text() for page in PAGES]
    return sorted(
        {shlex.join(shlex.split(found["rest"], comments=True)) for text in texts for found in CALL.finditer(text)}
    )


def files_with(key: str, *, without: str = "") -> list[str]:
    """Return every YAML file in the pages that has a key, and not another one."""
    texts = [block["text"] for page in PAGES for block in BLOCK.finditer(page.read_text()) if block["kind"] == "yaml"]
    return [text for text in texts if key in yaml.safe_load(text) and without not in yaml.safe_load(text)]


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


@pytest.mark.parametrize(
    "text", files_with("site", without="scenario"), ids=lambda text: str(yaml.safe_load(text)["site"]["id"])
)
def test_every_site_file_is_right(text: str, tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(text)

    checked = check_site(file)

    assert (checked.faults, checked.warnings) == ((), ())


@pytest.mark.parametrize("text", files_with("scenario"), ids=lambda text: str(yaml.safe_load(text)["scenario"]))
def test_every_scenario_can_be_read_beside_a_site_and_its_networks(text: str, tmp_path: Path) -> None:
    own = ROOT / "tests" / "simulators" / "scenarios" / "own"
    shutil.copytree(own, tmp_path / "scenarios")
    shutil.copy(own / "site.yaml", tmp_path)
    file = tmp_path / "scenarios" / "told.yaml"
    file.write_text(text)

    scenario = load_scenario(file)

    assert scenario.expectations


def parts(page: Path) -> list[str]:
    """Return what a page sets in backticks outside its blocks."""
    return [found[1] for found in SPAN.finditer(BLOCK.sub("", page.read_text()))]


def is_a_path(words: str, page: Path) -> bool:
    """Tell whether these words name something in this repository."""
    first, slash, _ = words.partition("/")
    return bool(first and slash and PATH.fullmatch(words) and (first in TOP or (page.parent / first).is_dir()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_and_test_in_the_text_exists(page: Path) -> None:
    missing = []

    for words in filter(lambda words: is_a_path(words, page), parts(page)):
        path, _, name = words.partition("::")
        found = [file for folder in (ROOT, page.parent) for file in (folder / path, folder / f"{path}.yaml")]
        is_there = any(file.exists() for file in found)
        if not is_there or (name and f"def {name}(" not in (ROOT / path).read_text()):
            missing.append(words)

    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_in_the_text_exists(page: Path) -> None:
    unknown = []

    for call in filter(None, map(INLINE.fullmatch, parts(page))):
        command, *words = call["rest"].split()
        if command in COMMANDS:
            parser = argparse.ArgumentParser(command)
            importlib.import_module(f"gateway.cli.{command}").configure(parser)
            unknown += [f"{command} {word}" for word in not_understood(parser, words)]
        elif command not in WRAPPER:
            unknown.append(command)

    assert unknown == []


def not_understood(parser: argparse.ArgumentParser, words: list[str]) -> list[str]:
    """Return the options that do not exist, and a first word that is none of the actions."""
    actions = {name: sub for action in parser._actions for name, sub in choices_of(action).items()}
    texts = [parser.format_help(), *(sub.format_help() for sub in actions.values() if sub)]
    unknown = [word for word in words if word.startswith("--") and not any(word in text for text in texts)]
    is_action = bool(actions) and bool(words) and words[0].islower()
    return unknown + [word for word in words[:1] if is_action and word not in actions]


def choices_of(action: argparse.Action) -> dict[str, argparse.ArgumentParser | None]:
    """Return the words that stand for an action, with their own parsers."""
    if isinstance(action.choices, dict):
        return dict(action.choices)
    return {} if action.option_strings else dict.fromkeys(action.choices or ())


def test_every_scenario_of_the_rig_that_is_named_exists() -> None:
    named = {words for page in PAGES for words in parts(page) if re.fullmatch(r"faults [a-z_]+", words)}

    assert len(named) > 10
    assert {words.removeprefix("faults ") for words in named} <= set(SCENARIOS)


def test_every_detector_stands_in_its_readme() -> None:
    said = (ROOT / "detectors" / "README.md").read_text()

    missing = [name for name in (*DETECTORS, *GROUP_DETECTORS) if f"| `{name}` |" not in said]

    assert missing == []
