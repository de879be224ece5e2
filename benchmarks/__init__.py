"""How fast and how small `verifik_async` is, beside what else posts persons.

`python -m benchmarks` measures, prints tables, and writes JSON and a plot. Everything
is a ratio within one run: contenders alternate, each in a process of its own, against
a sink that is faster than any of them. Linux only, since peaks of memory and the
sink's share are read from the system.
"""
