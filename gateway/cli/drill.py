"""`lifeline drill uplink|unit SITE`: stage a fault in the gateway that runs, and see what it proves of itself.

    lifeline drill uplink --for 60 site.yaml              nothing reaches InfluxDB for a minute
    lifeline drill unit --unit flow-12 --for 60 site.yaml   one polled device is taken for dead

The gateway's own answer: how long it took to recover, and that nothing was lost and nothing doubled. The outcome is an
event of the ledger. Exit code 0 when all is well, 1 when something was lost, 69 when no gateway runs or it refuses.
"""

from __future__ import annotations

import argparse
import getpass
import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from gateway.errors import Unreachable

EXIT_LOST = 1
_ANSWER_SECONDS = 10.0
_LOOK_SECONDS = 0.5


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = __doc__
    parser.add_argument("kind", choices=("uplink", "unit"), help="what is to fail")
    parser.add_argument("site", metavar="SITE", type=Path, help="the site file of the gateway that runs")
    parser.add_argument("--for", dest="seconds", metavar="SECONDS", type=float, default=60.0, help="how long (60)")
    parser.add_argument("--unit", default="", help="the device to take for dead, by its id in the site file")
    parser.add_argument("--person", default=getpass.getuser(), help="who holds the drill (the user's name)")
    parser.add_argument("--url", help="address of its page, where it is not as the site file says")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")


def run(options: argparse.Namespace) -> int:
    """Start the drill, wait for its end, and print the outcome."""
    if options.kind == "unit" and not options.unit:
        raise Unreachable("name the device to take for dead with --unit")
    url = options.url or _url_of(options.site)
    asked = {"kind": options.kind, "unit": options.unit, "seconds": options.seconds, "person": options.person}
    known = {one["start"] for one in _ask(url)["outcomes"]}
    _ask(url, asked)
    began = time.monotonic()
    while (answer := _ask(url))["running"]:
        _show(time.monotonic() - began, options.seconds)
        time.sleep(_LOOK_SECONDS)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    new = [one for one in answer["outcomes"] if one["start"] not in known]
    if not new:
        raise Unreachable("the gateway stopped before the drill had ended")
    print(json.dumps(new[0]) if options.json else _sentence(new[0]))
    return 0 if new[0]["ok"] else EXIT_LOST


def _url_of(path: Path) -> str:
    from gateway.settings.loading import load_site  # noqa: PLC0415 - `lifeline --help` must not pay for it

    site = load_site(path)
    return f"http://{site.http_host}:{site.http_port}"


def _ask(url: str, asked: dict[str, Any] | None = None) -> Any:
    where = f"{url.rstrip('/')}/api/v1/drills"
    body = None if asked is None else json.dumps(asked).encode()
    request = urllib.request.Request(where, data=body, headers={"content-type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 - the box's own page
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            detail = json.load(refusal).get("detail", refusal.reason)
        raise Unreachable(f"the gateway refuses: {detail}") from refusal
    except (OSError, ValueError) as error:
        raise Unreachable(f"no gateway answers on {url} ({error}); start it, or name its page with --url") from error


def _show(passed: float, seconds: float) -> None:
    if sys.stderr.isatty():
        part = min(1.0, passed / seconds)
        bar = "#" * round(30 * part)
        what = "fault" if part < 1 else "recovering"
        print(f"\r[{bar:<30}] {passed:4.0f} s {what}", end="", file=sys.stderr, flush=True)


def _sentence(outcome: dict[str, Any]) -> str:
    what = "uplink blocked" if outcome["kind"] == "uplink" else f"{outcome['unit']} taken for dead"
    recovery = outcome["recovery_seconds"]
    back = "not recovered" if recovery is None else f"recovered in {recovery:.1f} s"
    counts = f"{outcome['lost']} lost, {outcome['duplicated']} duplicated of {outcome['journaled']} journaled"
    return f"{what} {outcome['start']} to {outcome['end']}: {back}; {counts}"
