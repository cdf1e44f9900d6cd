"""Sinks take readings to a database: they encode, send and sort the answers. They keep no place and no queue.

A new sink is a file here that keeps `contract.Sink`, its settings in `gateway.settings`, the lines in `gateway.app`
that put a `Store` before it, and a line in the contract suite, tests/contracts/sinks.
"""

from gateway.sinks.contract import Rejected, Sink

__all__ = ["Rejected", "Sink"]
