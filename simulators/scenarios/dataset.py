"""A scenario as a labelled data set in a folder: what every device measured, and what was true.

readings.csv.xz   time, channel, value, received; as the devices reported, in the channels' canonical units
truth.csv         one row a window of the truth (labels); as `lifeline backtest --events` reads it
parameters.csv    asset, name, value, unit, low, high, source; what was drawn for the physics of each asset
site.yaml         the site file of the district
README.md         what it is, and how to use it

The same scenario and seed give the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import lzma
from collections.abc import Callable, Sequence
from pathlib import Path

from gateway.clock import to_iso
from gateway.errors import Unreachable
from gateway.inventory import Inventory
from gateway.model import SECOND
from simulators.devices import resolved
from simulators.models.contract import Window
from simulators.models.ranges import Parameter
from simulators.scenarios.durations import written
from simulators.scenarios.labels import write_labels
from simulators.scenarios.scenario import Scenario, Stage
from simulators.scenarios.served import served_site

READINGS, TRUTH, SITE, README = "readings.csv.xz", "truth.csv", "site.yaml", "README.md"
PARAMETERS = "parameters.csv"
_SLICES = 200


def record(
    scenario: Scenario,
    inventory: Inventory,
    folder: Path,
    progress: Callable[[float], None] = lambda _: None,
    *,
    site: Path | None = None,
) -> int:
    """Play a scenario, time to learn from included, and write it down; return how many readings there are.

    `site` is the file whose fleet is played, where it is not as the scenario has it.
    Unreachable when the folder has files already, or cannot be written. A recording that does not come to its end
    leaves nothing of itself behind.
    """
    was_there = folder.is_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise Unreachable(f"{folder} has files already; name an empty folder, or one that is not there")
        try:
            return _written_down(scenario, inventory, folder, progress, site)
        except BaseException:
            # The folder was empty: all that is in it now is half of a data set.
            for name in (READINGS, TRUTH, PARAMETERS, SITE, README):
                (folder / name).unlink(missing_ok=True)
            if not was_there:
                folder.rmdir()
            raise
    except OSError as error:
        raise Unreachable(f"{folder}: {error.strerror or error}") from error


def _written_down(
    scenario: Scenario, inventory: Inventory, folder: Path, progress: Callable[[float], None], site: Path | None
) -> int:
    with Stage(scenario, inventory) as stage:
        readings = _write_readings(folder / READINGS, stage, inventory, progress)
        windows = stage.windows
        _write_parameters(folder / PARAMETERS, stage.parameters)
    write_labels(folder / TRUTH, windows, stage.kin, inventory)
    text = site.read_text(encoding="utf-8") if site else scenario.site_text()
    beside = site.parent if site else None
    text = served_site(text, {}, scenario.report_seconds, folder=beside, into=folder)
    (folder / SITE).write_text(text, encoding="utf-8")
    (folder / README).write_text(_readme(scenario, inventory, readings, windows), encoding="utf-8")
    return readings


def _write_readings(path: Path, stage: Stage, inventory: Inventory, progress: Callable[[float], None]) -> int:
    scenario = stage.scenario
    channels = {(channel.device, channel.point): channel.id for channel in inventory.channels.values()}
    span_ns = scenario.end_ns - scenario.learn_ns
    readings = 0
    with lzma.open(path, "wt", encoding="ascii", newline="", preset=3) as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("time", "channel", "value", "received"))
        for part in range(1, _SLICES + 1):
            for device, true_ns, arrives_ns, values in stage.reports.measured(
                scenario.learn_ns + span_ns * part // _SLICES
            ):
                if arrives_ns >= scenario.end_ns:
                    # Nobody has it: its line is still down.
                    continue
                time, received = to_iso(stage.instruments.clock(device, true_ns)), to_iso(arrives_ns)
                points = inventory.devices[device].profile.points
                for point, value in values.items():
                    shown = resolved(points[point], value)
                    if shown == shown:  # noqa: PLR0124 - NaN is no reading
                        rows.writerow((time, channels[device, point], f"{shown:.9g}", received))
                        readings += 1
            progress(part / _SLICES)
    return readings


def _write_parameters(path: Path, parameters: Sequence[Parameter]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("asset", "name", "value", "unit", "low", "high", "source"))
        for one in parameters:
            span = one.range
            rows.writerow(
                (one.asset, one.name, f"{one.value:g}", span.unit, f"{span.low:g}", f"{span.high:g}", span.source)
            )


def _place(scenario: Scenario) -> str:
    """Return where it plays: the sizes of a district, or the files of one's own by name."""
    networks = scenario.networks
    files = (scenario.site.path if scenario.site else None, networks.water, networks.drainage)
    named = [file.name for file in files if file]
    return f"place {', '.join(named)}" if named else f"district {json.dumps(dict(scenario.district))}"


def _readme(scenario: Scenario, inventory: Inventory, readings: int, windows: Sequence[Window]) -> str:
    lasts = written((scenario.end_ns - scenario.start_ns) / 1e9)
    learns = written((scenario.start_ns - scenario.learn_ns) / 1e9)
    out = io.StringIO()
    out.write(f"# {scenario.name}: {scenario.title}\n\n")
    out.write("Simulated by the urban lifeline gateway (`lifeline simulate`); nothing in it was measured.\n\n")
    out.write(f"- seed {scenario.seed}, {_place(scenario)}\n")
    out.write(f"- from {to_iso(scenario.learn_ns)}, {learns} to learn from, then {lasts} from ")
    out.write(f"{to_iso(scenario.start_ns)} to {to_iso(scenario.end_ns)}\n")
    out.write(f"- {len(inventory.devices)} devices, {len(inventory.channels)} channels, {readings} readings, ")
    out.write(f"{len(windows)} windows of truth\n\n")
    out.write("| file | what |\n| --- | --- |\n")
    out.write(f"| `{READINGS}` | `time` (UTC, by the device's clock), `channel`, `value` (canonical unit), ")
    out.write("`received` (when it reached the gateway, UTC), in the order in which they were measured; what arrives ")
    out.write("after the end is left out |\n")
    out.write(f"| `{TRUTH}` | `start`, `end`, `kind` of what happened, `asset`, those that are right to name `also`, ")
    out.write("the `hazard` that a gateway ought ")
    out.write("to name (empty: none), what it `brings` that is right to say as well, `benign` when it is none, ")
    out.write(
        "`trouble` (the same word: one trouble in several stages or places), `danger` (when harm begins), `ahead` "
    )
    out.write("(how long before that it may be foreseen), `detail` as JSON |\n")
    out.write(f"| `{PARAMETERS}` | what was drawn for the physics: `asset`, `name`, `value`, `unit`, the range from ")
    out.write("`low` to `high` that it was drawn from, and the `source` of that |\n")
    out.write(f"| `{SITE}` | the site file: every channel with unit, profile and asset |\n\n")
    out.write(f"```\nlifeline replay {READINGS} --site {SITE}\n")
    learned = (
        f" --warm-up {(scenario.start_ns - scenario.learn_ns) // SECOND}s"
        if scenario.start_ns > scenario.learn_ns
        else ""
    )
    out.write(f"lifeline backtest {READINGS} --site {SITE} --events {TRUTH} --hazards all{learned}\n```\n\n")
    out.write("The labels are complete, so that each hazard is judged (`--hazards all`).\n")
    return out.getvalue()
