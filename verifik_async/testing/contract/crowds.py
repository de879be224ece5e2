"""Many calls side by side, and each gets its own answer."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from verifik_async.testing.contract.case import Capability, ContractCase, rule
from verifik_async.testing.contract.running import require
from verifik_async.testing.contract.samples import birth_of, enroll, person_in

if TYPE_CHECKING:
    from verifik_async.testing.exchanges import Exchange

_CROWD = 500
_LATEST = 0.02


class CrowdChecks(ContractCase):
    """Nobody gets another's answer."""

    @rule(
        Capability.REACHES_URLS,
        Capability.ANSWERS_ENROLLMENTS,
        why="Another person's answer is stored as this one's id: the wrong face opens "
        "the door, and no error tells.",
    )
    async def test_500_parallel_calls_get_their_own_answers(self) -> None:
        """Answers that overtake each other find the calls that they belong to."""
        order = random.Random(0)  # noqa: S311 - only to shuffle

        async def enroll_sometime(exchange: Exchange) -> None:
            await exchange.read_body()
            await asyncio.sleep(order.uniform(0, _LATEST))
            await enroll(exchange)

        reached = self.can(Capability.REACHES_URLS)
        door = self.serving(enroll_sometime) if reached else self.answering()
        async with door as bench:
            requests = [bench.request(number) for number in range(_CROWD)]
            answers = await asyncio.gather(*map(bench.answer_to, requests))
        wrong = [
            number
            for number, answer in enumerate(answers)
            if person_in(answer) != birth_of(number).isoformat()
        ]
        require(not wrong, f"{len(wrong)} of {_CROWD} calls got another's answer")
