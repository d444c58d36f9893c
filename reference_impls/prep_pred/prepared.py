"""What passes between the two servers: features, and which version of the preparation made them."""

from __future__ import annotations

from kit.inputs import Records


class Prepared(Records):
    """Features of images, one record each, with the version of the preparation that made them."""

    prepared_by: str
