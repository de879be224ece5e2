"""Access tokens: fixed or provided, renewed once however many tasks need it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import attrs

from verifik_async.errors import (
    ClientClosedError,
    ConfigurationError,
    CredentialsError,
)
from verifik_async.loops import PerLoop

if TYPE_CHECKING:
    from collections.abc import Callable


class TokenProvider(Protocol):
    """Gives the access token, from wherever it is kept."""

    async def get_token(self, *, force_refresh: bool = False) -> str:
        """The token, without `Bearer`.

        Asked before every attempt, so keep the token. With `force_refresh` the
        server has just called the token expired: get another one.
        """
        ...


@attrs.frozen
class Token:
    """A token that does not show itself."""

    value: str = attrs.field(repr=False)
    renewals: int = attrs.field(default=0, eq=False)
    """How many renewals there had been when the provider was asked for it."""


def _fault_of(text: object) -> str | None:
    """Why `text` is no token fit for a header; its value is not told."""
    if not isinstance(text, str):
        found = type(text).__name__
        return f"the token must be a string (or a provider with get_token), not {found}"
    bare = _bare(text)
    if not bare:
        return "the token is empty"
    if not (bare.isascii() and bare.isprintable() and " " not in bare):
        return "the token holds white space or odd characters"
    return None


def _bare(text: str) -> str:
    return text.strip().removeprefix("Bearer ").strip()


class TokenSource(Protocol):
    """The one place where a client gets its tokens."""

    async def current(self) -> Token:
        """The token for the next attempt.

        Raises:
            CredentialsError: There is none to be had.
        """
        ...

    async def after_expiry(self, rejected: Token) -> Token | None:
        """Another token than `rejected`; None if there is no way to get one.

        Raises:
            CredentialsError: There should be one, and it is not to be had.
        """
        ...

    async def aclose(self) -> None:
        """Stop asking for tokens."""
        ...


class FixedToken:
    """A token given as text: there is no other when it expires."""

    def __init__(self, text: str) -> None:
        self._token = Token(_bare(text))

    async def current(self) -> Token:
        """The token."""
        return self._token

    async def after_expiry(self, rejected: Token) -> None:
        """None."""

    async def aclose(self) -> None:
        """Nothing to stop."""


class ProvidedToken:
    """Tokens from a provider, which is asked once for all tasks that wait."""

    def __init__(self, provider: TokenProvider, *, renewed: Callable[[], None]) -> None:
        """Keep the provider; `renewed` is called after each forced renewal."""
        self._provider = provider
        self._renewed = renewed
        self._renewals = 0
        self._renewed_token: Token | None = None
        # Requests to the provider under way, by whether they force a renewal.
        self._asking = PerLoop(dict[bool, asyncio.Task[Token]])

    async def current(self) -> Token:
        """What the provider says, or will say once a renewal under way is over."""
        return await self._ask(force=True in self._asking.get())

    async def after_expiry(self, rejected: Token) -> Token | None:
        """A renewed token, also if another task has renewed it meanwhile."""
        if rejected.renewals < self._renewals:
            return self._renewed_token
        return await self._ask(force=True)

    async def _ask(self, *, force: bool) -> Token:
        """Ask the provider, or join the task that is asking it.

        A task of its own does it, so that a cancelled caller fails nobody else.
        """
        asking = self._asking.get()
        task = asking.get(force)
        if task is None:
            task = asyncio.create_task(self._ask_provider(force=force))
            asking[force] = task
            task.add_done_callback(lambda done: _forget(asking, done))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if me is None or me.cancelling() or not task.cancelled():
                raise
            raise ClientClosedError("closed while waiting for a token") from None
        except CredentialsError as error:
            # Each caller gets an error of its own, to note its own attempts on.
            raise CredentialsError(str(error)) from error.__cause__

    async def _ask_provider(self, *, force: bool) -> Token:
        renewals = self._renewals
        try:
            text = await self._provider.get_token(force_refresh=force)
        except Exception as error:
            what = type(error).__name__
            raise CredentialsError(f"the token provider raised {what}") from error
        fault = _fault_of(text)
        if fault is None:
            token = Token(_bare(text), renewals=renewals + force)
            if force:
                self._renewals, self._renewed_token = token.renewals, token
                self._renewed()
            return token
        del text  # errors carry the variables of their frames
        raise CredentialsError(f"the token provider failed: {fault}")

    async def aclose(self) -> None:
        """Stop asking the provider."""
        tasks = tuple((self._asking.pop() or {}).values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _forget(asking: dict[bool, asyncio.Task[Token]], done: asyncio.Task[Token]) -> None:
    for force in [key for key, task in asking.items() if task is done]:
        del asking[force]
    if not done.cancelled():
        done.exception()  # seen, also when every caller was cancelled


def token_source(
    token: str | TokenProvider, *, renewed: Callable[[], None]
) -> TokenSource:
    """The source for a token as users give it.

    Raises:
        ConfigurationError: The token can't be one.
    """
    if not isinstance(token, str) and callable(getattr(token, "get_token", None)):
        return ProvidedToken(token, renewed=renewed)
    if isinstance(token, str) and _fault_of(token) is None:
        return FixedToken(token)
    fault = _fault_of(token)
    del token  # errors carry the variables of their frames
    raise ConfigurationError(str(fault))
