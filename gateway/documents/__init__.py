"""YAML files that people write, read so that all faults are found at once, each with its place."""

from gateway.documents.document import Document, Path, Value, name_of
from gateway.documents.excerpt import with_excerpts
from gateway.documents.reading import read_document
from gateway.documents.traps import trap_in
from gateway.documents.wording import did_you_mean

__all__ = ["Document", "Path", "Value", "did_you_mean", "name_of", "read_document", "trap_in", "with_excerpts"]
