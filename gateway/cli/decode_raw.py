"""`lifeline decode --from raw --profile NEW SITE|STATE`: what the last frames would have meant by another profile.

With --apply what differs is appended as corrected rows; the gateway must be stopped, and the ledger says who did it.
"""

from __future__ import annotations

import argparse
import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.errors import ConfigError, Fault, Unreachable

if TYPE_CHECKING:
    # `lifeline --help` must not pay for numpy.
    from gateway.app.redecoding import Meant, Redecoding
    from gateway.profiles import Profile
    from gateway.settings import Site

_SHOWN = 60


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options that go with `--from raw`."""
    raw = parser.add_argument_group("kept frames", "with --from raw, FILE is the site file or the state folder")
    raw.add_argument("--from", dest="source", choices=("raw",), help="read what the gateway kept of the last frames")
    raw.add_argument("--profile", metavar="NEW", help="the profile to read them by: an id, or a YAML file")
    raw.add_argument(
        "--device", action="append", metavar="ID", help="only these devices (default: those of the profile)"
    )
    raw.add_argument("--state", metavar="DIR", type=Path, help="the state folder (default: state beside SITE)")
    raw.add_argument(
        "--apply", action="store_true", help="append what differs as corrected rows; the gateway is stopped"
    )
    raw.add_argument("--by", metavar="NAME", help="who does it, for the ledger (default: the user's name)")
    raw.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Show what the frames mean, and apply it when told to; 0 when that went well."""
    from gateway.app.redecoding import apply, redecode  # noqa: PLC0415 - see TYPE_CHECKING above
    from gateway.clock import SystemClock  # noqa: PLC0415

    if not options.profile:
        raise ConfigError([Fault("--profile", 1, 1, "--from raw needs --profile", "an id, or a YAML file")])
    profile, text = _profile(options.profile)
    site, state = _site_and_state(options)
    devices = _devices(options, site, profile)
    try:
        found = redecode(state, profile, devices)
    except FileNotFoundError as error:
        raise Unreachable(f"{state} has no history ({error}); name the gateway's state folder") from error
    step = None
    if options.apply:
        if site is None:
            raise ConfigError([Fault("--apply", 1, 1, "--apply needs the site file", "name it instead of the folder")])
        if found.differing:
            person = options.by or getpass.getuser()
            step = apply(state, site, profile, found, profile_file=text, person=person, clock=SystemClock())
    print(_as_json(profile, found, step) if options.json else "\n".join(_lines(found, step)))
    return 0


def _profile(name: str) -> tuple[Profile, bytes]:
    from gateway.profiles import load_profile, profile_ids, read_profile  # noqa: PLC0415

    path = Path(name)
    if path.suffix in {".yaml", ".yml"}:
        try:
            text = path.read_bytes()
        except OSError as error:
            raise ConfigError([Fault(name, 1, 1, f"cannot read it: {error.strerror}")]) from None
        return load_profile(text, name), text
    if name not in profile_ids():
        raise ConfigError([Fault("--profile", 1, 1, f"there is no profile {name!r:.80}", "an id, or a YAML file")])
    profile = read_profile(name)
    return profile, repr(profile).encode()


def _site_and_state(options: argparse.Namespace) -> tuple[Site | None, Path]:
    from gateway.settings import check_site  # noqa: PLC0415

    place = Path(options.file)
    if place.is_dir():
        return None, place
    checked = check_site(place)
    if checked.site is None:
        raise ConfigError(list(checked.faults))
    return checked.site, options.state or place.resolve().parent / "state"


def _devices(options: argparse.Namespace, site: Site | None, profile: Profile) -> set[str]:
    if options.device:
        unknown = set(options.device) - set(site.inventory.devices) if site else set()
        if unknown:
            raise ConfigError([Fault("--device", 1, 1, f"there is no device {', '.join(sorted(unknown))}")])
        return set(options.device)
    devices = site.inventory.devices.values() if site else ()
    found = {device.id for device in devices if device.profile.id == profile.id}
    if not found:
        message = f"no device of the site has the profile {profile.id}"
        raise ConfigError([Fault("--device", 1, 1, message, "name the devices with --device")])
    return found


def _lines(found: Redecoding, step: Any) -> list[str]:
    differing = found.differing
    rows: list[tuple[str, ...]] = [("time", "device", "point", "stored", "by the new profile")]
    rows += [_row(one) for one in differing[:_SHOWN]]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if len(differing) > _SHOWN:
        lines.append(f"... {len(differing) - _SHOWN} more; --json has all of them")
    lines.append(
        f"{found.frames} frames, {found.unread} without a meaning; {len(found.meant)} values, {len(differing)} differ"
    )
    if step is not None:
        lines.append(f"{step.readings} corrected rows appended, filed as done by {step.person}")
    return lines


def _row(one: Meant) -> tuple[str, ...]:
    from gateway.clock import to_iso  # noqa: PLC0415

    stored = "-" if one.old is None else f"{one.old:.7g}"
    return to_iso(one.time_ns), one.device, one.point, stored, f"{one.value:.7g}"


def _as_json(profile: Profile, found: Redecoding, step: Any) -> str:
    from gateway.clock import to_iso  # noqa: PLC0415

    def number(value: float | None) -> float | None:
        return None if value is None or value != value else value  # noqa: PLR0124 - NaN is not itself

    values = [
        {
            "time": to_iso(one.time_ns),
            "device": one.device,
            "point": one.point,
            "stored": number(one.old),
            "value": number(one.value),
            "quality": one.quality,
        }
        for one in found.meant
    ]
    document = {
        "profile": profile.id,
        "frames": found.frames,
        "unread": found.unread,
        "differing": len(found.differing),
        "applied": 0 if step is None else step.readings,
        "profile_hash": None if step is None else step.profile_hash,
        "values": values,
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False)
