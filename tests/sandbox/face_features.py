"""Parts of a drawn face: head, eyes, nose, mouth, beard, glasses, marks of age."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sandbox.face_pen import (
    Color,
    Mask,
    Pen,
    Point,
    darker,
    lighter,
    line,
    mirrored,
    mix,
    oval,
    path,
    rgb,
    smooth,
)

if TYPE_CHECKING:
    from tests.sandbox.face_people import Look

CENTER = (128.0, 122.0)
EYES = 122.0
MOUTH = 157.0


def head(look: Look, *, grow: float = 1.0, lift: float = 0.0) -> list[Point]:
    """The outline of the head, from crown to chin."""
    return oval(
        (CENTER[0], CENTER[1] - lift),
        look.width * grow,
        look.height * grow,
        jaw=look.jaw,
    )


def draw_body(pen: Pen, look: Look, clothes: Color) -> None:
    """Shoulders, collar and neck."""
    skin = rgb(look.skin)
    shoulders = smooth(path("8,275 22,226 70,206 128,200 186,206 234,226 248,275"))
    pen.shape(shoulders, clothes)
    pen.fill(
        Mask(shoulders).within(Mask(path("150,190 260,190 260,280 185,280"))),
        darker(clothes, 0.5),
        strength=0.2,
    )
    pen.shape(oval((128, 203), 33, 17), darker(clothes, 0.22))
    pen.shape(path("104,150 152,150 153,200 128,214 103,200"), skin)
    pen.shape(oval((128, 201), 25, 13), skin)
    neck = Mask(path("104,150 152,150 154,205 102,205"))
    pen.fill(
        neck.within(Mask(oval((128, 158), 40, 34))), darker(skin, 0.55), strength=0.3
    )


def draw_head(pen: Pen, look: Look) -> None:
    """Ears and head, lit from the left."""
    skin = rgb(look.skin)
    covered = look.style in ("long", "bob", "scarf", "braids")
    for side in () if covered else (-1, 1):
        x = 128 + side * (look.width - 1)
        pen.shape(oval((x, 126), 9, 13), skin)
        pen.shape(oval((x + side, 127), 5, 8), darker(skin, 0.25))
    outline = head(look)
    pen.shape(outline, skin)
    lit = Mask([(x - 9, y - 3) for x, y in outline])
    pen.fill(Mask(outline).without(lit), darker(skin, 0.5), strength=0.16)
    if look.style in ("bald", "wreath"):
        pen.shape(oval((112, 82), 15, 7), lighter(skin, 0.6), strength=0.3)
    blush = mix(skin, (214, 70, 70), 0.5)
    for x in (100, 156):
        pen.shape(oval((x, 143), 10, 7), blush, strength=0.22)


def draw_eyes(pen: Pen, look: Look, *, smiling: bool) -> None:
    """Eyes and brows."""
    tall = 6.4 * (1 - look.narrow_eyes) * (0.82 if smiling else 1)
    outer = 1.5 + 3 * look.narrow_eyes
    lid = darker(rgb(look.skin), 0.72)
    for side in (-1, 1):
        x = 128 + side * 19.5
        almond = smooth(
            [
                (x - side * 9, EYES + 1.5),
                (x, EYES - tall),
                (x + side * 9.5, EYES + 1.5 - outer),
                (x, EYES + tall * 0.85),
            ]
        )
        pen.shape(almond, (252, 250, 246))
        inside = Mask(almond)
        pen.fill(Mask(oval((x, EYES - 0.3), 5.6, 5.6)).within(inside), rgb(look.eyes))
        pen.fill(Mask(oval((x, EYES - 0.3), 2.9, 2.9)).within(inside), (18, 12, 12))
        pen.shape(oval((x - 1.8, EYES - 2.2), 1.4, 1.4), (255, 255, 255))
        top = [
            (x - side * 9.3, EYES + 1.8),
            (x - side * 4, EYES - tall * 0.8),
            (x + side * 3, EYES - tall * 0.95),
            (x + side * 10, EYES + 0.8 - outer),
        ]
        pen.stroke(top, 2.6 if look.lashes else 1.7, lid)
        if look.lashes:
            tip = (x + side * 12.5, EYES - 2.6 - outer)
            pen.stroke([top[-1], tip], 1.8, lid)
        _draw_brow(pen, look, side, lift=2.0 if smiling else 0.0)


def _draw_brow(pen: Pen, look: Look, side: int, *, lift: float) -> None:
    x = 128 + side * 19.5
    hair = rgb("3a2a22") if look.style == "scarf" else rgb(look.hair)
    color = darker(hair, 0.12) if look.old else darker(hair, 0.3)
    y = EYES - 14.5 - lift
    arc = [(x - side * 10, y + 1.5), (x, y - 2.5), (x + side * 11.5, y + 2)]
    pen.stroke(arc, look.brow, color)


def draw_nose(pen: Pen, look: Look) -> None:
    """A soft side and the line below."""
    skin = rgb(look.skin)
    side = smooth(path("130,116 133,128 138,141 131,145 129,130"))
    pen.shape(side, darker(skin, 0.5), strength=0.18)
    below = path("119.5,141 122,145 128,146.5 134,145 136.5,141")
    pen.stroke(below, 1.9, darker(skin, 0.48))


def draw_mouth(pen: Pen, look: Look, *, smiling: bool) -> None:
    """A quiet smile, or a wide one with teeth."""
    skin = rgb(look.skin)
    lips = rgb(look.lips) if look.lips else mix(darker(skin, 0.25), (190, 80, 80), 0.4)
    if smiling:
        outer = smooth(path("109,153 128,154.5 147,153 141,163 128,168 115,163"))
        pen.shape(outer, lips)
        inner = path("112,155 128,156.5 144,155 138.5,161.5 128,165")
        gap = Mask(smooth([*inner, (117.5, 161.5)]))
        pen.fill(gap, (84, 24, 30))
        teeth = Mask(path("105,150 151,150 151,159.5 105,159.5"))
        pen.fill(gap.within(teeth), (253, 251, 247))
        return
    upper = path("112,155.5 122,153 128,154.2 134,153 144,155.5")
    lower = path("137,161 128,163.5 119,161")
    pen.shape(smooth([*upper, *lower]), lips)
    corner = path("110,154 119,157.2 128,157.8 137,157.2 146,154")
    pen.stroke(corner, 1.6, darker(lips, 0.5))


def draw_beard(pen: Pen, look: Look) -> None:
    """Beard or moustache, under the mouth that is drawn later."""
    color = rgb(look.hair)
    if look.beard == "full":
        w = look.width + 3
        top = [
            (128 - w, 118),
            (128 - w + 9, 136),
            (102, 149),
            (116, 147),
            (128, 149),
            (140, 147),
            (154, 149),
            (128 + w - 9, 136),
            (128 + w, 118),
        ]
        region = Mask([*smooth(top, closed=False), (190, 200), (66, 200)])
        chin = Mask(head(look, grow=1.05, lift=-1))
        pen.fill(region.within(chin).without(Mask(oval((128, 159), 14, 6))), color)
        shade = Mask(path("128,100 200,100 200,210 140,210"))
        pen.fill(region.within(chin).within(shade), (0, 0, 0), strength=0.1)
    if look.beard == "goatee":
        chin = Mask(head(look, grow=1.03))
        patch = path("114,168 128,165 142,168 140,182 128,186 116,182")
        pen.fill(Mask(smooth(patch)).within(chin), color)
    if look.beard in ("goatee", "moustache"):
        big = 1.0 if look.beard == "goatee" else 2.2
        half = [
            (128, 149),
            (119, 147.5 - big),
            (110, 150),
            (106 - big * 2, 156 + big),
            (114, 153.5 + big),
            (128, 152.5 + big),
        ]
        pen.fill(Mask(smooth(half), smooth(mirrored(half))), color)


def draw_marks(pen: Pen, look: Look) -> None:
    """Freckles, and the lines of age."""
    skin = rgb(look.skin)
    if look.freckles:
        spot = mix(skin, (150, 70, 30), 0.55)
        places = path("96,138 102,135 107,140 101,143 111,136 94,144")
        for x, y in [*places, *mirrored(places), (125, 132), (131, 134)]:
            pen.shape(oval((x, y), 1.15, 1.15), spot)
    if look.old:
        furrow = darker(skin, 0.5)
        lines: list[list[Point]] = [
            path("108,146 103,153 104,161"),
            path("100,131 108,134 116,131"),
            path("91,118 86,115"),
            path("91,122 85,123"),
        ]
        for points in (*lines, *(mirrored(each) for each in lines)):
            pen.stroke(points, 1.3, furrow, strength=0.5)
        for y in (88.0, 95.0):
            across = [(108.0, y + 1), (128.0, y - 1), (148.0, y + 1)]
            pen.stroke(across, 1.3, furrow, strength=0.35)


def draw_glasses(pen: Pen, look: Look) -> None:
    """Frames in front of the eyes."""
    color = {"round": (70, 44, 30), "half": (150, 60, 70), "square": (30, 32, 40)}
    if not look.glasses:
        return
    frame = color[look.glasses]
    for side in (-1, 1):
        x = 128 + side * 20
        if look.glasses == "square":
            corners = [(x - 15, 113), (x, 112), (x + 15, 113), (x + 14, 130)]
            rim = smooth([*corners, (x, 133), (x - 14, 130)])
        else:
            flat = 0.8 if look.glasses == "half" else 1.0
            rim = oval((x, EYES + 1), 15, 14.5 * flat)
        pen.shape(rim, (255, 255, 255), strength=0.16)
        pen.fill(line([*rim, rim[0], rim[1]], 2.4), frame)
        arm = [(x + side * 15, 119), (128 + side * (look.width + 1), 117)]
        pen.fill(line(arm, 2.2), frame)
        pen.fill(line([(x - 8, 116), (x - 3, 113)], 1.6), (255, 255, 255), strength=0.6)
    pen.stroke(path("122.6,120 128,117.5 133.4,120"), 2.4, frame)


def draw_earrings(pen: Pen, look: Look) -> None:
    """A ring below each ear."""
    if look.earrings:
        gold = rgb(look.earrings)
        for side in (-1, 1):
            x = 128 + side * (look.width + 2)
            ring = oval((x, 146), 5.5, 6.5)
            pen.fill(line([*ring, ring[0], ring[1]], 2.2), gold)
            pen.shape(oval((x, 139), 1.8, 1.8), lighter(gold, 0.4))
