"""The part `stores` of a site file: where readings are kept, on this box and beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.documents import Document, Value
from gateway.settings.secrets import Named, Source, read_secret
from gateway.settings.site import HistorySettings, InfluxdbSettings, JournalSettings
from gateway.settings.written import WrittenInfluxdb, WrittenJournal, WrittenStores

_INFLUXDB = "influxdb"
_URL = re.compile(r"(?P<scheme>https?)://(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(/[\w./-]*)?")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# One commit a second wears flash five times less than the default window.
_FLASH_FLUSH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Stores:
    """What the part `stores` says."""

    journal: JournalSettings
    history: HistorySettings
    influxdb: InfluxdbSettings | None


def read_stores(document: Document, written: Value, source: Source) -> Stores | None:
    """Return the stores; what is wrong in the part is added to the document's faults."""
    stores = document.check(("stores",), {} if written is None else written, WrittenStores)
    if stores is None:
        return None
    return Stores(
        _journal(document, stores.journal, has_influxdb=stores.influxdb is not None),
        HistorySettings(cap_bytes=stores.history.cap_bytes),
        _influxdb(document, stores.influxdb, source) if stores.influxdb else None,
    )


def _journal(document: Document, journal: WrittenJournal, *, has_influxdb: bool) -> JournalSettings:
    at = ("stores", "journal")
    if 2 * journal.segment_bytes > journal.cap_bytes:
        message = f"stores.journal.segment_bytes must be at most half of cap_bytes, got {journal.segment_bytes}"
        document.fault((*at, "segment_bytes"), message, f"cap_bytes is {journal.cap_bytes}")
    if len(set(journal.readers)) < len(journal.readers):
        document.fault((*at, "readers"), "stores.journal.readers names a reader twice")
    if _INFLUXDB in journal.readers and not has_influxdb:
        message = "stores.journal.readers names influxdb, which is not in stores"
        document.fault((*at, "readers"), message, "the journal would wait for it for ever")
    flush = journal.flush_seconds
    if flush is None:
        flush = _FLASH_FLUSH_SECONDS if journal.storage == "flash" else JournalSettings().flush_seconds
    return JournalSettings(
        cap_bytes=journal.cap_bytes,
        segment_bytes=journal.segment_bytes,
        reserve_bytes=journal.reserve_bytes,
        flush_seconds=flush,
        flush_readings=journal.flush_readings,
        quarantine_bytes=journal.quarantine_bytes,
        readers=tuple(journal.readers),
        yielding=(_INFLUXDB,) if has_influxdb and _INFLUXDB not in journal.readers else (),
        storage=journal.storage,
        raw_bytes=journal.raw_bytes,
        at_cap=journal.at_cap,
    )


def _influxdb(document: Document, influxdb: WrittenInfluxdb, source: Source) -> InfluxdbSettings:
    at = ("stores", _INFLUXDB)
    url = _URL.fullmatch(influxdb.url)
    token = read_secret(document, at, Named("token", influxdb.token_env, influxdb.token_file), source)
    if url is None:
        # The value is not repeated: people write user:password@host here.
        hint = "http://host:8086 or https://host, without user, password or query"
        document.fault((*at, "url"), "stores.influxdb.url is no address of a server", hint)
    elif not (influxdb.token_env or influxdb.token_file):
        message = "stores.influxdb has no token; InfluxDB answers 401 without one"
        document.warn(at, message, "name it by token_env or token_file")
    elif url["scheme"] == "http" and url["host"] not in _LOOPBACK:
        document.warn((*at, "url"), "stores.influxdb.url is http, so that anyone on the way can read the token")
    if token and not (token.isascii() and token.isprintable()):
        document.fault(at, "stores.influxdb has a token with characters that cannot stand in one", at_key=True)
    return InfluxdbSettings(
        url=influxdb.url.rstrip("/"),
        org=influxdb.org,
        bucket=influxdb.bucket,
        token=token,
        batch_points=influxdb.batch_points,
        timeout_seconds=influxdb.timeout_seconds,
        backfill_readings_per_second=influxdb.backfill_readings_per_second,
        read=influxdb.read,
    )
