"""What was found and what people did about it, as events that are only ever appended, in a hash chain."""

from gateway.ledger.ledger import Ledger
from gateway.ledger.requests import LedgerChange
from gateway.ledger.storage import drills_in, verify_file

__all__ = ["Ledger", "LedgerChange", "drills_in", "verify_file"]
