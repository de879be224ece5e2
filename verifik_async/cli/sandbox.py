"""`verifik-async sandbox`: the documented API on this machine, until it is stopped."""

import asyncio
import base64
import json
import sys
from contextlib import AsyncExitStack
from typing import Annotated

import typer

from verifik_async.cli.screen import Screen
from verifik_async.cli.signals import Signals
from verifik_async.errors import ConfigurationError
from verifik_async.sandbox import Sandbox

_LAST_PORT = 65535


def sandbox(
    *,
    port: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            max=_LAST_PORT,
            help="Where to listen; 0 takes a free one.",
        ),
    ] = 0,
    production: Annotated[
        bool,
        typer.Option(
            "--production/--no-production",
            metavar="",
            help="Whether a face that is in the collection already is refused; "
            "the real API does so in production only.",
        ),
    ] = True,
    latency: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0, max=3600, help="How late each answer comes."
        ),
    ] = 0.0,
) -> None:
    """Run a stand-in for the API, on this machine only.

    Any token will do, and each has people of its own; those that begin with expired
    or no-credits are refused on purpose, as the API refuses such. The first line
    printed is the address. SIGTERM or Ctrl-C ends it.
    """
    asyncio.run(_serve(port, production=production, latency=latency))


async def _serve(port: int, *, production: bool, latency: float) -> None:
    stopped = asyncio.Event()
    server = Sandbox(port=port, production=production, latency=latency)
    with Signals(stopped.set, stopped.set):
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(server)
            except OSError as error:
                what = error.strerror or type(error).__name__
                raise ConfigurationError(
                    f"can't listen on port {port}: {what}"
                ) from None
            _tell(server.base_url)
            await stopped.wait()


def _tell(base_url: str) -> None:
    # What starts a sandbox waits for this line, so it is first, whole and at once.
    sys.stdout.write(f"Sandbox ready at {base_url}\n")
    sys.stdout.flush()
    screen = Screen()
    screen.note(
        "Any token will do; one that begins with expired or no-credits is refused, "
        "on purpose. From Python:"
    )
    screen.note_command(f'VerifikClient("any", base_url="{base_url}")')
    screen.note("or paste this:")
    screen.note_command(_curl(base_url))
    screen.note("Ctrl-C ends it.")


def _curl(base_url: str) -> str:
    """A command that enrolls somebody, with a picture small enough to be pasted."""
    marker = b"face=pasted;liveness=0.99"
    size = (len(marker) + 2).to_bytes(2)
    picture = b"\xff\xd8\xff\xfe" + size + marker + b"\xff\xd9" + bytes(50)
    body = {
        "name": "Jane Doe",
        "gender": "F",
        "date_of_birth": "1990-01-15",
        "collection_id": "65b9592267cc4f096dbe743d",
        "liveness_min_score": 0.65,
        "min_score": 0.8,
        "search_mode": "FAST",
        "images": [base64.b64encode(picture).decode()],
    }
    return (
        f"curl {base_url}/v2/face-recognition/persons/search-live-face "
        "-H 'Authorization: Bearer any' -H 'Content-Type: application/json' "
        f"-d '{json.dumps(body)}'"
    )
