"""How a manifest is enrolled: how fast, when the run stops, who is sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

from verifik_async.batch.enroller import BatchEnroller
from verifik_async.batch.stops import StopRules

if TYPE_CHECKING:
    from verifik_async.batch.journal import Journal
    from verifik_async.client import VerifikClient


@attrs.frozen(kw_only=True)
class BatchOptions:
    """What the command's options say of the batch; see `BatchEnroller`.

    Attributes:
        concurrency: Persons at a time.
        rate: Requests a second.
        rules: When the run stops by itself.
        retry: Refusals of earlier runs that are tried once more.
        resend_unknown: Send again those of whom no answer is known.
    """

    concurrency: int | Literal["auto"] = "auto"
    rate: float | None = None
    rules: StopRules = attrs.field(factory=StopRules)
    retry: tuple[str, ...] = ()
    resend_unknown: bool = False

    def __str__(self) -> str:
        """In words, as in `Enrolling 3 persons …, 8 at a time`."""
        width = f"{self.concurrency} at a time"
        if self.concurrency == "auto":
            width = "as many at a time as the server bears"
        return width if self.rate is None else f"{width}, at most {self.rate:g}/s"

    def enroller(self, client: VerifikClient, journal: Journal | None) -> BatchEnroller:
        """A batch enroller that goes by these."""
        return BatchEnroller(
            client,
            concurrency=self.concurrency,
            rate=self.rate,
            stop_rules=self.rules,
            journal=journal,
            retry=self.retry if journal is not None else (),
            on_unknown="resend" if self.resend_unknown else "hold",
        )
