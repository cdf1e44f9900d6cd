"""From bytes to readings. Pure: no sockets, no clock, no state; whatever the bytes, only DecodeError escapes."""

from gateway.codecs.contract import Decoded, Decoder, Rejected

__all__ = ["Decoded", "Decoder", "Rejected"]
