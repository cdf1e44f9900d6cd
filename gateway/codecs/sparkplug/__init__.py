"""Sparkplug B 3.0: payloads (protobuf) and the sessions of edge nodes. Knows nothing of MQTT but topics."""

from gateway.codecs.sparkplug.decoder import SparkplugDecoder, SparkplugHead
from gateway.codecs.sparkplug.payload import rebirth_command
from gateway.codecs.sparkplug.session import Heard, SparkplugGroup

__all__ = ["Heard", "SparkplugDecoder", "SparkplugGroup", "SparkplugHead", "rebirth_command"]
