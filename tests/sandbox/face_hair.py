"""Hair and scarves in front of the forehead and beside the face."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sandbox.face_features import head
from tests.sandbox.face_pen import (
    Color,
    Mask,
    Pen,
    Point,
    both_sides,
    darker,
    lighter,
    mirrored,
    oval,
    path,
    rgb,
    smooth,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.face_people import Look


def draw_over(pen: Pen, look: Look) -> None:
    """The part of the hair in front of the forehead and beside the face."""
    color = rgb(look.hair)
    if look.style in _OVER:
        _OVER[look.style](pen, look, color)


def _cap(
    look: Look, face: list[Point], *, grow: float, lift: float, sides: float
) -> Mask:
    """Hair around the head down to `sides`, open where the face is."""
    around = Mask(head(look, grow=grow, lift=lift))
    above = Mask([(0, 0), (256, 0), (256, sides), (0, sides)])
    return around.within(above).without(Mask(face))


def _shine(pen: Pen, cap: Mask, color: Color) -> None:
    band = Mask(oval((104, 74), 30, 7)).within(cap)
    pen.fill(band, lighter(color, 0.5), strength=0.22)


def _simple(
    pen: Pen, look: Look, color: Color, *, face: list[Point], sides: float
) -> None:
    cap = _cap(look, face, grow=1.1, lift=4, sides=sides)
    pen.fill(cap, color)
    _shine(pen, cap, color)


def _short(pen: Pen, look: Look, color: Color) -> None:
    face = smooth(
        path("88,118 91,98 104,88 124,84 146,90 162,92 168,118 150,190 106,190")
    )
    _simple(pen, look, color, face=face, sides=120)


def _fade(pen: Pen, look: Look, color: Color) -> None:
    face = smooth(path("87,112 92,88 110,82 146,82 164,88 169,112 150,190 106,190"))
    cap = _cap(look, face, grow=1.05, lift=3, sides=112)
    pen.fill(cap.within(Mask(path("0,0 256,0 256,92 0,92"))), color)
    pen.fill(cap, color, strength=0.6)


def _quiff(pen: Pen, look: Look, color: Color) -> None:
    face = smooth(path("89,116 92,94 112,88 146,86 164,94 167,116 150,190 106,190"))
    _simple(pen, look, color, face=face, sides=114)
    tuft = path("86,92 82,70 98,50 128,42 160,46 178,64 172,90 160,84 132,82 104,88")
    pen.shape(smooth(tuft), color)
    for strand in (path("100,82 112,62 134,52"), path("124,80 138,64 158,58")):
        pen.stroke(strand, 2.2, lighter(color, 0.35), strength=0.45)


def _parted(pen: Pen, look: Look, color: Color) -> None:
    face = smooth(
        path(
            "88,150 87,116 100,94 122,78 128,74 136,80 156,94 169,116 "
            "168,150 150,192 106,192"
        )
    )
    cap = _cap(look, face, grow=1.13, lift=3, sides=158)
    pen.fill(cap, color)
    _shine(pen, cap, color)
    half = path("84,108 79,140 70,176 66,206 80,216 88,184 91,150 90,120")
    pen.shape(smooth(half), color)
    pen.shape(smooth(mirrored(half)), color)


def _bob_over(pen: Pen, look: Look, color: Color) -> None:
    face = smooth(
        path("90,160 89,118 94,101 128,103 162,101 167,118 166,160 148,192 108,192")
    )
    cap = _cap(look, face, grow=1.14, lift=3, sides=170)
    pen.fill(cap, color)
    _shine(pen, cap, color)


def _curly_over(pen: Pen, look: Look, color: Color) -> None:
    face = oval((128, 134), 41, 54)
    pen.fill(_cap(look, face, grow=1.12, lift=3, sides=112), color)
    for index, (x, y) in enumerate(
        path("92,92 104,82 118,77 133,76 148,80 160,88 168,99 86,104")
    ):
        pen.shape(oval((x, y), 12, 11), color)
        ring = [(x - 6.0, y + 2.0), (x + 0.0, y - 5.0), (x + 6.0, y + 1.0)]
        if index % 2:
            pen.stroke(ring, 1.8, lighter(color, 0.35), strength=0.6)


def _afro_over(pen: Pen, look: Look, color: Color) -> None:
    face = oval((128, 136), 42, 56)
    pen.fill(_cap(look, face, grow=1.1, lift=3, sides=108), color)
    for x, y in path("88,96 98,86 111,80 125,77 139,78 152,83 163,90 169,100"):
        pen.shape(oval((x, y), 10, 9), color)
    for x, y in path("84,60 110,46 146,48 172,66 128,62 98,70 160,74"):
        curl = [(x - 4.0, y + 1.0), (x + 0.0, y - 3.0), (x + 4.0, y + 1.0)]
        pen.stroke(curl, 1.6, lighter(color, 0.4), strength=0.5)


def _bun_over(pen: Pen, look: Look, color: Color) -> None:
    face = smooth(
        path("88,122 90,102 104,86 128,79 152,86 166,102 168,122 150,190 106,190")
    )
    _simple(pen, look, color, face=face, sides=124)
    for strand in (path("98,92 110,76 126,66"), path("156,92 146,76 132,66")):
        pen.stroke(strand, 1.4, darker(color, 0.4), strength=0.4)


def _braids_over(pen: Pen, look: Look, color: Color) -> None:
    face = smooth(
        path(
            "88,130 87,112 100,90 124,76 128,72 132,76 156,90 169,112 "
            "169,134 164,156 150,190 106,190 92,156"
        )
    )
    cap = _cap(look, face, grow=1.12, lift=3, sides=152)
    pen.fill(cap, color)
    _shine(pen, cap, color)
    pen.stroke(path("128,54 128,74"), 1.6, lighter(rgb(look.skin), 0.0))


def _wreath(pen: Pen, look: Look, color: Color) -> None:
    for side in (-1, 1):
        for x, y, size in ((0, 104, 9), (2, 116, 9.5), (0, 128, 8), (-4, 94, 6)):
            pen.shape(oval((128 + side * (look.width + x), y), size * 0.8, size), color)


def _scarf_over(pen: Pen, look: Look, color: Color) -> None:
    opening = Mask(oval((128, 128), look.width - 5, 53, jaw=0.12))
    half = path("128,52 104,56 84,72 75,98 73,136 80,172 100,200 128,210")
    hood = Mask(both_sides(half))
    pen.fill(hood.without(opening), color)
    pen.shape(
        smooth(path("84,172 110,196 150,200 176,178 196,226 150,246 84,236 62,214")),
        color,
    )
    for fold in (
        path("88,180 120,204 160,208"),
        path("80,200 110,222 150,226"),
        path("84,92 80,130 88,166"),
    ):
        pen.stroke(fold, 2, darker(color, 0.45), strength=0.45)


_OVER: dict[str, Callable[[Pen, Look, Color], None]] = {
    "short": _short,
    "fade": _fade,
    "quiff": _quiff,
    "long": _parted,
    "bob": _bob_over,
    "curly": _curly_over,
    "afro": _afro_over,
    "bun": _bun_over,
    "braids": _braids_over,
    "wreath": _wreath,
    "scarf": _scarf_over,
}
