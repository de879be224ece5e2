"""One limiter for each client: shared pause after 429, rate, bytes, adaptive width."""

from verifik_async.limiter.limiter import Limiter, LimiterSnapshot, Turn
from verifik_async.limiter.limits import Limits

__all__ = ["Limiter", "LimiterSnapshot", "Limits", "Turn"]
