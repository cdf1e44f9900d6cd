"""The store: a reader of the journal that copies every reading to a sink, the present first."""

from gateway.store.copier import Copier
from gateway.store.lanes import Lanes
from gateway.store.place import read_lanes
from gateway.store.store import Store
from gateway.store.writing import Writer

__all__ = ["Copier", "Lanes", "Store", "Writer", "read_lanes"]
