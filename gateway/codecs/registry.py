"""Every codec that takes a whole frame, by its name: one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.codecs.cjt188 import Cjt188Decoder
from gateway.codecs.contract import CodecOptions, FrameDecoder
from gateway.codecs.dlt645 import Dlt645Decoder
from gateway.codecs.gbt26875_3 import Gbt26875Decoder
from gateway.codecs.hj212 import Hj212Decoder
from gateway.codecs.modbus_frames import ModbusRtuDecoder
from gateway.codecs.sl651 import Sl651Decoder
from gateway.codecs.szy206 import Szy206Decoder

CODECS: Mapping[str, Callable[[CodecOptions], FrameDecoder[Any]]] = {
    "hj212": Hj212Decoder,
    "sl651": Sl651Decoder,
    "szy206": Szy206Decoder,
    "sl427": Szy206Decoder,
    "cjt188": Cjt188Decoder,
    "dlt645": Dlt645Decoder,
    "gbt26875_3": Gbt26875Decoder,
    "modbus_rtu": ModbusRtuDecoder,
}
"""Name on the command line → how a decoder is made; a decoder serves one connection."""
