"""What a picture is for: the width at which it is read, and the shape of the page around it."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

LEAST_PX: Final = 9.0
"""The smallest text that is legible, in pixels."""
SMALLEST: Final = 11.0
"""The smallest text of a picture, in points."""
MARGIN: Final = 20.0


class Purpose(msgspec.Struct, frozen=True):
    """A place for pictures: its width in pixels, and its height (0: as high as needed).

    With `may_continue`, a picture that is legible only if it is higher is higher, as on a second page. If it is
    `quick`, fewer layouts are tried.
    """

    name: str
    width_px: float
    height_px: float = 0.0
    may_continue: bool = False
    quick: bool = False

    @property
    def most_width(self) -> float:
        """The width in points up to which all text is legible, without the margins."""
        return self.width_px * SMALLEST / LEAST_PX - 2 * MARGIN

    @property
    def most_height(self) -> float:
        """The same for the height; 0 if any height is good."""
        return max(0.0, self.height_px * SMALLEST / LEAST_PX - 2 * MARGIN)

    def without(self, points: float) -> Purpose:
        """Return the purpose with less height for the drawing, because text above and below it needs some."""
        taken = points * LEAST_PX / SMALLEST
        return replace(self, height_px=max(1.0, self.height_px - taken)) if self.height_px else self

    @property
    def ratio(self) -> float:
        """The height of the picture as a share of its width; 0 if any is good."""
        return self.height_px / self.width_px


README: Final = Purpose("readme", 838)
SLIDE: Final = Purpose("slide", 1920, 1080)
PAGE: Final = Purpose("page", 794, 1123, True)
WINDOW: Final = Purpose("window", 1000, 760, True)
"""The view of a page in a landscape window. Its script can zoom, so it may continue."""
PURPOSES: Final = {purpose.name: purpose for purpose in (README, SLIDE, PAGE)}
"""A file on GitHub, a slide of 16:9 in full HD, and a page of A4 at 96 pixels an inch."""
