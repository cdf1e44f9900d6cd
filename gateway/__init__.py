"""The urban lifeline gateway: sensors to a journal, and a journal to early warnings."""

__version__ = "0.1.0"
