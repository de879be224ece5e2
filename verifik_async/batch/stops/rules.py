"""The settings: what is too much."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import attrs

from verifik_async.errors import ConfigurationError


@attrs.frozen(kw_only=True)
class Stop:
    """Why a run should stop.

    Attributes:
        rule: The setting of `StopRules` that says so.
        reason: What happened, how often, the likely cause and what to do, as a text
            for people. No personal data is in it.
        error: One of the errors that led to it.
    """

    rule: Literal[
        "canary", "max_failures", "max_failure_rate", "max_reject_rate", "max_outage"
    ]
    reason: str
    error: Exception | None = None


@attrs.frozen(kw_only=True)
class StopRules:
    """When a batch stops, beside answers that nobody gets past (token, credits).

    Only what was attempted in this run counts. A limit is what is borne: one more
    stops the run. `None` switches a rule off.

    Attributes:
        canary: Of the first so many persons answered by the server, nearly all
            refused alike stop the run; likewise of the first so many, nearly all
            refused here. None also lets the run start at its full width.
        canary_share: How many "nearly all" is, above a half and up to 1.
        canary_width: Persons in flight until the canary can't stop the run any more.
        max_failures: Persons `failed` or `unknown`.
        max_failure_rate: Their share of the last `window` persons sent. Of failures
            in a row only the first `outage_after` count: what comes after them is an
            outage, which is waited for.
        max_reject_rate: Share of the last `window` persons sent which the server
            refused: `duplicate`, `liveness_failed`, `rejected`.
        window: Persons that rates are reckoned over.
        minimum: Persons before which no rate is reckoned.
        outage_after: Failures in a row that are an outage. None waits for nothing.
        outage_span: Seconds which these failures span at the least, from when the
            first one's call began.
        max_outage: Seconds of an outage; None waits for ever.

    Raises:
        ConfigurationError: A value is out of range.
    """

    canary: int | None = 20
    canary_share: float = 0.9
    canary_width: int = 4
    max_failures: int | None = None
    max_failure_rate: float | None = 0.25
    max_reject_rate: float | None = None
    window: int = 200
    minimum: int = 50
    outage_after: int | None = 10
    outage_span: float = 2.0
    max_outage: float | None = 15 * 60.0

    def __attrs_post_init__(self) -> None:
        for name, (fits, what) in _RANGES.items():
            value: object = getattr(self, name)
            if not fits(value):
                raise ConfigurationError(f"StopRules.{name} must be {what}")
        if self.minimum > self.window:
            raise ConfigurationError("StopRules.minimum must not be above .window")


def _is_count(value: object, least: int = 1) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _number(value: object) -> float:
    """The number, or one that is in no range."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return float("nan")
    return value


def _is_rate(value: object) -> bool:
    return value is None or 0 <= _number(value) < 1


_Range = tuple[Callable[[object], bool], str]
_COUNT: _Range = (_is_count, "a whole number from 1")
_COUNT_OR_NONE: _Range = (
    lambda value: value is None or _is_count(value),
    "a whole number from 1, or None",
)
_RATE: _Range = (_is_rate, "from 0 to below 1, or None")

_RANGES: dict[str, _Range] = {
    "canary": _COUNT_OR_NONE,
    "canary_share": (
        lambda value: 0.5 < _number(value) <= 1,  # noqa: PLR2004 - the rule
        "above 0.5 and up to 1",
    ),
    "canary_width": _COUNT,
    "max_failures": (
        lambda value: value is None or _is_count(value, 0),
        "a whole number from 0, or None",
    ),
    "max_failure_rate": _RATE,
    "max_reject_rate": _RATE,
    "window": _COUNT,
    "minimum": _COUNT,
    "outage_after": _COUNT_OR_NONE,
    "outage_span": (
        lambda value: 0 <= _number(value) < float("inf"),
        "0 or more seconds",
    ),
    "max_outage": (
        lambda value: value is None or 0 < _number(value) < float("inf"),
        "above 0 seconds, or None",
    ),
}
