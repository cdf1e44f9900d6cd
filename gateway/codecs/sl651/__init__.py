"""SL 651-2014: hydrological stations (rain, level, flow, water quality) that dial in; HEX/BCD and ASCII encodings."""

from gateway.codecs.sl651.decoder import Sl651Decoder
from gateway.codecs.sl651.replies import Ending, reply_to
from gateway.codecs.sl651.wire import Sl651Head

__all__ = ["Ending", "Sl651Decoder", "Sl651Head", "reply_to"]
