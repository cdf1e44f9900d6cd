"""What a listener must know of its protocol beside decoding: whose password it is, and how to answer. One line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypeAlias

from gateway.codecs.contract import CodecOptions, StreamDecoder
from gateway.codecs.gbt26875_3 import Gbt26875Decoder, Gbt26875Head
from gateway.codecs.gbt26875_3 import reply_to as gbt26875_reply
from gateway.codecs.hj212 import Hj212Decoder, Hj212Head
from gateway.codecs.hj212.replies import refusal_of
from gateway.codecs.hj212.replies import reply_to as hj212_reply
from gateway.codecs.sl651 import Ending, Sl651Decoder, Sl651Head
from gateway.codecs.sl651 import reply_to as sl651_reply
from gateway.codecs.szy206 import Szy206Decoder
from gateway.codecs.szy206 import reply_to as szy206_reply
from gateway.settings import StationsSettings

Refused: TypeAlias = Literal["MN", "PW"]
"""Why a station may not speak: it is not known, or its password is wrong."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One protocol as its listener needs it."""

    decoder: Callable[[CodecOptions], StreamDecoder[Any]]
    password: Callable[[Any], str | None]
    """Head → the password that the frame carries; None when the protocol has none."""
    checksum: Callable[[Any], str]
    """Head → the variant of the checksum that the station uses."""
    reply: Callable[[Any, datetime], bytes]
    """Head and the station's own time → the confirmation, empty when none is due."""
    refusal: Callable[[Any, Refused, datetime], bytes]
    """Head, reason and time → what a refused station is told, empty when the protocol has no words for it."""


def dialect_of(settings: StationsSettings) -> Dialect:
    """Return the dialect of a listener."""
    return _DIALECTS[settings.kind](settings)


def _hj212(_: StationsSettings) -> Dialect:
    def password(head: Hj212Head) -> str:
        return head.pw

    def reply(head: Hj212Head, _: datetime) -> bytes:
        return hj212_reply(head)

    return Dialect(Hj212Decoder, password, _checksum, reply, _hj212_refusal)


def _sl651(settings: StationsSettings) -> Dialect:
    def password(head: Sl651Head) -> str:
        return head.password

    ending = Ending.STAY if settings.stay_online else Ending.HANG_UP
    return Dialect(Sl651Decoder, password, _checksum, partial(_ended, ending), _silence)


def _ended(ending: Ending, head: Sl651Head, now: datetime) -> bytes:
    return sl651_reply(head, now, ending)


def _checksum(head: Hj212Head | Sl651Head) -> str:
    return head.checksum


def _hj212_refusal(head: Hj212Head, why: Refused, _: datetime) -> bytes:
    return refusal_of(head, why)


def _silence(_head: Any, _why: Refused, _now: datetime) -> bytes:
    return b""


def _szy206(_: StationsSettings) -> Dialect:
    return Dialect(Szy206Decoder, _no_password, _no_variant, szy206_reply, _silence)


def _gbt26875(_: StationsSettings) -> Dialect:
    return Dialect(Gbt26875Decoder, _no_password, _no_variant, gbt26875_reply, _gbt26875_refusal)


def _gbt26875_refusal(head: Gbt26875Head, _: Refused, now: datetime) -> bytes:
    return gbt26875_reply(head, now, is_refusal=True)


def _no_password(_: Any) -> None:
    return None


def _no_variant(_: Any) -> str:
    return ""


_DIALECTS: Mapping[str, Callable[[StationsSettings], Dialect]] = {
    "hj212": _hj212,
    "sl651": _sl651,
    "szy206": _szy206,
    "gbt26875_3": _gbt26875,
}
"""The word after `kind:` → its dialect."""
