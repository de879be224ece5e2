"""What is likely behind errors that come in numbers, and what to do then.

An error's own `hint` is for one person; here many met the same.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import attrs

from verifik_async.errors import (
    ApiError,
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    DuplicatePersonError,
    InvalidImageError,
    InvalidRequestError,
    LivenessFailedError,
    NotFoundError,
    ParameterError,
    RateLimitedError,
    ReadTimeoutError,
    ServerError,
    UnexpectedResponseError,
    WriteError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_KINDS_TOLD = 3


@attrs.frozen
class Cause:
    """Why it is likely so, and what to do; both begin small and have no full stop."""

    likely: str
    remedy: str

    @property
    def advice(self) -> str:
        """Both, as the end of a sentence and a sentence."""
        return f"{self.likely}. To do: {self.remedy}."


_WRONG_COLLECTION = Cause(
    "most likely the collection id is wrong",
    "check collection_id (a collection's _id), and that token and base URL are those "
    "of its account",
)
_WRONG_PICTURES = Cause(
    "most likely the server can't read such pictures",
    "look at these files: they must be whole, and JPEG, PNG or WebP",
)

REFUSALS: dict[tuple[type[Exception], str | None], Cause] = {
    (NotFoundError, "invalid_collection"): _WRONG_COLLECTION,
    (NotFoundError, "err_entity_not_found"): _WRONG_COLLECTION,
    (NotFoundError, None): Cause(
        "most likely the collection id or the base URL is wrong",
        "check collection_id and the base URL",
    ),
    (InvalidImageError, "only_images_in_base64"): Cause(
        "most likely they are data: URLs or no pictures, or pictures much too small",
        "look at these files; what is sent must be raw base64 of a photograph",
    ),
    (InvalidImageError, None): _WRONG_PICTURES,
    (DuplicatePersonError, None): Cause(
        "most likely an earlier run has enrolled them, or it is the wrong collection",
        "go on with the earlier run's journal, or check collection_id; if they are to "
        "be passed over, run without the canary (--no-canary)",
    ),
    (LivenessFailedError, None): Cause(
        "most likely liveness_min_score is too high for these pictures, or they are "
        "no photographs of living persons (scans, prints, screens)",
        "look at pictures and scores, then lower the threshold or take new pictures",
    ),
    (ParameterError, None): Cause(
        "most likely a setting of the whole run, or a whole column, is wrong",
        "mend it; the error's message says what the server wants",
    ),
    (UnexpectedResponseError, None): Cause(
        "most likely something else answers than the API, such as a proxy or a "
        "sign-in page",
        "check the base URL and the network, and look up whether these persons exist",
    ),
    (InvalidRequestError, None): Cause(
        "most likely a column or the folder of the pictures is wrong",
        "mend the source; nothing was sent for them",
    ),
    (Exception, None): Cause(
        "most likely all will be refused alike", "see the error for the reason"
    ),
}
"""By class and reason; a reason which is not here counts as None."""

_NETWORK = Cause(
    "most likely the network or the service is down",
    "check the network, the proxy and the base URL",
)

FAILURES: dict[type[Exception], Cause] = {
    ConnectError: _NETWORK,
    ConnectTimeoutError: _NETWORK,
    WriteError: _NETWORK,
    ConnectionLostError: _NETWORK,
    ReadTimeoutError: Cause(
        "most likely the service is overloaded, or Timeout.read is too short",
        "lower the concurrency or raise Timeout.read, and look up those `unknown`",
    ),
    RateLimitedError: Cause(
        "most likely the account's quota is used up, or smaller than this run's speed",
        "set a lower rate, or run later",
    ),
    ServerError: Cause(
        "most likely the service is in trouble, or can't bear a setting of this run",
        "check collection_id, ask the vendor, and look up those `unknown`",
    ),
    UnexpectedResponseError: REFUSALS[UnexpectedResponseError, None],
    Exception: Cause("the errors say why", "see the outcomes of these persons"),
}


def refusal_cause(error: Exception) -> Cause:
    """What is likely behind many refusals of this kind."""
    reason = error.reason if isinstance(error, ApiError) else None
    kinds = type(error).__mro__
    keys = [(kind, why) for kind in kinds for why in (reason, None)]
    return next(REFUSALS[key] for key in keys if key in REFUSALS)


def failure_cause(kind: type[Exception]) -> Cause:
    """What is likely behind many failures of this class."""
    return next(FAILURES[each] for each in kind.__mro__ if each in FAILURES)


def label(error: Exception) -> str:
    """The kind of an error, with its reason: never the server's text."""
    reason = error.reason if isinstance(error, ApiError) else None
    return " ".join(filter(None, (type(error).__name__, reason)))


def tell_kinds(kinds: Counter[str]) -> str:
    """How often each kind came, the most frequent first."""
    most = kinds.most_common(_KINDS_TOLD)
    told = [f"{kind} {count}" for kind, count in most]
    others = kinds.total() - sum(count for _, count in most)
    return ", ".join([*told, f"others {others}"] if others else told)


def most_frequent(errors: Sequence[Exception]) -> Exception:
    """The last error of the most frequent kind."""
    ((kind, _),) = Counter(map(label, errors)).most_common(1)
    return {label(error): error for error in errors}[kind]


_PARAMETER = re.compile(
    r'^(?:"|missing |body\.)(?P<name>[A-Za-z_]{2,40})'  # Joi, hand-made, the engine
)


def parameter_of(error: ParameterError) -> str:
    """The parameter that the server names first; empty if it names none."""
    found = _PARAMETER.match(error.message)
    return found["name"] if found else ""
