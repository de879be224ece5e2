"""The rules of `Transport` as checks that anybody's transport can be put through."""

from __future__ import annotations

from verifik_async.testing.contract.answers import AnswerChecks
from verifik_async.testing.contract.cancellation import CancellationChecks
from verifik_async.testing.contract.crowds import CrowdChecks
from verifik_async.testing.contract.faults import FaultChecks
from verifik_async.testing.contract.fidelity import FidelityChecks
from verifik_async.testing.contract.lifecycle import LifecycleChecks
from verifik_async.testing.contract.privacy import PrivacyChecks
from verifik_async.testing.contract.timeouts import TimeoutChecks
from verifik_async.testing.contract.tls import TlsChecks


class TransportContract(
    FidelityChecks,
    AnswerChecks,
    FaultChecks,
    TlsChecks,
    TimeoutChecks,
    CancellationChecks,
    CrowdChecks,
    LifecycleChecks,
    PrivacyChecks,
):
    """Subclass it to see whether a transport keeps the contract.

        from verifik_async.testing import Capability, TransportContract

        class TestMyTransport(TransportContract):
            capabilities = frozenset({Capability.REACHES_URLS})

            async def make_transport(self):
                return MyTransport()

    pytest collects the subclass, never this class. Its checks are plain functions
    that run an event loop of their own, so it does not matter which asyncio plugin is
    installed, or in which mode. Each check plays a server, a dead end or a script, and
    says in its failure why the rule matters. What `capabilities` does not declare is
    reported as skipped.

    Attributes:
        capabilities: What the transport can do; see `Capability`.
        slots: Requests that it has under way at the most; others must wait their
            turn. None: it has no limit.
        patience: Seconds after which a check that hangs has failed.
        short: A limit in seconds for timeouts that are to run out.

    Three methods may be written, all of which run in the check's own event loop:
    `make_transport` gives a new transport; `make_scripted`, for `PLAYS_STEPS`, one that
    meets the given steps, or raises `NotPlayableError` for steps that it can't play;
    `release` frees what they borrowed, such as a session, after the transport was
    closed.
    """

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        # True in a condition, so that pytest collects it like any class; but not True
        # itself, by which pytest would collect it whatever its name is.
        cls.__test__ = "as other classes"
