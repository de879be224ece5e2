"""`pytest benchmarks/test_codec.py` times each operation with pytest-benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.operations import OPERATIONS

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation(name: str, benchmark: BenchmarkFixture) -> None:
    """Time one operation."""
    benchmark(OPERATIONS[name])
