"""The journal: everything measured is appended here once; everything else is a reader with its own place."""

from gateway.journal.entry import Entry, Reader

__all__ = ["Entry", "Reader"]
