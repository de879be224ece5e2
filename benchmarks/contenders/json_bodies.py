"""Bodies as people write them by hand: read, base64, `json=`."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from benchmarks.loads import FIELDS, TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.loads import Load

HEADERS = {"Authorization": f"Bearer {TOKEN}"}


def payloads(load: Load) -> Callable[[int], dict[str, object]]:
    """What gives the payload of a person, with her photographs read anew."""
    paths = load.paths()
    held = [] if load.from_disk else load.held()

    def photographs(number: int) -> tuple[bytes, bytes]:
        if not load.from_disk:
            return held[number % len(held)]
        one, two = paths[number % len(paths)]
        return one.read_bytes(), two.read_bytes()

    def payload(number: int) -> dict[str, object]:
        images = [base64.b64encode(data).decode() for data in photographs(number)]
        return {**FIELDS, "images": images}

    return payload


def bodies(load: Load) -> list[bytes]:
    """The bodies of all persons, made beforehand."""
    payload = payloads(load)
    return [json.dumps(payload(number)).encode() for number in range(len(load.paths()))]
