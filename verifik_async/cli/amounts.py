"""Numbers as people read them, as the reports write them too."""

from verifik_async.batch.amounts import duration, persons, rate, requests, rows, size

__all__ = ["duration", "persons", "rate", "requests", "rows", "size"]
