"""Places in an architecture, by names instead of line numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

Step = str | int


class Place(msgspec.Struct, frozen=True):
    """A structural path such as `components.api.calls[0].timeout`.

    `names` is the same path with the target's name in place of a list index, so that it survives reordering;
    fingerprints are made from it.

    >>> import archlint
    >>> steps, names = ("components", "api", "calls", 0, "timeout"), ("components", "api", "calls", "ranker", "timeout")
    >>> archlint.Place(steps, names).at
    'components.api.calls[0].timeout'
    """

    steps: tuple[str | int, ...]
    names: tuple[str, ...]

    @property
    def at(self) -> str:
        """The path as text; `system` stands for the file as a whole."""
        if not self.steps:
            return "system"
        parts: list[str] = []
        for step in self.steps:
            if isinstance(step, int):
                parts.append(f"[{step}]")
            else:
                word = step if "." not in step else f'"{step}"'
                parts.append(f".{word}" if parts else word)
        return "".join(parts)

    @property
    def identity(self) -> str:
        """The path that stays the same when lists are reordered."""
        return ".".join(self.names) or "system"

    def key(self, *keys: str) -> Place:
        """A place below this one."""
        return Place(self.steps + keys, self.names + keys)

    @property
    def last(self) -> str:
        """The name of the last key."""
        return self.names[-1] if self.names else "system"


class Either(Place, frozen=True):
    """A missing key in whose place others can be stated: each of `instead` are keys that together say the same."""

    instead: tuple[tuple[Place, ...], ...] = ()


def either(first: Place, *instead: Iterable[Place]) -> Place:
    """Return a missing key with the keys that say the same in its place; sets without a key are left out.

    >>> either(place("run_time"), [place("records"), place("replicas")]).at
    'run_time'
    """
    others = tuple(keys for given in map(tuple, instead) if given for keys in _ways(given))
    return Either(first.steps, first.names, others) if others else first


def _ways(keys: tuple[Place, ...]) -> Iterator[tuple[Place, ...]]:
    """Yield some keys, and each set in which others are in the place of one of them."""
    plain = [Place(key.steps, key.names) for key in keys]
    yield tuple(plain)
    for index, key in enumerate(keys):
        for others in key.instead if isinstance(key, Either) else ():
            yield (*plain[:index], *others, *plain[index + 1 :])


def place(*keys: str) -> Place:
    """A place by its keys.

    >>> place("models", "ranker", "service_time").at
    'models.ranker.service_time'
    """
    return Place(keys, keys)
