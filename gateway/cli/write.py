"""`lifeline write SITE DEVICE POINT VALUE`: write one value through the gateway that runs.

Only what the device's `writes` in the site file list is written, tried once, and filed in the ledger before and after.
Without a running gateway nothing is written: two masters on one line disturb each other.
"""

from __future__ import annotations

import argparse
import getpass
import json
import urllib.error
import urllib.request
from pathlib import Path

from gateway.cli import EXIT_FINDINGS, EXIT_UNAVAILABLE
from gateway.errors import Unreachable

_ANSWER_SECONDS = 40.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = __doc__
    parser.add_argument("site", metavar="SITE", type=Path, help="the site file of the gateway that runs")
    parser.add_argument("device", metavar="DEVICE", help="the device, by its id in the site file")
    parser.add_argument("point", metavar="POINT", help="what to write: a point, or a command of its profile")
    parser.add_argument("value", metavar="VALUE", type=float, help="the value, in the unit of the profile")
    parser.add_argument("--person", default=getpass.getuser(), help="who writes (the user's name)")
    parser.add_argument("--url", help="address of its page, where it is not as the site file says")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")


def run(options: argparse.Namespace) -> int:
    """Write the value; 0 when confirmed, 1 when not allowed, 69 when nobody knows whether it happened."""
    from gateway.settings import load_site  # noqa: PLC0415 - `lifeline --help` must not pay for it

    site = load_site(options.site)
    url = options.url or f"http://{site.http_host}:{site.http_port}"
    asked = {name: getattr(options, name) for name in ("device", "point", "value", "person")}
    request = urllib.request.Request(  # noqa: S310 - the box's own page
        f"{url.rstrip('/')}/api/v1/writes", json.dumps(asked).encode(), {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 - as above
            ended = json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            body = refusal.read()
        try:
            note = str(json.loads(body).get("detail", refusal.reason))
        except (ValueError, AttributeError):
            note = str(refusal.reason)
        ended = {**asked, "outcome": "refused", "note": note}
    except OSError as error:
        raise Unreachable(f"no gateway answers at {url} ({error}); start it: nothing is written without it") from None
    if options.json:
        print(json.dumps(ended, ensure_ascii=False))
    else:
        note = f": {ended['note']}" if ended["note"] else ""
        print(f"{options.device} {options.point} = {options.value:g} {ended['outcome']}{note}")
    return {"confirmed": 0, "refused": EXIT_FINDINGS}.get(ended["outcome"], EXIT_UNAVAILABLE)
