"""Who is drawn: invented people, told apart by skin, hair, glasses, beard and age."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Look:
    """How one invented person looks. Colours are hexadecimal."""

    skin: str
    hair: str
    style: str
    eyes: str = "5a3a22"
    lips: str = ""
    width: float = 45
    height: float = 58
    jaw: float = 0.2
    narrow_eyes: float = 0.0
    brow: float = 3.2
    beard: str = ""
    glasses: str = ""
    old: bool = False
    freckles: bool = False
    earrings: str = ""
    lashes: bool = False
    clothes: tuple[str, str] = ("4a6fa5", "7a4b6d")
    backgrounds: tuple[str, str] = ("cfe3ea", "f3e3c7")


PEOPLE = {
    "alice": Look(
        skin="f6d3b8",
        hair="b5532a",
        style="long",
        eyes="4f7f52",
        lips="c8625e",
        jaw=0.26,
        freckles=True,
        lashes=True,
        brow=2.4,
        clothes=("2f6f62", "c98a3a"),
        backgrounds=("dfeee6", "f7e1d3"),
    ),
    "bruno": Look(
        skin="e3b48c",
        hair="3a2419",
        style="short",
        beard="full",
        width=47,
        jaw=0.12,
        brow=4.2,
        clothes=("37475f", "8c3f3a"),
        backgrounds=("dbe4ee", "e9e2d0"),
    ),
    "chen": Look(
        skin="f2cda4",
        hair="1d1a20",
        style="bob",
        glasses="round",
        narrow_eyes=0.3,
        lips="c2606a",
        jaw=0.24,
        lashes=True,
        brow=2.4,
        eyes="3a2418",
        clothes=("d9a441", "5b7fb0"),
        backgrounds=("e8dff0", "d8ecec"),
    ),
    "dalia": Look(
        skin="d9a77c",
        hair="2a7f86",
        style="scarf",
        lips="b4534f",
        jaw=0.26,
        brow=3.0,
        lashes=True,
        eyes="4b2d1a",
        clothes=("235a66", "6b3f63"),
        backgrounds=("f6e8d2", "e2e8f4"),
    ),
    "emeka": Look(
        skin="6b4329",
        hair="17110f",
        style="fade",
        beard="goatee",
        width=46,
        jaw=0.14,
        brow=4.0,
        eyes="2a170e",
        clothes=("c8553d", "2e7d5b"),
        backgrounds=("f4ead8", "d5e5f0"),
    ),
    "freya": Look(
        skin="f3d5c2",
        hair="d5d3d6",
        style="bun",
        glasses="half",
        old=True,
        eyes="5a7fa3",
        lips="b96c6c",
        jaw=0.22,
        brow=2.4,
        earrings="e9c46a",
        clothes=("7a5a8c", "3f6d8c"),
        backgrounds=("e3ecda", "f5dfe2"),
    ),
    "goro": Look(
        skin="eec39a",
        hair="221c1e",
        style="quiff",
        narrow_eyes=0.25,
        width=44,
        jaw=0.2,
        brow=4.0,
        eyes="33201a",
        clothes=("3c3f58", "b0483f"),
        backgrounds=("f2dfc8", "d7e9df"),
    ),
    "ines": Look(
        skin="c68a5c",
        hair="2e1a14",
        style="curly",
        lips="a8473f",
        jaw=0.26,
        lashes=True,
        earrings="e9b949",
        brow=3.0,
        eyes="40250f",
        clothes=("e07a5f", "3d5a80"),
        backgrounds=("d6ebe4", "fbe9c9"),
    ),
    "jamal": Look(
        skin="8a5a38",
        hair="1c1412",
        style="bald",
        beard="full",
        glasses="square",
        width=47,
        jaw=0.12,
        brow=4.4,
        eyes="2e1a10",
        clothes=("e6d5b8", "425b76"),
        backgrounds=("cfdce8", "efe0d6"),
    ),
    "leila": Look(
        skin="b57b50",
        hair="1f1512",
        style="braids",
        lips="9d4650",
        jaw=0.28,
        width=43,
        lashes=True,
        freckles=True,
        brow=2.8,
        eyes="3b2314",
        clothes=("6a8d3f", "b3587a"),
        backgrounds=("fae3d6", "dfe6f3"),
    ),
    "oskar": Look(
        skin="efc9b0",
        hair="eceae6",
        style="wreath",
        beard="moustache",
        old=True,
        eyes="6487a0",
        jaw=0.14,
        width=47,
        brow=4.6,
        clothes=("5b6b4a", "7b4a3a"),
        backgrounds=("e5e0ef", "dcebf0"),
    ),
    "zola": Look(
        skin="4f3020",
        hair="140e0d",
        style="afro",
        lips="7d3340",
        jaw=0.24,
        lashes=True,
        earrings="f2c14e",
        brow=3.0,
        eyes="21120b",
        clothes=("f2b134", "2f8f9d"),
        backgrounds=("fbe0c4", "d9e8dc"),
    ),
}
