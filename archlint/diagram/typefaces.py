"""Chooses the font for each character: the one that archlint ships, otherwise one of the system.

The shipped font has Latin, Greek, Cyrillic and the signs that pictures use, in regular and bold. Text is measured with
it, and PNG and PDF are drawn with it, so a picture is the same on every machine. Other scripts come from the system's
fonts, which are searched only when a picture has such characters.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Final

import msgspec

from archlint.diagram.sfnt import Face, FontError, faces

FAMILY: Final = "Archlint Sans"
_FOLDER: Final = Path(__file__).resolve().parent / "fonts"
SHIPPED: Final = (_FOLDER / "ArchlintSans-Regular.ttf", _FOLDER / "ArchlintSans-Bold.ttf")
_SUFFIXES: Final = frozenset({".ttf", ".otf", ".ttc", ".otc"})
_MOST_FILES: Final = 20_000
_MOST_DEPTH: Final = 6
_REGULAR, _BOLD = 400, 700
_PLAIN_NAME: Final = re.compile(r"[\w .&+-]+")
"""Family names that are safe in a style sheet."""
_PLACEHOLDERS: Final = re.compile(r"last ?resort|adobe blank|fallback", re.IGNORECASE)
"""Fonts that claim to have characters but draw placeholders."""
_UNLIKE: Final = re.compile(
    r"mono|code\b|courier|console|serif|mincho|ming\b|song|batang|myeongjo|slab|kai\b|gungsuh|emoji|unifont|condensed",
    re.IGNORECASE,
)
"""Fonts that do not look like the shipped one; they are used only if no other font has a character."""
_PREFERRED: Final = ("noto sans cjk", "noto sans", "source han sans", "apple sd gothic", "pingfang", "hiragino sans",
                     "malgun gothic", "yu gothic", "microsoft yahei")  # fmt: skip


class Found(msgspec.Struct, frozen=True):
    """A font of the system: its family, a file for each weight, and the advances of the characters that it draws.

    `advances` has the advance widths of each character in regular and in bold, in thousandths of the size; `blank` has
    those of a space.
    """

    family: str
    regular: Path
    bold: Path
    advances: dict[str, tuple[float, float]]
    blank: tuple[float, float]


class Cast(msgspec.Struct, frozen=True):
    """The fonts for the characters of a picture: system fonts besides the shipped one, and missing characters."""

    found: tuple[Found, ...] = ()
    missing: str = ""

    @property
    def files(self) -> list[str]:
        """Every font file that is used, each once."""
        paths = (*SHIPPED, *(path for font in self.found for path in (font.regular, font.bold)))
        return list(dict.fromkeys(str(path) for path in paths))

    def font_of(self, character: str) -> Found | None:
        """Return the system's font for a character; None if the shipped font has it, or if no font has it."""
        return next((font for font in self.found if character in font.advances), None)


@cache
def shipped(bold: bool = False) -> Face:
    """Return the font that archlint ships."""
    return next(iter(faces(SHIPPED[bold].read_bytes())))


@cache
def advance(character: str, bold: bool = False) -> float | None:
    """Return the advance width of a character in the shipped font, in thousandths of the size; None if it lacks it.

    >>> round(advance("→") or 0), advance("模")
    (1000, None)
    """
    return shipped(bold).advance(character)


def is_drawn(character: str) -> bool:
    """Return whether a character needs its own glyph: marks, spaces and controls do not."""
    category = unicodedata.category(character)
    return category[0] in "LNPS" or category in {"Co", "Cn"}


def cast(words: Iterable[str], folders: Sequence[Path] | None = None) -> Cast:
    """Return the fonts for some words; they are searched in the folders, or in those of the system."""
    lacking = {c for text in words for c in text if is_drawn(c) and advance(c) is None}
    if not lacking:
        return Cast()
    left, found = set(lacking), []
    for faces_of_family in _families(system_folders() if folders is None else folders, "".join(sorted(lacking))):
        if not left:
            break
        font = _with_weights(faces_of_family, left)
        if font is not None:
            found.append(font)
            left -= font.advances.keys()
    return Cast(tuple(found), "".join(sorted(left)))


