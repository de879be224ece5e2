"""How far intents are ahead of the workers."""

from __future__ import annotations


class Lead:
    """As few intents ahead as keep the workers busy.

    A crash makes an `unknown` person of each, who has to be looked up by hand where
    the server does not dedupe. So there are more of them only while workers have to
    wait for the disk: with answers that take as long as real ones, a handful will do,
    some seconds after all workers began at once.

    Args:
        concurrency: Workers; half as many intents stand ahead at the most.

    Attributes:
        size: How many there may be now.
    """

    def __init__(self, concurrency: int) -> None:
        self.most = most_ahead(concurrency)
        self.size = 1
        self._patience = concurrency // 4
        self._calm = 0

    def late(self) -> None:
        """A worker has to wait for the disk."""
        self.size = min(2 * self.size, self.most)
        self._calm = 0

    def in_time(self) -> None:
        """A worker has got somebody at once."""
        self._calm += 1
        if self._calm > self._patience:
            self.size = max(1, self.size - 1)
            self._calm = 0


def most_ahead(concurrency: int) -> int:
    """Intents beside those of persons in flight, at the most."""
    return max(1, concurrency // 2)
