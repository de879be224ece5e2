"""Tokens: checked, silent, and renewed once however many tasks need it."""

from __future__ import annotations

import asyncio

import pytest

from verifik_async import ClientClosedError, ConfigurationError, CredentialsError
from verifik_async.tokens import Token, token_source

renewals: list[None] = []


def renewed() -> None:
    """Count a renewal."""
    renewals.append(None)


class Provider:
    """Gives token-1 until it is told to renew, then token-2, and so on."""

    def __init__(self, *, delay: float = 0.01) -> None:
        self.generation = 1
        self.asked: list[bool] = []
        self.delay = delay
        self.error: Exception | None = None

    async def get_token(self, *, force_refresh: bool = False) -> str:
        """The current token."""
        self.asked.append(force_refresh)
        await asyncio.sleep(self.delay)
        if self.error:
            raise self.error
        self.generation += force_refresh
        return f"token-{self.generation}"


async def test_a_text_is_the_token() -> None:
    """A fixed token is given as it is; a Bearer in front of it is dropped."""
    for text in ("abc.def", "Bearer abc.def", " abc.def\n"):
        source = token_source(text, renewed=renewed)
        assert (await source.current()).value == "abc.def"
        assert await source.after_expiry(Token("abc.def")) is None
        await source.aclose()


@pytest.mark.parametrize("wrong", ["", "  ", "a b", "a\nb", "café", None, 5, b"abc"])
def test_what_is_no_token_is_refused_without_being_told(wrong: object) -> None:
    """A token fit for no header is refused; its text is not quoted."""
    with pytest.raises(ConfigurationError) as caught:
        token_source(wrong, renewed=renewed)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert "caf" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_token_does_not_show_itself() -> None:
    """No repr of a token tells it."""
    assert "secret" not in repr(Token("secret"))


async def test_a_hundred_expired_tasks_make_one_renewal() -> None:
    """All tasks that saw the same token expire share one renewal."""
    provider = Provider()
    renewals.clear()
    source = token_source(provider, renewed=renewed)
    first = await source.current()
    tokens = await asyncio.gather(*(source.after_expiry(first) for _ in range(100)))
    assert {token.value for token in tokens if token} == {"token-2"}
    assert provider.asked == [False, True]
    assert len(renewals) == 1


async def test_a_straggler_does_not_renew_again() -> None:
    """A task whose old token is refused after the renewal takes the new one."""
    provider = Provider()
    source = token_source(provider, renewed=renewed)
    first = await source.current()
    await source.after_expiry(first)
    late = await source.after_expiry(first)
    assert late == Token("token-2")
    assert provider.asked == [False, True]


async def test_only_a_renewed_token_replaces_an_expired_one() -> None:
    """A token from a plain question, however new, may have expired as well."""

    class Several:
        def __init__(self) -> None:
            self.given = 0

        async def get_token(self, *, force_refresh: bool = False) -> str:
            self.given += 1
            await asyncio.sleep(0)
            return "fresh" if force_refresh else f"stale-{self.given}"

    provider = Several()
    source = token_source(provider, renewed=renewed)
    first, second = await source.current(), await source.current()
    assert first != second
    assert await source.after_expiry(first) == Token("fresh")
    assert await source.after_expiry(second) == Token("fresh")
    assert provider.given == 3


async def test_new_attempts_wait_for_a_renewal_under_way() -> None:
    """While a renewal goes on nobody is given the expired token."""
    provider = Provider()
    source = token_source(provider, renewed=renewed)
    first = await source.current()
    renewal = asyncio.create_task(source.after_expiry(first))
    await asyncio.sleep(0)
    assert await source.current() == Token("token-2")
    assert await renewal == Token("token-2")


async def test_a_cancelled_caller_fails_nobody_else() -> None:
    """The renewal goes on for the others when the task that began it is cancelled."""
    provider = Provider()
    source = token_source(provider, renewed=renewed)
    first = await source.current()
    leader = asyncio.create_task(source.after_expiry(first))
    follower = asyncio.create_task(source.after_expiry(first))
    await asyncio.sleep(0)
    leader.cancel()
    assert await follower == Token("token-2")
    with pytest.raises(asyncio.CancelledError):
        await leader


async def test_a_failing_provider_is_a_credentials_error() -> None:
    """Each waiting task gets an error of its own; the cause is kept, not quoted."""
    provider = Provider()
    provider.error = RuntimeError("password=hunter2")
    source = token_source(provider, renewed=renewed)
    errors = await asyncio.gather(
        source.current(), source.current(), return_exceptions=True
    )
    assert [type(error) for error in errors] == [CredentialsError] * 2
    assert errors[0] is not errors[1]
    assert "hunter2" not in str(errors[0])
    assert isinstance(errors[0], CredentialsError)
    assert errors[0].__cause__ is provider.error
    provider.error = None
    assert await source.current() == Token("token-1")


async def test_a_provider_that_gives_no_token_is_a_credentials_error() -> None:
    """What the provider gives is checked like a fixed token."""

    class Wrong:
        async def get_token(self, *, force_refresh: bool = False) -> str:
            return "not a token"

    source = token_source(Wrong(), renewed=renewed)
    with pytest.raises(CredentialsError, match="white space"):
        await source.current()


async def test_closing_stops_asking() -> None:
    """A provider that hangs is left; who waits for it learns that it is closed."""
    source = token_source(Provider(delay=60), renewed=renewed)
    waiting = asyncio.create_task(source.current())
    await asyncio.sleep(0)
    await source.aclose()
    with pytest.raises(ClientClosedError):
        await waiting
