"""The store: a reader of the journal that copies every reading to a sink."""

from gateway.store.store import Store

__all__ = ["Store"]
