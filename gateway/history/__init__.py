"""The embedded history: every reading once, in a few bytes each, on the box itself."""

from gateway.history.buckets import Buckets
from gateway.history.columns import Columns
from gateway.history.history import History, Pace
from gateway.history.latest import Latest

__all__ = ["Buckets", "Columns", "History", "Latest", "Pace"]
