"""Where persons are sent: the API, or a sandbox that lives as long as the run."""

from __future__ import annotations

import os
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import attrs

from verifik_async.client import DEFAULT_BASE_URL, VerifikClient
from verifik_async.errors import ConfigurationError
from verifik_async.sandbox import Sandbox
from verifik_async.transports.addresses import checked_base_url, require_private

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from verifik_async.events import Observer
    from verifik_async.retry import RetryPolicy

    OpenClient = Callable[[Observer], AbstractAsyncContextManager[VerifikClient]]


@attrs.frozen(kw_only=True)
class Target:
    """A place to send persons to.

    Attributes:
        place: In words, as in `Enrolling 3 persons …`.
        client: Opens a client for it, inside of the event loop, with an observer.
        address: By which a journal knows it again.
        keeps: Whether people stay enrolled there when the run has ended.
    """

    place: str
    client: OpenClient
    address: str
    keeps: bool = True


def embedded_sandbox(retry: RetryPolicy, *, latency: float = 0.0) -> Target:
    """A sandbox of this process, reached over real HTTP; it needs no token."""

    @asynccontextmanager
    async def client(observer: Observer) -> AsyncGenerator[VerifikClient]:
        async with (
            Sandbox(latency=latency) as sandbox,
            VerifikClient(
                "sandbox",
                base_url=sandbox.base_url,
                retry=retry,
                observers=[observer],
            ) as client,
        ):
            yield client

    return Target(
        place="into the sandbox (nothing leaves this machine)",
        client=client,
        address="the embedded sandbox",
        keeps=False,
    )


def api(base_url: str | None, retry: RetryPolicy) -> Target:
    """The API, with what the environment says: VERIFIK_TOKEN, VERIFIK_BASE_URL.

    Args:
        base_url: Goes before VERIFIK_BASE_URL.
        retry: What the client repeats.

    Raises:
        ConfigurationError: There is no token, or the address is unfit.
    """
    token = os.environ.get("VERIFIK_TOKEN")
    if not token:
        raise ConfigurationError(
            "VERIFIK_TOKEN is not set: export it, or try without one: --sandbox"
        )
    url = os.environ.get("VERIFIK_BASE_URL") if base_url is None else base_url
    if url is None:
        url = DEFAULT_BASE_URL
    elif not url.strip():
        # whoever gave an empty one did not mean production
        source = "VERIFIK_BASE_URL" if base_url is None else "--base-url"
        raise ConfigurationError(f"the base URL is empty ({source})")
    # the client checks both as well, but only once the manifest was read
    address = checked_base_url(url)
    require_private(address)

    def client(observer: Observer) -> VerifikClient:
        try:
            return VerifikClient(
                token, base_url=address, retry=retry, observers=[observer]
            )
        except ConfigurationError as error:
            # the address is checked already
            raise ConfigurationError(f"VERIFIK_TOKEN: {error}") from None

    return Target(place=f"at {address}", client=client, address=address)
