"""The journal: everything measured is appended here once; everything else is a reader with its own place."""

from gateway.journal.entry import Entry, Reader
from gateway.journal.follower import Follower
from gateway.journal.journal import Journal
from gateway.journal.numbering import ChannelKey, KnownChannel, NumberedChannel
from gateway.journal.offline import channel_numbers, read_entries
from gateway.journal.stats import JournalStats, ReaderPlace, read_quarantine, read_stats
from gateway.journal.unsure import HeldRows

__all__ = [
    "ChannelKey",
    "Entry",
    "Follower",
    "HeldRows",
    "Journal",
    "JournalStats",
    "KnownChannel",
    "NumberedChannel",
    "Reader",
    "ReaderPlace",
    "channel_numbers",
    "read_entries",
    "read_quarantine",
    "read_stats",
]
