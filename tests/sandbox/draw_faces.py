"""Draw the faces that the sandbox ships: `python -m tests.sandbox.draw_faces`.

Invented people in flat colours, two takes each, and a photograph of a screen. Every
picture is a small JPEG whose comment carries the sandbox's marker.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

from tests.sandbox.face_features import (
    draw_beard,
    draw_body,
    draw_earrings,
    draw_eyes,
    draw_glasses,
    draw_head,
    draw_marks,
    draw_mouth,
    draw_nose,
)
from tests.sandbox.face_hair import draw_over
from tests.sandbox.face_hair_behind import draw_behind
from tests.sandbox.face_pen import SCALE, SIDE, Pen, darker, lighter, mix, oval, rgb
from tests.sandbox.face_people import PEOPLE, Look

SHIPPED = Path(__file__).parents[2] / "verifik_async" / "sandbox" / "drawings"
LARGEST = 6000
PIXELS = 240
EDGE = 20 * SCALE


def portrait(look: Look, *, take: int) -> Image.Image:
    """One person: quiet in the first take; laughing, tilted and elsewhere after it."""
    smiling = take > 1
    pen = Pen()
    draw_behind(pen, look)
    draw_body(pen, look, rgb(look.clothes[take - 1]))
    draw_head(pen, look)
    draw_marks(pen, look)
    draw_beard(pen, look)
    draw_eyes(pen, look, smiling=smiling)
    draw_nose(pen, look)
    draw_mouth(pen, look, smiling=smiling)
    draw_over(pen, look)
    draw_glasses(pen, look)
    draw_earrings(pen, look)
    layer = pen.layer
    if smiling:
        middle = (SIDE * SCALE / 2, SIDE * SCALE)
        down = (0, 6 * SCALE)
        layer = layer.rotate(
            3.5, Image.Resampling.BICUBIC, center=middle, translate=down
        )
    backdrop = _backdrop(look, take)
    backdrop.alpha_composite(layer)
    near = backdrop.crop((EDGE, EDGE, backdrop.width - EDGE, backdrop.height - EDGE))
    near.thumbnail((PIXELS, PIXELS), Image.Resampling.LANCZOS)
    return near.convert("RGB")


def _backdrop(look: Look, take: int) -> Image.Image:
    """A soft disc of light, or a window's bright corner."""
    color = rgb(look.backgrounds[take - 1])
    pen = Pen()
    pen.shape([(0, 0), (SIDE, 0), (SIDE, SIDE), (0, SIDE)], color)
    if take == 1:
        pen.shape(oval((128, 122), 108, 108), lighter(color, 0.45))
    else:
        pen.shape([(0, 0), (120, 0), (0, 190)], lighter(color, 0.5))
        pen.shape([(256, 256), (256, 60), (190, 256)], darker(color, 0.08))
    return pen.layer


def spoof(look: Look) -> Image.Image:
    """A photograph of a telephone's screen that shows a portrait."""
    shown = portrait(look, take=1)
    shown.thumbnail((176, 176))
    shown = shown.crop((30, 0, 146, 176))
    lined = shown.copy()
    for y in range(0, shown.height, 8):
        ImageDraw.Draw(lined).rectangle(
            (0, y, shown.width, y + 2), fill=(235, 240, 250)
        )
    shown = Image.blend(shown, lined, 0.2)
    tint = Image.new("RGB", shown.size, (90, 150, 220))
    shown = Image.blend(shown, tint, 0.24)
    scene = Image.new("RGB", (SIDE, SIDE), (92, 84, 78))
    draw = ImageDraw.Draw(scene)
    draw.rectangle((0, 196, SIDE, SIDE), fill=(70, 58, 50))
    draw.rounded_rectangle((62, 24, 194, 232), radius=16, fill=(24, 25, 29))
    scene.paste(shown, (70, 40))
    draw.rounded_rectangle((114, 30, 142, 34), radius=2, fill=(60, 62, 70))
    glare = Image.new("L", scene.size, 0)
    ImageDraw.Draw(glare).polygon(
        [(96, 40), (132, 40), (92, 216), (70, 216), (70, 160)], fill=80
    )
    glare = glare.filter(ImageFilter.GaussianBlur(2))
    scene.paste((255, 255, 255), (0, 0), glare)
    skin = mix(rgb("d8a582"), (0, 0, 0), 0.05)
    for y in (120, 146, 172):
        draw.rounded_rectangle((186, y, 214, y + 20), radius=10, fill=skin)
    draw.rounded_rectangle((44, 140, 74, 164), radius=12, fill=skin)
    tilted = scene.rotate(-5, Image.Resampling.BICUBIC, fillcolor=(82, 73, 66))
    return tilted.crop((8, 8, 8 + PIXELS, 8 + PIXELS))


def save(picture: Image.Image, path: Path, marker: str) -> None:
    """Write a JPEG of at most `LARGEST` bytes whose comment is the marker."""
    for quality in range(84, 40, -2):
        held = io.BytesIO()
        comment = marker.encode("ascii")
        picture.save(held, "JPEG", quality=quality, optimize=True, comment=comment)
        if held.tell() <= LARGEST:
            path.write_bytes(held.getvalue())
            return
    raise ValueError(f"{path.name} can't be made small enough")


def draw_all(folder: Path) -> None:
    """Every shipped picture, into this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, look in PEOPLE.items():
        for take in (1, 2):
            path = folder / f"{name}-{take}.jpg"
            save(portrait(look, take=take), path, f"face={name}")
    marker = "face=bruno;liveness=0.31"
    save(spoof(PEOPLE["bruno"]), folder / "spoof-1.jpg", marker)


def main() -> None:
    """Draw into the package, or elsewhere."""
    parser = argparse.ArgumentParser(description=draw_all.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=SHIPPED)
    draw_all(parser.parse_args().folder)


if __name__ == "__main__":
    main()
