"""What a listener must know of its protocol beside decoding: whose password it is, and how to answer. One line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypeAlias

from gateway.codecs.contract import CodecOptions, StreamDecoder
from gateway.codecs.hj212 import Hj212Decoder, Hj212Head
from gateway.codecs.hj212.replies import refusal_of
from gateway.codecs.hj212.replies import reply_to as hj212_reply
from gateway.codecs.sl651 import Ending, Sl651Decoder, Sl651Head
from gateway.codecs.sl651 import reply_to as sl651_reply
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
    refusal: Callable[[Any, Refused], bytes]
    """Head and reason → what a refused station is told, empty when the protocol has no words for it."""


def dialect_of(settings: StationsSettings) -> Dialect:
    """Return the dialect of a listener."""
    return _DIALECTS[settings.kind](settings)


def _hj212(_: StationsSettings) -> Dialect:
    def password(head: Hj212Head) -> str:
        return head.pw

    def reply(head: Hj212Head, _: datetime) -> bytes:
        return hj212_reply(head)

    return Dialect(Hj212Decoder, password, _checksum, reply, refusal_of)


def _sl651(settings: StationsSettings) -> Dialect:
    def password(head: Sl651Head) -> str:
        return head.password

    ending = Ending.STAY if settings.stay_online else Ending.HANG_UP
    return Dialect(Sl651Decoder, password, _checksum, partial(_ended, ending), _silence)


def _ended(ending: Ending, head: Sl651Head, now: datetime) -> bytes:
    return sl651_reply(head, now, ending)


def _checksum(head: Hj212Head | Sl651Head) -> str:
    return head.checksum


def _silence(_head: Any, _why: Refused) -> bytes:
    return b""


_DIALECTS: Mapping[str, Callable[[StationsSettings], Dialect]] = {
    "hj212": _hj212,
    "sl651": _sl651,
}
"""The word after `kind:` → its dialect."""
