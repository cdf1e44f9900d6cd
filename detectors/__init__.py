"""Streaming detectors: numbers in, scores out. Knows nothing of clocks, files or the network."""
