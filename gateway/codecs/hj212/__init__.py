"""HJ 212 (2005, 2017, 2025): environmental monitoring stations that dial in and speak printable segments."""

from gateway.codecs.hj212.decoder import Hj212Decoder
from gateway.codecs.hj212.head import Hj212Head
from gateway.codecs.hj212.replies import reply_to

__all__ = ["Hj212Decoder", "Hj212Head", "reply_to"]
