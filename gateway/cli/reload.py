"""`lifeline reload SITE`: have the gateway that runs take over its changed site file, without losing a reading.

The file is checked, new and changed devices are read once beside the old configuration, and the difference is printed:
channels, devices, collectors, cycle times. Then only the collectors concerned begin anew. When the swap fails, or
channels that spoke before fall silent while it is watched, the former site returns by itself.

  lifeline reload site.yaml --dry-run     try and compare, change nothing
  lifeline reload site.yaml --wait        wait until it has been watched, too

Exit codes: 0 taken over, 1 refused or rolled back, 69 no gateway answers, 75 another is under way, 78 wrong file.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from gateway.cli import EXIT_CONFIG, EXIT_FINDINGS
from gateway.errors import Unreachable

_ANSWER_SECONDS = 120.0
_SWAP_SECONDS = 60.0
_EXIT_AGAIN = 75
_BUSY, _WRONG = 409, 422
_UNDER_WAY = ("swapping", "watching")
_SIGNS = {True: "ok", False: "FAILED", None: "not tried"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = __doc__
    parser.add_argument("site", metavar="SITE", type=Path, help="the site file that the gateway was started with")
    parser.add_argument("--dry-run", action="store_true", help="try and compare, change nothing")
    parser.add_argument("--force", action="store_true", help="go on although something new does not answer")
    parser.add_argument(
        "--watch", metavar="SECONDS", type=float, default=300.0, help="how long silence makes it go back (300)"
    )
    parser.add_argument("--wait", action="store_true", help="wait until it has been watched")
    parser.add_argument("--url", help="address of the gateway's page, where it is not as the site file says")
    parser.add_argument("--json", action="store_true", help="print the outcome as one JSON object")


def run(options: argparse.Namespace) -> int:
    """Reload; see the exit codes above."""
    from gateway.errors import ConfigError  # noqa: PLC0415
    from gateway.settings import check_site  # noqa: PLC0415 - `lifeline --help` must not pay for it

    # Its secrets are the gateway's, not ours.
    checked = check_site(options.site)
    if checked.site is None:
        raise ConfigError(list(checked.faults))
    url = (options.url or f"http://{checked.site.http_host}:{checked.site.http_port}").rstrip("/") + "/api/v1/reload"
    asked = {"dry_run": options.dry_run, "force": options.force, "watch_seconds": options.watch}
    try:
        told = _ask(url, json.dumps(asked).encode())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return _refused(refusal.code, refusal.read())
    if told["stage"] in _UNDER_WAY:
        told = _follow(url, wait=options.wait, watch_seconds=options.watch)
    print(json.dumps(told, ensure_ascii=False) if options.json else _as_text(told, watch_seconds=options.watch))
    return EXIT_FINDINGS if (told["refused"] and told["stage"] == "refused") or told["stage"] in _BAD else 0


_BAD = ("rolled back", "failed")


def _ask(url: str, body: bytes | None = None) -> dict[str, Any]:
    request = urllib.request.Request(url, body, {"content-type": "application/json"})  # noqa: S310 - the box's own page
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 - as above
            told: dict[str, Any] = json.load(answer)
            return told
    except urllib.error.HTTPError:
        raise
    except OSError as error:
        raise Unreachable(f"no gateway answers at {url} ({error}); start it with `lifeline run`") from None


def _refused(code: int, body: bytes) -> int:
    try:
        detail = str(json.loads(body).get("detail", ""))
    except (ValueError, AttributeError):
        detail = body.decode("utf-8", "replace")[:200]
    print(f"lifeline: {detail}", file=sys.stderr)
    return {_BUSY: _EXIT_AGAIN, _WRONG: EXIT_CONFIG}.get(code, EXIT_FINDINGS)


def _follow(url: str, *, wait: bool, watch_seconds: float) -> dict[str, Any]:
    """Look on until the swap is over, and the watching if that is wanted; the page itself begins anew meanwhile."""
    until = time.monotonic() + _SWAP_SECONDS + (watch_seconds if wait else 0.0)
    while True:
        time.sleep(0.2)
        try:
            told = _ask(url)
        except Unreachable:
            if time.monotonic() > until:
                raise
            continue
        is_over = told["stage"] not in (_UNDER_WAY if wait else _UNDER_WAY[:1])
        if is_over or time.monotonic() > until:
            return told


def _as_text(told: dict[str, Any], *, watch_seconds: float) -> str:
    lines = [f"+ {name}" for name in told["added"]] + [f"- {name}" for name in told["removed"]]
    for one in told["changed"]:
        lines += [f"~ {one['channel']}: {name} {old} -> {new}" for name, (old, new) in one["fields"].items()]
    for line, (old, new) in told["cycles"].items():
        before, after = (f"{seconds:.3f} s" if seconds is not None else "none" for seconds in (old, new))
        lines.append(f"cycle of {line}: {before} -> {after}")
    if told["restarted"]:
        lines.append(f"collectors that begin anew: {', '.join(told['restarted'])}")
    lines += [f"{_SIGNS[one['ok']]:>9}  {one['what']}: {one['said']}" for one in told["trials"]]
    endings = {
        "planned": "nothing was changed" if lines else "the site file has not changed",
        "refused": "refused, nothing was changed: " + "; ".join(told["refused"]),
        "swapping": "it is still being taken over",
        "watching": f"taken over; for {watch_seconds:g} s the former site returns if channels fall silent",
        "done": "taken over",
    }
    return "\n".join([*lines, endings.get(told["stage"], f"{told['stage']}: {told['reason']}")])
