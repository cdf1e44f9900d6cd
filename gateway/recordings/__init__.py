"""Recordings of sensors in CSV or Parquet files, as readings of a site's channels.

Knows nothing of the journal or detectors.
"""

from gateway.recordings.layout import Layout
from gateway.recordings.mapping import Place, read_map
from gateway.recordings.notes import Note, Notes
from gateway.recordings.opening import Readable, open_file
from gateway.recordings.order import Piece
from gateway.recordings.reading import Recording
from gateway.recordings.times import Times

__all__ = [
    "Layout",
    "Note",
    "Notes",
    "Piece",
    "Place",
    "Readable",
    "Recording",
    "Times",
    "open_file",
    "read_map",
]
