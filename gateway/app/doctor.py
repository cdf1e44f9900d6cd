"""What may go wrong with a site before it does: brokers, certificates, clock, disk, files, ports. Repairs nothing."""

from __future__ import annotations

import math
import shutil
import socket
import sqlite3
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeAlias

from gateway.app.certificates import end_of
from gateway.app.state_lock import StateLock
from gateway.clock import EARLIEST_NS, Clock, Ntp, SystemTrust
from gateway.collectors.mqtt_limits import BrokerLimits, find_limits
from gateway.errors import Unreachable
from gateway.journal.verifying import verify
from gateway.ledger import verify_file
from gateway.settings import MqttSettings, Site

Verdict: TypeAlias = Literal["ok", "finding", "unknown"]

_TRIED_KEPT = 1_200
_SOON = timedelta(days=30)
_SHORTEST_AWAY_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `unknown` says what could not be checked, and why."""

    name: str
    verdict: Verdict
    text: str


async def examine(site: Site, state: Path, clock: Clock) -> list[Check]:
    """Look at everything; connects to the site's brokers, writes nothing on this box."""
    checks: list[Check] = []
    for settings in site.collectors.values():
        if isinstance(settings, MqttSettings):
            checks += await _broker(site, settings, clock)
            checks += _certificates(settings, clock)
    checks += [_clock(clock), _disk(site, state)]
    checks += _files(state)
    checks += _ports(site, state)
    return checks


async def _broker(site: Site, settings: MqttSettings, clock: Clock) -> list[Check]:
    name = f"collectors.{settings.id}"
    try:
        limits = await find_limits(settings, in_flight=settings.in_flight, kept=_TRIED_KEPT)
    except (Unreachable, TimeoutError) as error:
        return [
            Check(name, "finding", f"the broker {settings.host}:{settings.port}: {str(error) or 'does not answer'}")
        ]
    if limits.kept is None:
        text = "its limits: nothing came back on lifeline-doctor/#; its access list may forbid that topic"
        return [Check(name, "unknown", text)]
    checks = [_window(site, settings, limits), _kept(site, settings, limits)]
    if limits.certificate_ends:
        ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(limits.certificate_ends), UTC)
        checks.append(_ending(f"{name} broker's certificate", ends, clock))
    return checks


def _window(site: Site, settings: MqttSettings, limits: BrokerLimits) -> Check:
    """Compare the window with what the site sends: what is in flight waits for one flush."""
    name = f"collectors.{settings.id}.in_flight"
    window, flush = limits.in_flight or 0, site.journal.flush_seconds
    needed = messages_a_second(site, settings)
    rate = window / flush
    told = f"{window} messages in flight each {flush:g} s: {rate:,.0f} messages/s; the site sends {needed:,.1f}"
    if window < settings.in_flight:
        hint = f"set in_flight: {window}, or raise the broker's (mosquitto: max_inflight_messages)"
        return Check(
            name, "finding", f"the broker sends {window} unacknowledged, in_flight is {settings.in_flight}; {hint}"
        )
    if rate < needed:
        return Check(name, "finding", f"{told}; raise in_flight here and at the broker")
    return Check(name, "ok", told)


def _kept(site: Site, settings: MqttSettings, limits: BrokerLimits) -> Check:
    name, kept = f"collectors.{settings.id} queue", limits.kept or 0
    needed = messages_a_second(site, settings)
    seconds = kept / needed if needed else math.inf
    if kept >= limits.tried_kept:
        return Check(name, "ok", f"the broker keeps at least {kept:,} messages while we are away")
    text = f"the broker keeps {kept:,} messages while we are away and drops the others"
    if seconds < _SHORTEST_AWAY_SECONDS:
        text += f"; this site fills that in {seconds / 60:,.0f} min"
    return Check(name, "finding", f"{text}; raise its queue (mosquitto: max_queued_messages)")


def messages_a_second(site: Site, settings: MqttSettings) -> float:
    """Return how many messages the devices of a collector send, one for all points of a device."""
    periods: dict[str, float] = {}
    for channel in site.inventory.channels.values():
        if site.inventory.devices[channel.device].collector == settings.id:
            periods[channel.device] = min(channel.report_seconds, periods.get(channel.device, math.inf))
    return sum(1 / period for period in periods.values())


