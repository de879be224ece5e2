"""Answers come back as the server gave them, whatever their status."""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING

from verifik_async.errors import ConnectionLostError
from verifik_async.testing.contract.bench import expect
from verifik_async.testing.contract.case import Capability, ContractCase, rule
from verifik_async.testing.contract.running import require
from verifik_async.testing.contract.samples import LARGE, enroll, photo
from verifik_async.wire import HttpResponse

if TYPE_CHECKING:
    from verifik_async.testing.exchanges import Behaviour, Exchange

_PLAYED = (Capability.REACHES_URLS, Capability.PLAYS_STEPS)
_STATUSES = (
    *(200, 201, 202, 400, 401, 402, 403, 404, 409, 412, 413, 422, 423, 429),
    *(500, 501, 502, 503, 504, 520),
)
_TEXT = b'{"message": "409:duplicated_person", "code": "ERROR"}'
_A_MOMENT = 0.05
_JSON = {"content-type": "application/json"}


def raw(*parts: bytes, close: bool = False) -> Behaviour:
    """A server's step: take the request, then send these bytes as they are."""

    async def behave(exchange: Exchange) -> None:
        await exchange.read_body()
        for part in parts:
            await exchange.write(part)
        if close:
            exchange.close()

    return behave


class AnswerChecks(ContractCase):
    """What a caller gets is what the server said."""

    @rule(
        *_PLAYED,
        why="Refusals are for the codec to read: a transport that raises for a "
        "status, or changes it, hides why a person was refused.",
    )
    async def test_every_status_is_an_answer(self) -> None:
        """2xx, 4xx and 5xx come back with their status and body."""
        answers = [
            HttpResponse(status=status, headers=_JSON, body=_TEXT)
            for status in _STATUSES
        ]
        async with self.meeting(*answers) as bench:
            for answer in answers:
                got = await bench.answer_to()
                alike = got.status == answer.status and bench.same_body(got, answer)
                require(alike, f"a {answer.status} came back as {got!r}")

    @rule(
        *_PLAYED,
        why="The codec waits as long as Retry-After says, and finds it by its name in "
        "lower case.",
    )
    async def test_headers_come_back_by_lower_case_name(self) -> None:
        """However a server writes a header's name, it is found."""
        headers = {**_JSON, "retry-after": "7"}
        async with self.meeting(
            HttpResponse(status=429, headers=headers, body=_TEXT)
        ) as bench:
            got = await bench.answer_to()
        for name, text in headers.items():
            require(got.headers.get(name) == text, f"{name}: {got.headers.get(name)}")

    @rule(
        Capability.REACHES_URLS,
        why="Whoever decodes bytes with the charset that a server claims, or guesses "
        "one, raises where there is an answer, or changes a name.",
    )
    async def test_bytes_that_are_no_text_come_back(self) -> None:
        """All 256 bytes come back, under any charset or none."""
        body = bytes(range(256))
        for kind in ("application/json; charset=utf-8", "text/html; charset=none"):
            answer = HttpResponse(status=200, headers={"content-type": kind}, body=body)
            async with self.serving(answer) as bench:
                got = await bench.answer_to()
            require(got.body == body, f"the bytes of {kind} were changed")

    @rule(
        Capability.REACHES_URLS,
        why="Proxies double headers; an error, or a value that nobody sent, in place "
        "of an answer would make an enrolled person unknown.",
    )
    async def test_a_doubled_header_has_a_value_that_was_sent(self) -> None:
        """Of two fields with one name comes one, or both with a comma."""
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Twice: a\r\nX-Twice: b\r\n"
        async with self.serving(raw(head, b"\r\n{}")) as bench:
            got = (await bench.answer_to()).headers.get("x-twice")
        require(got in ("a", "b", "a, b", "a,b"), f"X-Twice: {got}")

    @rule(
        Capability.REACHES_URLS,
        why="The codec reads JSON, not gzip; gateways compress unasked.",
    )
    async def test_compressed_answers_are_unpacked(self) -> None:
        """The body is as it was before compression."""
        answer = HttpResponse(
            status=200,
            headers={**_JSON, "content-encoding": "gzip"},
            body=gzip.compress(_TEXT),
        )
        async with self.serving(answer) as bench:
            got = await bench.answer_to()
        require(got.body == _TEXT, "the body is still compressed, or another")

    @rule(
        Capability.REACHES_URLS,
        why="Waiting for the body of an answer that has none waits until the timeout, "
        "and then calls an answer lost.",
    )
    async def test_an_answer_without_a_body_comes_at_once(self) -> None:
        """204 and an empty 200 are answers, and the connection serves on."""
        nothing = [HttpResponse(status=204), HttpResponse(status=200)]
        async with self.serving(*nothing, enroll) as bench:
            for expected in nothing:
                got = await bench.answer_to()
                require(
                    (got.status, got.body) == (expected.status, b""),
                    f"an empty {expected.status} became {got!r}",
                )
            await bench.answer_to()

    @rule(
        Capability.REACHES_URLS,
        why="Servers that make an answer as they go send it in chunks, or end it by "
        "closing; taking the parts for the whole loses the person's id.",
    )
    async def test_answers_without_a_length_come_whole(self) -> None:
        """Chunks of odd sizes, and a body that ends with the connection."""
        start = b"HTTP/1.1 200 OK\r\n"
        chunks = [b"%x;odd=1\r\n%c\r\n" % (1, byte) for byte in _TEXT]
        chunked = raw(
            start + b"Transfer-Encoding: chunked\r\n\r\n", *chunks, b"0\r\n\r\n"
        )
        to_the_end = raw(start + b"Connection: close\r\n\r\n" + _TEXT, close=True)
        async with self.serving(chunked, to_the_end) as bench:
            for how in ("in chunks", "without a length"):
                got = await bench.answer_to()
                require(got.body == _TEXT, f"an answer {how} came as {got!r}")

    @rule(
        Capability.REACHES_URLS,
        why="An interim answer is not the answer: taken for it, an enrolled person "
        "would be lost.",
    )
    async def test_interim_answers_are_passed_over(self) -> None:
        """100 and 103 come before the answer, not in place of it."""
        interim = (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"
        )
        final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
        async with self.serving(raw(interim, final)) as bench:
            got = await bench.answer_to()
        require((got.status, got.body) == (200, b"{}"), f"the answer was {got!r}")

    @rule(
        Capability.REACHES_URLS,
        why="A server that refuses a large body says so before it has read it; "
        "whoever reports a failed upload instead hides the reason, and tries again.",
    )
    async def test_a_refusal_during_the_upload_is_the_answer(self) -> None:
        """413 in the middle of a body comes back, and the next request is fine."""

        async def refuse(exchange: Exchange) -> None:
            await exchange.answer(HttpResponse(status=413, headers=_JSON, body=_TEXT))
            await exchange.read_body()  # who sends all of it may stay on the connection

        async with self.serving(refuse, enroll) as bench:
            got = await bench.answer_to(bench.request(image=photo(size=LARGE)))
            require(got.status == 413, f"the answer was {got!r}")  # noqa: PLR2004
            await bench.answer_to()

    @rule(
        Capability.REACHES_URLS,
        why="The request was sent whole: the person may exist. An invented status "
        "would be read as a refusal.",
    )
    async def test_a_garbled_answer_is_a_lost_one(self) -> None:
        """Broken chunks, headers and compression are UNKNOWN, without a status."""
        start = b"HTTP/1.1 200 OK\r\n"
        for garbled in (
            start + b"Transfer-Encoding: chunked\r\n\r\nzz\r\noops\r\n",
            start + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\noops",
            start + b"Content-Length: many\r\n\r\n{}",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        ):
            async with self.serving(raw(garbled, close=True)) as bench:
                error = await bench.error_of()
                bench.require_arrivals(1)
            expect(error, ConnectionLostError)
            require(not hasattr(error, "status"), "the error has a status")

    @rule(
        Capability.REACHES_URLS,
        why="Servers say 408 on a connection that was idle for too long: taken for the "
        "answer to the next request, it makes an enrolled person a refused one.",
    )
    async def test_an_answer_that_came_unasked_is_nobody_s(self) -> None:
        """What stood on a kept connection does not answer the next request."""

        async def talk(exchange: Exchange) -> None:
            await enroll(exchange)
            await asyncio.sleep(_A_MOMENT)  # or it would come with the answer
            await exchange.answer(HttpResponse(status=408, headers=_JSON, body=_TEXT))

        async with self.serving(talk, enroll) as bench:
            await bench.answer_to()
            await asyncio.sleep(2 * _A_MOMENT)
            end = await bench.end_of(bench.request())
            status = end.status if isinstance(end, HttpResponse) else None
            require(status in (200, None), f"the answer was the {status} before it")
            await bench.answer_to()

    @rule(
        Capability.REACHES_URLS,
        why="Node closes idle connections after five seconds; a request that goes out "
        "on a closed one would end with an unknown outcome for nothing.",
    )
    async def test_a_connection_closed_while_idle_is_not_used(self) -> None:
        """After the server closed an idle connection the next call has a new one."""

        async def part(exchange: Exchange) -> None:
            await enroll(exchange)
            exchange.close()

        async with self.serving(part, enroll) as bench:
            await bench.answer_to()
            await bench.server.exchanges[0].ended.wait()
            await asyncio.sleep(_A_MOMENT)  # for the end to be noticed
            await bench.answer_to()
            bench.require_arrivals(2)
