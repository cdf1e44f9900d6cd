"""When a certificate file ends: as much DER (X.690) as that takes, because the standard library shows it to nobody.

Certificate > tbsCertificate > [0] version, serial, algorithm, issuer, validity > notBefore, notAfter   (RFC 5280, 4.1)
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

_SEQUENCE, _VERSION, _UTC_TIME, _GENERALISED_TIME = 0x30, 0xA0, 0x17, 0x18
_BEFORE_VALIDITY = 3


def end_of(path: Path) -> datetime:
    """Return when the first certificate of a PEM file ends; OSError or ValueError when there is none."""
    text = path.read_text("ascii", "replace")
    begin = text.find(ssl.PEM_HEADER)
    end = text.find(ssl.PEM_FOOTER, begin)
    if begin < 0 or end < 0:
        raise ValueError("no certificate in it")
    try:
        return _end_in(ssl.PEM_cert_to_DER_cert(text[begin : end + len(ssl.PEM_FOOTER)]))
    except IndexError:
        raise ValueError("the certificate is cut off") from None


def _end_in(der: bytes) -> datetime:
    _, certificate, _ = _item(der, 0)
    _, body, _ = _item(certificate, 0)
    at = 0
    if body[0] == _VERSION:
        _, _, at = _item(body, at)
    for _ in range(_BEFORE_VALIDITY):
        _, _, at = _item(body, at)
    kind, validity, _ = _item(body, at)
    if kind != _SEQUENCE:
        raise ValueError("no validity where it belongs")
    _, _, at = _item(validity, 0)
    kind, written, _ = _item(validity, at)
    if kind not in (_UTC_TIME, _GENERALISED_TIME):
        raise ValueError("no time where it belongs")
    # Two digits of a year are 1950 to 2049, and certificates that end before 2000 are of no interest here.
    return datetime.strptime(("20" if kind == _UTC_TIME else "") + written.decode("ascii"), "%Y%m%d%H%M%SZ").replace(
        tzinfo=UTC
    )


def _item(data: bytes, at: int) -> tuple[int, bytes, int]:
    """Return tag, content and where the next item begins."""
    tag, size, start = data[at], data[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        size, start = int.from_bytes(data[start : start + count]), start + count
    if start + size > len(data):
        raise IndexError(at)
    return tag, data[start : start + size], start + size
