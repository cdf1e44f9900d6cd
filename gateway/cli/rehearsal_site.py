"""A scenario by its name, and its site, for `rehearse` and `simulate` alike: as its devices really report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import ConfigError, Fault

if TYPE_CHECKING:
    # `lifeline --help` must not pay for the simulators, nor a base install need their extras.
    from gateway.settings import Site
    from simulators.scenarios.scenario import Scenario


def scenario_of(name: str) -> Scenario:
    """Return the scenario of a file, or a shipped one by its name; ConfigError with every fault of it."""
    from gateway.documents import did_you_mean  # noqa: PLC0415 - see TYPE_CHECKING above
    from gateway.settings import HAZARDS  # noqa: PLC0415
    from simulators.scenarios.loading import load_scenario, shipped  # noqa: PLC0415

    known = {path.stem: path for path in shipped()}
    path = known.get(name, Path(name))
    if name not in known and not path.exists():
        near = did_you_mean(name, known) or "lifeline rehearse --list names those that are shipped"
        raise ConfigError([Fault(name, 1, 1, "there is no such file, and no shipped scenario of this name", near)])
    return load_scenario(path, HAZARDS)


def site_of(scenario: Scenario, folder: Path, site_file: Path | None = None) -> Site:
    """Return the checked site of a scenario, or another's file over the same fleet; its new file goes into `folder`.

    Freshness and silence are judged by the periods of the scenario. No secret is asked for: nothing is connected to.
    ConfigError names the lines of the file as it was written.
    """
    from simulators.scenarios.served import rehearsed_site, served_site  # noqa: PLC0415 - see TYPE_CHECKING above
    from simulators.spoken import unspoken  # noqa: PLC0415

    silent: dict[str, str] = {}
    own = site_file or (scenario.site.path if scenario.site else None)
    if own is None:
        text = scenario.site_text()
    else:
        silent = unspoken(_checked(own).inventory.devices.values())
        text = own.read_text(encoding="utf-8-sig")
    text, left_out = rehearsed_site(text, silent)
    if left_out:
        named = ", ".join(f"{device} ({kind})" for device, kind in left_out.items())
        carried = "a rehearsal carries MQTT and Modbus, from devices that its simulator speaks for"
        print(f"lifeline: {scenario.name} goes without {named}: {carried}", file=sys.stderr)
    text = served_site(text, {}, scenario.report_seconds, folder=own.parent if own else folder, into=folder)
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        return _checked(path)
    except ConfigError as error:
        if own is not None:
            raise
        # Nobody has seen the generated file: its lines mean nothing to them.
        reason = f"it is too large for one site: {error.faults[0].message}"
        raise scenario.fault(scenario.named_by, reason) from error


def _checked(path: Path) -> Site:
    from gateway.settings import check_site  # noqa: PLC0415 - see TYPE_CHECKING above

    checked = check_site(path)
    if checked.site is None:
        raise ConfigError(list(checked.faults))
    return checked.site
