"""Every codec that takes a whole frame, by its name: one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.codecs.chirpstack import ChirpstackDecoder
from gateway.codecs.cjt188 import Cjt188Decoder
from gateway.codecs.contract import CodecOptions, FrameDecoder
from gateway.codecs.decentlab import DecentlabDecoder
from gateway.codecs.dlt645 import Dlt645Decoder
from gateway.codecs.gbt26875_3 import Gbt26875Decoder
from gateway.codecs.hj212 import Hj212Decoder
from gateway.codecs.milesight import MilesightDecoder
from gateway.codecs.modbus_frames import ModbusRtuDecoder
from gateway.codecs.pushes import CtwingDecoder, LifelinePushDecoder, OnenetDecoder, SensorthingsDecoder
from gateway.codecs.senml import SenmlCborDecoder, SenmlDecoder
from gateway.codecs.sl651 import Sl651Decoder
from gateway.codecs.sparkplug import SparkplugDecoder
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
    "senml": SenmlDecoder,
    "senml_cbor": SenmlCborDecoder,
    "sparkplug": SparkplugDecoder,
    "chirpstack": ChirpstackDecoder,
    "milesight": MilesightDecoder,
    "decentlab": DecentlabDecoder,
    "ctwing": CtwingDecoder,
    "onenet": OnenetDecoder,
    "sensorthings": SensorthingsDecoder,
    "lifeline_push": LifelinePushDecoder,
}
"""Name on the command line → how a decoder is made; a decoder serves one connection."""
