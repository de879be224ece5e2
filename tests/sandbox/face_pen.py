"""A pen for flat drawings: smooth shapes, clipped to masks, drawn large and shrunk."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Point = tuple[float, float]
Color = tuple[int, int, int]

SIDE = 256
"""Pixels of a finished picture; all coordinates are in these."""

SCALE = 4
"""Shapes are drawn this much larger, so that shrinking smooths their edges."""

_SIZE = (SIDE * SCALE, SIDE * SCALE)


def rgb(code: str) -> Color:
    """A colour such as `f2c9a5`."""
    return int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16)


def mix(one: Color, other: Color, share: float) -> Color:
    """A colour between two: `share` of the other."""
    red, green, blue = (
        round(a + (b - a) * share) for a, b in zip(one, other, strict=True)
    )
    return red, green, blue


def darker(color: Color, share: float) -> Color:
    """Towards a warm black, which looks less dead than grey."""
    return mix(color, (30, 10, 20), share)


def lighter(color: Color, share: float) -> Color:
    """Towards white."""
    return mix(color, (255, 255, 255), share)


def path(text: str) -> list[Point]:
    """Points written `x,y x,y …`."""
    pairs = (pair.split(",") for pair in text.split())
    return [(float(x), float(y)) for x, y in pairs]


def smooth(points: Sequence[Point], *, closed: bool = True) -> list[Point]:
    """A Catmull-Rom curve through the points."""
    count = len(points)
    curve: list[Point] = []
    for index in range(count if closed else count - 1):
        a, b, c, d = (
            _at(points, index + step, closed=closed) for step in (-1, 0, 1, 2)
        )
        for step in range(12):
            t = step / 12
            curve.append(
                (_spline(a[0], b[0], c[0], d[0], t), _spline(a[1], b[1], c[1], d[1], t))
            )
    return curve if closed else [*curve, points[-1]]


def _at(points: Sequence[Point], index: int, *, closed: bool) -> Point:
    if closed:
        return points[index % len(points)]
    return points[max(0, min(index, len(points) - 1))]


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (
        2 * b
        + (c - a) * t
        + (2 * a - 5 * b + 4 * c - d) * t**2
        + (3 * b - a - 3 * c + d) * t**3
    )


def oval(center: Point, rx: float, ry: float, *, jaw: float = 0.0) -> list[Point]:
    """An ellipse; `jaw` narrows its lower half."""
    shape: list[Point] = []
    for step in range(120):
        angle = math.tau * step / 120
        x, y = math.cos(angle), math.sin(angle)
        width = rx * (1 - jaw * max(0.0, y) ** 2)
        shape.append((center[0] + width * x, center[1] + ry * y))
    return shape


def mirrored(points: Iterable[Point], *, axis: float = 128) -> list[Point]:
    """The same on the other side of the face."""
    return [(2 * axis - x, y) for x, y in points]


def both_sides(half: Sequence[Point]) -> list[Point]:
    """A closed smooth outline from its left half, given from top to bottom."""
    left = list(half)
    inner = [point for point in left if point[0] != 128]  # the axis
    return smooth([*left, *reversed(mirrored(inner))])


class Mask:
    """A region: drawn shapes, joined or cut."""

    def __init__(self, *shapes: Sequence[Point]) -> None:
        self.image = Image.new("L", _SIZE, 0)
        draw = ImageDraw.Draw(self.image)
        for shape in shapes:
            draw.polygon(_scaled(shape), fill=255)

    def without(self, other: Mask) -> Mask:
        """What is in this region and not in the other."""
        left = Mask()
        left.image = ImageChops.subtract(self.image, other.image)
        return left

    def within(self, other: Mask) -> Mask:
        """What is in both."""
        both = Mask()
        both.image = ImageChops.multiply(self.image, other.image)
        return both


def line(points: Sequence[Point], width: float) -> Mask:
    """A line with round ends."""
    mask = Mask()
    draw = ImageDraw.Draw(mask.image)
    big = _scaled(points)
    draw.line(big, fill=255, width=round(width * SCALE), joint="curve")
    radius = width * SCALE / 2
    for x, y in (big[0], big[-1]):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return mask


def _scaled(points: Sequence[Point]) -> list[Point]:
    return [(x * SCALE, y * SCALE) for x, y in points]


class Pen:
    """Fills regions of one see-through layer."""

    def __init__(self) -> None:
        self.layer = Image.new("RGBA", _SIZE, (0, 0, 0, 0))

    def fill(self, mask: Mask, color: Color, *, strength: float = 1.0) -> None:
        """Colour a region; below full strength what is there shines through."""
        cover = mask.image
        if strength < 1:
            weak = Image.new("L", _SIZE, round(255 * strength))
            cover = ImageChops.multiply(cover, weak)
            # what is see-through stays so: shadows fall on things only
            cover = ImageChops.multiply(cover, self.layer.getchannel("A"))
            solid = Image.new("RGBA", _SIZE, (*color, 255))
            blended = Image.composite(solid, self.layer, cover)
            blended.putalpha(self.layer.getchannel("A"))
            self.layer = blended
        else:
            self.layer.paste((*color, 255), (0, 0), cover)

    def shape(
        self, points: Sequence[Point], color: Color, *, strength: float = 1.0
    ) -> None:
        """Colour one shape."""
        self.fill(Mask(points), color, strength=strength)

    def stroke(
        self,
        points: Sequence[Point],
        width: float,
        color: Color,
        *,
        strength: float = 1.0,
    ) -> None:
        """Draw a smooth line through the points."""
        self.fill(line(smooth(points, closed=False), width), color, strength=strength)
