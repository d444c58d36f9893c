"""Turn an image into the 64 inputs of the model: the ink in each of 8 by 8 fields, from 0 to 16.

The digits that scikit-learn ships have this form; see
https://scikit-learn.org/stable/modules/generated/sklearn.datasets.load_digits.html.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict, dataclass
from hashlib import sha256
from io import BytesIO

import numpy as np
from PIL import Image

from kit.inputs import UnfitInputError

MOST_SIDE = 1024
FORMATS = ("PNG", "BMP", "JPEG")


@dataclass(frozen=True, slots=True)
class Preparation:
    """The settings of the preprocessing. Everything that changes its output is a field, and so part of the version.

    Increase `steps` after each change of the code below.
    """

    side: int = 8
    levels: int = 16
    steps: int = 1

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits, which change with the preprocessing."""
        return sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]

    def features(self, image: bytes) -> list[float]:
        """Return `side` times `side` numbers; raises `UnfitInputError` if the body is no image, or is too large.

        The size is read from the image's header, before any pixel is decoded.
        """
        try:
            with warnings.catch_warnings(action="ignore"), Image.open(BytesIO(image), formats=FORMATS) as opened:
                width, height = opened.size
                if max(width, height) > MOST_SIDE:
                    raise UnfitInputError(f"the image has {width} by {height} pixels; at most {MOST_SIDE} per side")
                grey = opened.convert("L").resize((self.side, self.side), Image.Resampling.BOX)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            if isinstance(error, UnfitInputError):
                raise
            raise UnfitInputError(f"the body is not an image; known formats: {', '.join(FORMATS)}") from None
        scaled = np.rint(np.asarray(grey, dtype=np.float64) * (self.levels / 255))
        return [float(value) for value in scaled.ravel()]
