"""The last frames as they came, so that a wrong profile destroys no truth."""

from gateway.raw_ring.frame_files import FrameFiles, read_frames
from gateway.raw_ring.ring import RawRing

__all__ = ["FrameFiles", "RawRing", "read_frames"]
