"""`lifeline check`: read site files as `run` would, and say everything that is wrong with them."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from gateway.cli import EXIT_CONFIG
from gateway.documents import with_excerpts
from gateway.profiles import profile_ids
from gateway.settings import Checked, Site, check_site

HELP = "check a site file: every fault at once, with its place"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("site", nargs="+", type=Path, metavar="SITE", help="a site file")
    parser.add_argument("--json", action="store_true", help="print one JSON object per file instead of lines")


def run(options: argparse.Namespace) -> int:
    """Check the files; 0 when all are right, 78 when one is not. Secrets are not looked for."""
    exit_code = 0
    for path in options.site:
        checked = check_site(path)
        disproved = _disproved(checked.site) if checked.site else []
        print(_as_json(path, checked, disproved) if options.json else _as_text(checked, disproved))
        if checked.site is None or disproved:
            exit_code = EXIT_CONFIG
    return exit_code


def _as_text(checked: Checked, disproved: list[str]) -> str:
    lines = []
    if checked.warnings:
        lines.append(with_excerpts(checked.warnings, "warning"))
    if checked.faults:
        lines.append(with_excerpts(checked.faults))
    lines += [f"error: {what}" for what in disproved]
    if checked.site is not None:
        lines += [
            f"warning: ladders.{name} reaches no asset that has what it needs" for name in _unreached(checked.site)
        ]
        lines.append(
            ("" if disproved else "ok: ")
            + ", ".join(f"{number} {word}" for word, number in _counts(checked.site).items())
        )
    return "\n".join(lines)


def _as_json(path: Path, checked: Checked, disproved: list[str]) -> str:
    found = {
        "file": str(path),
        "ok": checked.site is not None and not disproved,
        "faults": [asdict(fault) for fault in checked.faults],
        "disproved": disproved,
        "warnings": [asdict(warning) for warning in checked.warnings],
        "unreached_ladders": _unreached(checked.site) if checked.site else [],
        "counts": _counts(checked.site) if checked.site else None,
    }
    return json.dumps(found, ensure_ascii=False)


def _counts(site: Site) -> dict[str, int]:
    inventory = site.inventory
    return {
        "collectors": len(site.collectors),
        "assets": len(inventory.assets),
        "devices": len(inventory.devices),
        "channels": len(inventory.channels),
        "ladders": len({ladder.name for channel in inventory.channels.values() for ladder in channel.ladders})
        + len(inventory.ladders),
    }


def _disproved(site: Site) -> list[str]:
    """Return what the site's own profiles claim and their frames do not show; the tests prove those of the package."""
    known = set(profile_ids())
    own = {device.profile.id: device.profile for device in site.inventory.devices.values()}
    profiles = [profile for name, profile in own.items() if name not in known]
    if not profiles:
        return []
    from gateway.codecs.golden import disproved  # noqa: PLC0415 - numpy only where it is needed

    return [f"{profile.id}: {what}" for profile in profiles for what in disproved(profile)]


def _unreached(site: Site) -> list[str]:
    """Return the ladders over derived quantities that no asset has a model for."""
    if not site.inventory.ladders:
        return []
    from gateway.hazards import watched  # noqa: PLC0415 - numpy only where it is needed

    reached = {ladder.name for one in watched(site.inventory) for ladder in one.ladders}
    return [ladder.name for ladder in site.inventory.ladders if ladder.name not in reached]
