"""The ports on which public images listen by default, and what sets them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from archlint.catalog.reading import CatalogueFile
from archlint.source.nodes import Node

_PORT: Final = r"(?:^|:)(\d+)$"


def repository_of(image: str) -> str:
    """Return the repository of an image, without Docker Hub's host, tag and digest.

    >>> repository_of("docker.io/library/redis:7"), repository_of("localhost:5000/a/b@sha256:0")
    ('redis', 'localhost:5000/a/b')
    """
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    name = f"{head}{slash}{last.partition(':')[0]}".lower()
    for host in ("docker.io/", "index.docker.io/", "registry-1.docker.io/"):
        name = name.removeprefix(host)
    return name.removeprefix("library/")


class Listens(msgspec.Struct, frozen=True):
    """The default ports of some images, each with the options and variables that change it.

    `images` are repositories; a port that nothing changes is one that configuration files set. `source` is a page or
    file that states the ports.
    """

    images: tuple[str, ...]
    ports: dict[str, tuple[str, ...]]
    source: str

    @property
    def by_files(self) -> bool:
        """Whether configuration files set the ports."""
        return not any(self.ports.values())

    def numbers(self, words: Sequence[str], env: Mapping[str, str]) -> set[int] | None:
        """Return the ports for the words of a command line and the environment; None if one of them is unknown.

        >>> vllm = Listens(("vllm/vllm-openai",), {"8000": ("--port",)}, "")
        >>> vllm.numbers(["--model", "m"], {}), vllm.numbers(["--port=9000"], {}), vllm.numbers(["--port", "$P"], {})
        ({8000}, {9000}, None)
        """
        found = {self._set(setters, words, env) or default for default, setters in self.ports.items()}
        return {int(text) for text in found} if all(text.isdecimal() for text in found) else None

    @staticmethod
    def _set(setters: Iterable[str], words: Sequence[str], env: Mapping[str, str]) -> str:
        for setter in setters:
            if not setter.startswith("-"):
                port = re.search(_PORT, env.get(setter, ""))
                if port is not None or "$" in env.get(setter, ""):
                    return port[1] if port is not None else "?"
                continue
            for index, word in enumerate(words):
                name, equals, value = word.partition("=")
                if name == setter:
                    return (value if equals else "".join(words[index + 1 : index + 2])) or "?"
        return ""


def read_listens(file: CatalogueFile, node: Node, images: tuple[str, ...], name: str) -> Listens:
    """Read the ports of an entry of the catalogue; raises `ConfigError` with the place of a mistake."""
    values = file.mapping(node, ("images", "ports", "source"), name)
    ports = file.mapping(values["ports"], map(str, range(1, 65536)), f"{name}.ports") if "ports" in values else {}
    if not ports:
        raise file.error(node, f"`{name}` needs `ports`: port numbers, each with the options that change it")
    numbers = {number: file.texts(ports, number, name) for number in ports}
    return Listens(file.texts(values, "images", name) or images, numbers, file.text(node, values, "source", name))
