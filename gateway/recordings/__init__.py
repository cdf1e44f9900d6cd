"""Recordings of sensors in CSV files, as readings of a site's channels. Knows nothing of the journal or detectors."""

from gateway.recordings.layout import Layout
from gateway.recordings.mapping import Place, read_map
from gateway.recordings.notes import Note, Notes
from gateway.recordings.reading import Piece, Recording

__all__ = ["Layout", "Note", "Notes", "Piece", "Place", "Recording", "read_map"]
