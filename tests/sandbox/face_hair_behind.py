"""Hair and scarves behind the head and over the shoulders."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tests.sandbox.face_pen import (
    Color,
    Pen,
    Point,
    both_sides,
    darker,
    lighter,
    mirrored,
    oval,
    path,
    rgb,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.face_people import Look


def draw_behind(pen: Pen, look: Look) -> None:
    """The part of the hair that the head hides."""
    color = rgb(look.hair)
    draw = _BEHIND.get(look.style)
    if draw:
        draw(pen, color)


def _long_behind(pen: Pen, color: Color) -> None:
    half = path(
        "128,52 103,56 82,74 72,102 68,136 60,172 54,206 64,230 84,232 104,222 128,216"
    )
    pen.shape(both_sides(half), darker(color, 0.18))
    for strand in (path("70,120 68,170 66,215"), path("80,150 78,190 80,222")):
        for points in (strand, mirrored(strand)):
            pen.stroke(points, 2, darker(color, 0.4), strength=0.5)


def _bob_behind(pen: Pen, color: Color) -> None:
    half = path("128,52 104,56 84,72 74,98 72,136 74,166 90,178 110,174 128,172")
    pen.shape(both_sides(half), darker(color, 0.1))


def _bumps(
    center: Point, rx: float, ry: float, *, size: float, count: int
) -> list[list[Point]]:
    """Overlapping discs along an arc over the head."""
    discs: list[list[Point]] = []
    for step in range(count):
        angle = math.pi * (0.92 + 1.16 * step / (count - 1))
        wobble = 1 + 0.12 * math.sin(step * 2.4)
        place = center[0] + rx * math.cos(angle), center[1] + ry * math.sin(angle)
        discs.append(oval(place, size * wobble, size * wobble))
    return discs


def _curly_behind(pen: Pen, color: Color) -> None:
    shade = darker(color, 0.15)
    pen.shape(oval((128, 118), 62, 66), shade)
    for disc in _bumps((128, 128), 60, 66, size=17, count=15):
        pen.shape(disc, shade)
    for x, y in path("70,160 66,144 80,176 90,186"):
        for place in ((x, y), (256 - x, y)):
            pen.shape(oval(place, 15, 15), shade)


def _afro_behind(pen: Pen, color: Color) -> None:
    pen.shape(oval((128, 96), 72, 66), color)
    for disc in _bumps((128, 98), 68, 62, size=13, count=21):
        pen.shape(disc, color)


def _bun_behind(pen: Pen, color: Color) -> None:
    pen.shape(oval((128, 46), 21, 18), darker(color, 0.12))
    for turn in (path("112,44 126,34 144,44"), path("116,52 128,42 142,52")):
        pen.stroke(turn, 1.6, darker(color, 0.4), strength=0.5)


def _braids_behind(pen: Pen, color: Color) -> None:
    pen.shape(oval((128, 110), 53, 60), darker(color, 0.15))
    for step in range(7):
        for x in (81 - step * 1.5, 175 + step * 1.5):
            y = 148 + step * 13
            pen.shape(
                oval((x, y), 9.5 - step * 0.5, 9),
                color if step % 2 else darker(color, 0.5),
            )
            pen.stroke(
                [(x - 5, y - 3), (x, y + 3), (x + 5, y - 3)],
                1.5,
                lighter(color, 0.3),
                strength=0.6,
            )


def _scarf_behind(pen: Pen, color: Color) -> None:
    half = path("128,50 102,54 80,72 69,100 66,144 58,190 50,226 90,242 128,244")
    pen.shape(both_sides(half), darker(color, 0.22))


_BEHIND: dict[str, Callable[[Pen, Color], None]] = {
    "long": _long_behind,
    "bob": _bob_behind,
    "curly": _curly_behind,
    "afro": _afro_behind,
    "bun": _bun_behind,
    "braids": _braids_behind,
    "scarf": _scarf_behind,
}