class _Listed(msgspec.Struct, frozen=True):
    path: Path
    number: int
    family: str
    weight: int


def _with_weights(family: Sequence[_Listed], left: set[str]) -> Found | None:
    """Return a family with those of the characters that its regular weight has; None if it has none."""
    regular = min(family, key=lambda face: (abs(face.weight - _REGULAR), str(face.path)))
    bold = min(family, key=lambda face: (abs(face.weight - _BOLD), str(face.path)))
    has = _advances(regular, {*left, " "})
    in_bold = _advances(bold, has) if bold != regular else has
    advances = {character: (width, in_bold.get(character, width)) for character, width in sorted(has.items())}
    blank = advances.pop(" ", (0.0, 0.0))
    return Found(regular.family, regular.path, bold.path, advances, blank) if advances else None


def _advances(listed: _Listed, characters: Iterable[str]) -> dict[str, float]:
    """Return the advance of each character that a font has; a damaged font has none."""
    try:
        face = _open(listed.path)[listed.number]
        found = {character: face.advance(character) for character in characters}
    except (FontError, OSError, ValueError, IndexError):
        return {}
    return {character: width for character, width in found.items() if width is not None}


def _open(path: Path) -> list[Face]:
    with path.open("rb") as file:
        return list(faces(mmap(file.fileno(), 0, access=ACCESS_READ)))


def _families(folders: Sequence[Path], words: str) -> list[list[_Listed]]:
    """Return the families of some folders; those that match the shipped font and the script of the words come first."""
    families: dict[str, list[_Listed]] = {}
    for path in _files(folders):
        for face in _listed(path):
            families.setdefault(face.family, []).append(face)
    language = _language(words)
    return [families[name] for name in sorted(families, key=lambda name: _rank(name, language))]


def _rank(family: str, language: str) -> tuple[bool, int, bool, str]:
    low = family.lower()
    preferred = next((number for number, name in enumerate(_PREFERRED) if low.startswith(name)), len(_PREFERRED))
    unlike = _UNLIKE.search(low.replace("sans serif", "sans").replace("sans-serif", "sans")) is not None
    return unlike, preferred, not low.endswith(f" {language}"), family


def _language(words: str) -> str:
    """Return the suffix of the Noto CJK family for the scripts of some words."""
    if any("\uac00" <= c <= "\ud7a3" or "\u1100" <= c <= "\u11ff" or "\u3131" <= c <= "\u318e" for c in words):
        return "kr"
    if any("\u3041" <= c <= "\u30ff" for c in words):
        return "jp"
    return "sc"


def _listed(path: Path) -> Iterator[_Listed]:
    """Yield the upright fonts of a file with usable names; none if it cannot be read."""
    try:
        for number, face in enumerate(_open(path)):
            usable = _PLAIN_NAME.fullmatch(face.family) and not _PLACEHOLDERS.search(face.family)
            if usable and not face.italic:
                yield _Listed(path, number, face.family, face.weight)
    except (FontError, OSError, ValueError):
        return


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    """Yield the font files below some folders, in a stable order."""
    seen = 0
    for folder in folders:
        for place, inner, names in os.walk(folder):
            inner.sort()
            if len(Path(place).relative_to(folder).parts) >= _MOST_DEPTH:
                inner.clear()
            for name in sorted(names):
                seen += 1
                if seen > _MOST_FILES:
                    return
                if Path(name).suffix.lower() in _SUFFIXES:
                    yield Path(place) / name


def system_folders() -> list[Path]:
    """Return the font folders of the system and of its user."""
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        windows = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"))
        local = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
        return [windows / "Fonts", local / "Microsoft" / "Windows" / "Fonts"]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), data / "fonts", home / ".fonts"]
