"""Sinks take readings to a database: they encode, send and sort the answers. They keep no place and no queue."""

from gateway.sinks.contract import Rejected, Sink

__all__ = ["Rejected", "Sink"]
