"""From bytes to readings. No sockets, no clock; a stream decoder remembers its unfinished frames and no more.

Whatever the bytes, only DecodeError escapes.
"""

from gateway.codecs.contract import Decoded, Decoder, Rejected

__all__ = ["Decoded", "Decoder", "Rejected"]
