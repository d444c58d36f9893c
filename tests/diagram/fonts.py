"""Fonts that the tests make: squares of a given size, for the characters that a test names."""

from __future__ import annotations

from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont

UNITS = 1000


def made_font(family: str, weight: int, characters: str, height: int) -> TTFont:
    """A font whose characters are all boxes of one height, 900 units wide, on an advance of 920."""
    pen = TTGlyphPen(None)
    for number, point in enumerate(((10, 0), (10, height), (910, height), (910, 0))):
        (pen.lineTo if number else pen.moveTo)(point)
    pen.closePath()
    box, empty = pen.glyph(), TTGlyphPen(None).glyph()
    names = {ord(character): f"g{number}" for number, character in enumerate(characters)}
    builder = FontBuilder(UNITS, isTTF=True)
    builder.setupGlyphOrder([".notdef", "space", *names.values()])
    builder.setupCharacterMap({0x20: "space", **names})
    builder.setupGlyf({".notdef": empty, "space": empty, **dict.fromkeys(names.values(), box)})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "space": (224, 0), **dict.fromkeys(names.values(), (920, 10))})
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    style = "Bold" if weight >= 600 else "Regular"
    builder.setupNameTable({"familyName": family, "styleName": style, "fullName": f"{family} {style}", "psName": f"X-{style}"})
    builder.setupOS2(usWeightClass=weight, sTypoAscender=880, sTypoDescender=-120)
    builder.setupPost()
    return builder.font


def save(folder: Path, family: str, weight: int, characters: str, height: int = 400) -> Path:
    """Write a font to a folder."""
    path = folder / f"{family.replace(' ', '')}-{weight}.ttf"
    made_font(family, weight, characters, height).save(path)
    return path


def save_collection(folder: Path, name: str, weight: int, characters: str, families: list[str], height: int) -> Path:
    """Write a collection that holds a font of each family."""
    collection = TTCollection()
    collection.fonts = [made_font(family, weight, characters, height) for family in families]
    path = folder / f"{name}-{weight}.ttc"
    collection.save(path)
    return path
