"""`lifeline journal stats|verify|export|repair FOLDER`: what the journal holds, and whether it is sound."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from gateway.errors import Unreachable

ACTIONS = {
    "stats": "what it holds, who has read it, when it is full, what was rejected and why",
    "verify": "read every record and check it; 1 when something is wrong",
    "export": "its readings as CSV or JSON lines",
    "repair": "set damaged segments aside and save what can be read of them; nothing is wiped",
}
"""Action → what it does; the action's module has its name."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text in ACTIONS.items():
        action = actions.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        action.add_argument(
            "folder", metavar="FOLDER", nargs="?", type=Path, help="the gateway's state folder, or the journal in it"
        )
        action.add_argument(
            "--state", metavar="DIR", type=Path, default=Path("state"), help="the same, by name (default: state)"
        )
        action.add_argument("--json", action="store_true", help="print JSON")
        importlib.import_module(f"gateway.cli.journal.{name}").configure(action)


def run(options: argparse.Namespace) -> int:
    """Run one action; all but repair may be asked while the gateway runs."""
    folder = _journal_in(options.folder or options.state)
    try:
        return int(importlib.import_module(f"gateway.cli.journal.{options.action}").run(folder, options))
    except FileNotFoundError as error:
        raise Unreachable(f"{error}; name the gateway's state folder, also by --state") from error


def _journal_in(folder: Path) -> Path:
    is_journal = any(folder.glob("*.segment")) and not (folder / "journal").is_dir()
    return folder if is_journal else folder / "journal"
