"""Identifiers for text formats, made of names: a component that is added changes no other one's identifier."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from hashlib import sha256

import msgspec

from archlint.diagram.picture import Picture


class Ids(msgspec.Struct, frozen=True):
    """The identifiers of a picture: of nodes by name, of frames by key, and of the findings about the whole file."""

    nodes: dict[str, str]
    frames: dict[str, str]
    whole: tuple[str, ...]


def ids_of(picture: Picture, reserved: Collection[str]) -> Ids:
    """Return the identifiers of all that a picture shows; reserved words are in lower case.

    >>> from archlint.diagram.picture import Cluster, Node
    >>> ids_of(Picture("", (Node("end", "client"),), (), (Cluster("zone a", "zone a"),)), {"end"})
    Ids(nodes={'end': 'end_'}, frames={'zone a': 'frame_zone_a'}, whole=())
    """
    nodes = {node.name: node.name for node in picture.nodes}
    frames = {cluster.key: f"frame\0{cluster.key}" for cluster in picture.clusters}     # no name has this character
    whole = [f"finding\0{mark.rule} {mark.at}\0{number}" for number, mark in enumerate(picture.marks)]
    ids = identifiers((*nodes, *frames.values(), *whole), reserved)
    return Ids(
        {name: ids[name] for name in nodes}, {key: ids[frame] for key, frame in frames.items()},
        tuple(ids[one] for one in whole),
    )  # fmt: skip


def identifiers(names: Iterable[str], reserved: Collection[str] = ()) -> dict[str, str]:
    """Return an identifier for each name: letters, digits and underscores; reserved words get an underscore.

    Names that would get the same identifier, or one that differs in case only, also get a part of their SHA-256.

    >>> identifiers(["rank-api", "rank_api", "2nd", "검색", "model"], {"model"})
    {'rank-api': 'rank_api_c82e86', 'rank_api': 'rank_api_ffbff1', '2nd': 'n2nd', '검색': 'n_4b8d54', 'model': 'model_'}
    >>> identifiers(["API", "api"])
    {'API': 'API_c8e599', 'api': 'api_14c252'}
    """
    kept = set(reserved)
    plain = {name: _plain(name, kept) for name in names}
    counts: dict[str, int] = {}
    for one in plain.values():
        counts[one.lower()] = counts.get(one.lower(), 0) + 1
    return {
        name: one if counts[one.lower()] == 1 else f"{one}_{_digest(name)}" for name, one in plain.items()
    }  # fmt: skip


def _plain(name: str, reserved: set[str]) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
    if not words:
        return f"n_{_digest(name)}"
    words = words if words[0].isalpha() else f"n{words}"
    return f"{words}_" if words.lower() in reserved else words


def _digest(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]
