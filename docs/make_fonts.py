"""Make the fonts in `archlint/diagram/fonts` from Arimo: `python docs/make_fonts.py FOLDER`.

FOLDER holds `Arimo-Regular.ttf` and `Arimo-Bold.ttf` of version 1.33, as in Debian's package `fonts-croscore`. Hinting
and kerning are left out: text is then exactly as wide as the sum of its advances. The same input gives the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

TARGET: Final = Path(__file__).resolve().parent.parent / "archlint" / "diagram" / "fonts"
FAMILY: Final = "Archlint Sans"
KEPT: Final = (
    (0x20, 0x7E), (0xA0, 0x24F),                        # Latin
    (0x2B0, 0x36F), (0x1E00, 0x1EFF),                   # marks; Latin with several marks, as in Vietnamese
    (0x370, 0x52F),                                     # Greek, Cyrillic
    (0x2000, 0x209F), (0x20A0, 0x20CF),                 # punctuation, superscripts, currencies
    (0x2100, 0x218F), (0x2190, 0x22FF),                 # letter-like signs, arrows, mathematics
    (0x25A0, 0x26FF), (0xFB00, 0xFB06), (0xFFFD, 0xFFFD),
)  # fmt: skip
NAMES: Final = {1: FAMILY, 3: f"{FAMILY}, made from Arimo 1.33", 4: FAMILY, 6: FAMILY.replace(" ", "")}


def make(source: Path, style: str) -> Path:
    """Write one font, with only the characters kept, under a name of its own."""
    font = TTFont(source / f"Arimo-{style}.ttf", recalcTimestamp=False)
    options = Options()
    options.hinting = False
    options.notdef_outline = True
    options.layout_features = []
    options.name_IDs = ["*"]
    options.drop_tables += ["DSIG", "GDEF", "GPOS", "GSUB"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in KEPT for code in range(first, last + 1)])
    subsetter.subset(font)
    for record in font["name"].names:
        if record.nameID in NAMES:
            ending = {1: "", 3: f" {style}", 4: f" {style}", 6: f"-{style}"}[record.nameID]
            record.string = NAMES[record.nameID] + ending
    target = TARGET / f"{FAMILY.replace(' ', '')}-{style}.ttf"
    font.save(target)
    return target


def main() -> None:
    """Write both fonts."""
    for style in ("Regular", "Bold"):
        target = make(Path(sys.argv[1]), style)
        print(f"{target.name}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
