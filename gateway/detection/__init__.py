"""Detection: walks the journal, scores every channel, and turns episodes into findings."""

from gateway.detection.detection import Detection

__all__ = ["Detection"]
