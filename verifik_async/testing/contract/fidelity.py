"""Requests arrive as they are: nothing added, nothing lost, nowhere else."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import attrs

from verifik_async.bodies import ENCODED_AT_A_TIME, SMALL_BODY
from verifik_async.errors import InvalidRequestError
from verifik_async.images import FaceImage
from verifik_async.testing.contract.bench import Served, expect
from verifik_async.testing.contract.case import ANSWERS, Capability, ContractCase, rule
from verifik_async.testing.contract.running import require
from verifik_async.testing.contract.samples import (
    LARGE,
    enroll,
    photo,
    shrunk_photo,
)
from verifik_async.testing.misbehaving_server import MisbehavingServer
from verifik_async.wire import HttpResponse

if TYPE_CHECKING:
    from verifik_async.testing.exchanges import Exchange

_SIZES = (100, SMALL_BODY, ENCODED_AT_A_TIME, ENCODED_AT_A_TIME + 1, 1_000_000)
_QUIET = 4
_LOOK_EVERY = 0.03


class FidelityChecks(ContractCase):
    """What a server gets is what the client wrote."""

    @rule(
        Capability.REACHES_URLS,
        why="Another method, path or query asks for something else; decoding and "
        "encoding a path again changes what it names.",
    )
    async def test_method_path_and_query_arrive_unchanged(self) -> None:
        """The request line is the request's own, character by character."""
        target = "/a%20path/%C3%A9%2Fv2?x=1&y=%2F&z=a+b"
        async with self.serving() as bench:
            for method in ("POST", "PUT"):
                url = bench.url + target
                await bench.answer_to(
                    attrs.evolve(bench.request(), method=method, url=url)
                )
            came = [(e.method, e.target) for e in bench.server.exchanges]
        require(came == [("POST", target), ("PUT", target)], f"there arrived {came}")

    @rule(
        Capability.REACHES_URLS,
        why="The server decides by headers; one that is lost or doubled gets another "
        "answer, and Expect costs a round trip or hangs.",
    )
    async def test_headers_arrive_once_each(self) -> None:
        """Every header arrives once and unchanged, and none that alters the call."""
        async with self.serving() as bench:
            request = bench.request().with_header("X-Odd", "a, b;c=\"d\"  'e'")
            await bench.answer_to(request)
            fields = bench.server.exchanges[0].fields
        for name, text in request.headers.items():
            came = [value for key, value in fields if key == name.lower()]
            require(came == [text], f"{name} arrived {len(came)} times, or changed")
        added = {name for name, _ in fields} & {"expect", "cookie", "upgrade"}
        require(not added, f"headers were added: {', '.join(added)}")

    @rule(
        Capability.REACHES_URLS,
        why="A server that counts bytes can't act on half a request; without a count "
        "it may, and proxies refuse chunked requests.",
    )
    async def test_the_body_s_length_is_told(self) -> None:
        """Content-Length is the body's size, and the body is not chunked."""
        async with self.serving() as bench:
            request = bench.request()
            await bench.answer_to(request)
            headers = bench.server.exchanges[0].headers
        require("transfer-encoding" not in headers, "the body was sent in chunks")
        told = headers.get("content-length")
        require(told == str(request.body.size), f"Content-Length was {told}")

    @rule(
        Capability.REACHES_URLS,
        why="One byte lost or changed is another face, or no JSON.",
    )
    async def test_bodies_of_all_sizes_arrive_whole(self) -> None:
        """Bodies below, at and above the sizes of blocks arrive byte by byte."""
        async with self.serving() as bench:
            for size in _SIZES:
                request = bench.request(image=photo(size=size))
                await bench.answer_to(request)
                exchange = bench.server.exchanges[-1]
                same = exchange.body == request.body.read()
                require(same, f"a body of {request.body.size} bytes arrived otherwise")

    @rule(
        Capability.REACHES_URLS,
        why="Photographs are large: whoever cuts a body, or waits for room that never "
        "comes, fails just those.",
    )
    async def test_a_body_of_20_mb_arrives_whole(self) -> None:
        """A body larger than all buffers arrives to its last byte."""
        async with self.serving() as bench:
            request = bench.request(image=photo(size=LARGE))
            await bench.answer_to(request)
            came = bench.server.exchanges[0].body
        size = f"{len(came)} of {request.body.size} bytes"
        require(came == request.body.read(), f"another body arrived: {size}")

    @rule(
        Capability.REACHES_URLS,
        why="A retry sends the same request again; a body used up by the first "
        "attempt would be sent empty.",
    )
    async def test_a_request_can_be_sent_again(self) -> None:
        """The same request object sent twice arrives twice, whole."""
        async with self.serving() as bench:
            request = bench.request()
            for _ in range(2):
                await bench.answer_to(request)
            bodies = [exchange.body for exchange in bench.server.exchanges]
        require(bodies == [request.body.read()] * 2, "the second body was another")

    @rule(
        Capability.STREAMS_BODIES,
        why="Bodies collected before they are sent take the memory of all images in "
        "flight: 32 uploads of 20 MB each.",
    )
    async def test_bodies_are_streamed(self) -> None:
        """While a server reads nothing, most of a large image stays unread."""
        read = _Counted(b"\xff\xd8\xff" + bytes(LARGE))
        stalled = asyncio.Event()

        async def stall(exchange: Exchange) -> None:
            stalled.set()
            await go_on.wait()
            await enroll(exchange)

        go_on = asyncio.Event()
        async with self.serving(stall) as bench:
            image = FaceImage.from_opener(read.open, read.size)
            sending = asyncio.create_task(bench.answer_to(bench.request(image=image)))
            await stalled.wait()
            ahead = await read.when_quiet()
            go_on.set()
            await sending
        require(ahead < read.size, f"all {ahead} bytes of an image were read at once")

    @rule(
        *ANSWERS,
        why="An image that was cut since it was checked is no face any more; its "
        "request must not be acted upon, nor look as if it had been.",
    )
    async def test_an_image_that_shrank_is_not_sent(self) -> None:
        """The request ends as InvalidRequestError, incomplete; the next one is fine."""
        async with self.answering() as bench:
            for size in (10_000, 1_000_000):
                request = bench.request(image=shrunk_photo(size))
                expect(await bench.error_of(request), InvalidRequestError)
            await bench.answer_to()
        if isinstance(bench, Served):
            whole = [exchange.complete for exchange in bench.server.exchanges]
            require(whole.count(True) == 1, "a request with a cut image arrived whole")

    @rule(
        Capability.REACHES_URLS,
        why="Whoever follows a redirect hands the token and a face to another server, "
        "and may enroll twice.",
    )
    async def test_redirects_are_not_followed(self) -> None:
        """A redirect is an answer like others, and nobody else is asked."""
        async with MisbehavingServer() as other:
            for status in (301, 302, 303, 307, 308):
                away = HttpResponse(status=status, headers={"location": other.url})
                async with self.serving(away) as bench:
                    answer = await bench.answer_to()
                    bench.require_arrivals(1)
                require(answer.status == status, f"{status} became {answer.status}")
            asked = other.connections
        require(not asked, "the server that a redirect named was asked")


class _Counted:
    """Bytes of an image that notice how far they were read."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size = len(content)
        self._streams: list[io.BytesIO] = []

    def open(self) -> io.BytesIO:
        self._streams.append(io.BytesIO(self._content))
        return self._streams[-1]

    async def when_quiet(self) -> int:
        """How much the latest reader has read once it reads no more."""
        stream, before, quiet = self._streams[-1], -1, 0
        while quiet < _QUIET:
            await asyncio.sleep(_LOOK_EVERY)
            now = self.size if stream.closed else stream.tell()
            quiet = quiet + 1 if now == before else 0
            before = now
        return before