def _certificates(settings: MqttSettings, clock: Clock) -> Iterator[Check]:
    files = (settings.tls.ca, settings.tls.certificate) if settings.tls else ()
    for path in files:
        if path is None:
            continue
        name = f"collectors.{settings.id} {path.name}"
        try:
            yield _ending(name, end_of(path), clock)
        except (OSError, ValueError) as error:
            yield Check(name, "finding", f"cannot be read: {error}")


def _ending(name: str, ends: datetime, clock: Clock) -> Check:
    left = ends - datetime.fromtimestamp(clock.now().utc_ns / 1e9, UTC)
    when = f"{ends:%Y-%m-%d}"
    if left < timedelta(0):
        return Check(name, "finding", f"ended on {when}; renew it")
    text = f"ends on {when}, in {left.days} days"
    return Check(name, "finding", f"{text}; renew it") if left < _SOON else Check(name, "ok", text)


def _clock(clock: Clock) -> Check:
    if clock.now().utc_ns < EARLIEST_NS:
        return Check("clock", "finding", "it says a year before this program was written; set it")
    match SystemTrust().ntp():
        case Ntp.SYNCHRONISED:
            return Check("clock", "ok", "set by network time")
        case Ntp.WAITING:
            return Check("clock", "finding", "a time service runs and has not set it; look at its servers")
        case _:
            return Check("clock", "unknown", "no time service was seen: nobody vouches for it")


def _disk(site: Site, state: Path) -> Check:
    """Compare what is free with what journal and history may still grow by."""
    caps = site.journal.cap_bytes + site.journal.quarantine_bytes + site.journal.raw_bytes + site.history.cap_bytes
    used = sum(path.stat().st_size for path in state.rglob("*") if path.is_file()) if state.exists() else 0
    here = next(folder for folder in (state, *state.parents) if folder.exists())
    free = shutil.disk_usage(here).free
    grows = max(0, caps - used)
    text = f"{free / 1e9:,.1f} GB free, and journal and history may grow by {grows / 1e9:,.1f} GB"
    return Check("disk", "ok" if free >= grows else "finding", text if free >= grows else f"{text}; lower cap_bytes")


def _files(state: Path) -> Iterator[Check]:
    try:
        verified = verify(state / "journal")
    except FileNotFoundError:
        yield Check("journal", "unknown", f"there is none in {state} yet")
    else:
        text = f"{verified.records} records, {verified.readings} readings, {len(verified.findings)} findings"
        hint = "; see `lifeline journal verify`"
        yield Check("journal", "finding" if verified.findings else "ok", text + (hint if verified.findings else ""))
    if not any(state.glob("ledger/*.db")):
        yield Check("ledger", "unknown", f"there is none in {state} yet")
        return
    try:
        broken = verify_file(state / "ledger")
    except (OSError, sqlite3.Error, Unreachable) as error:
        yield Check("ledger", "finding", f"cannot be read: {error}")
    else:
        text = "every event is as it was written" if broken is None else f"event {broken} is not as it was written"
        yield Check("ledger", "ok" if broken is None else "finding", text)


def _ports(site: Site, state: Path) -> Iterator[Check]:
    """Try the ports that the gateway listens on, unless it runs and has them."""
    wanted = [("site.http_port", site.http_host, site.http_port, socket.SOCK_STREAM)]
    for settings in site.collectors.values():
        port = getattr(settings, "listen_port", 0)
        is_udp = getattr(settings, "transport", "tcp") == "udp" or settings.kind == "udp"
        kind = socket.SOCK_DGRAM if is_udp else socket.SOCK_STREAM
        wanted.append((f"collectors.{settings.id}.listen_port", getattr(settings, "listen_host", ""), port, kind))
    wanted = [one for one in wanted if one[2]]
    if state.exists():
        try:
            with StateLock(state):
                pass
        except Unreachable:
            yield Check("ports", "ok", "the gateway runs and has them")
            return
    for name, host, port, kind in wanted:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                yield Check(name, "finding", f"cannot listen on {host}:{port}: {error.strerror or error}")
            else:
                yield Check(name, "ok", f"{host}:{port} is free")
