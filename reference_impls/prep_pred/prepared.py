"""The message between the two servers: features, and the version of the preprocessing that made them."""

from __future__ import annotations

from kit.inputs import Records


class Prepared(Records):
    """Features of images, one record per image, with the version of the preprocessing."""

    prepared_by: str
