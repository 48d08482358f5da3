"""What the server remembers, in SQLite or PostgreSQL: runs, idempotency keys, access keys.

A run's row is its queue entry, its state and its record in one, so no two of them can disagree after a crash.
"""

from api.service.store.database import Statement, Store, StoreUnavailable
from api.service.store.rows import DELETED, FINISHED, STATUSES, UNFINISHED, Row

__all__ = ["DELETED", "FINISHED", "STATUSES", "UNFINISHED", "Row", "Statement", "Store", "StoreUnavailable"]
