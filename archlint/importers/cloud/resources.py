"""A resource of a cloud, as a file states it."""

from __future__ import annotations

import msgspec

from archlint.importers.objects import Site, Table, Value


class Resource(msgspec.Struct, eq=False):
    """A resource: its type in Terraform's spelling, its address, and its values.

    `base` is the address without the key of an instance. `count` is the number of instances if it is stated. With
    `outside`, the files only refer to it (a data source). One that is `implied` is stated inside of another.
    """

    type: str
    name: str
    address: str
    site: Site
    values: Table
    base: str = ""
    format: str = "terraform"
    scope: str = ""
    key: str = ""
    count: Value | None = None
    outside: bool = False
    region: Value | None = None
    spelling: str = ""
    implied: bool = False
