"""Every codec that takes a whole frame, by its name: one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.codecs.contract import CodecOptions, FrameDecoder
from gateway.codecs.hj212 import Hj212Decoder
from gateway.codecs.sl651 import Sl651Decoder

CODECS: Mapping[str, Callable[[CodecOptions], FrameDecoder[Any]]] = {
    "hj212": Hj212Decoder,
    "sl651": Sl651Decoder,
}
"""Name on the command line → how a decoder is made; a decoder serves one connection."""
