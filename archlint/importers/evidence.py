"""Small rules that say which unit uses which other, each with its strength and derivation. One place merges them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from archlint.importers.addresses import Address, addresses, is_endpoint_name, is_own_name
from archlint.importers.configs import config_links
from archlint.importers.names import Names, is_address, is_local
from archlint.importers.objects import DEFAULT, ENV_FILE, SECRET, Mount, Site, Unit, Value
from archlint.importers.technologies import by_image

CERTAIN, STRONG, FAIR, ORDER, WEAK = "certain", "strong", "fair", "order", "weak"
RANKS: Final = (CERTAIN, STRONG, FAIR, ORDER, WEAK)
_STORES: Final = frozenset({"database", "cache", "queue", "vector-store", "object-store", "warehouse", "config-store"})
_SETTING: Final = re.compile(r"(?m)^[ \t]*([\w.-]+)[ \t]*[:=][ \t]*(\S+)[ \t]*$")
"""A line of settings in a variable, such as `jobmanager.rpc.address: jobmanager`."""
_SOCKETS: Final = ("/var/run/docker.sock", "/etc/localtime", "/etc/timezone", "/proc", "/sys", "/dev")


class Evidence(msgspec.Struct, frozen=True):
    """One reason to believe that a unit uses another; an empty verb is chosen by the kinds of both.

    It is `shared` if it comes from a file of variables or an anchor of YAML, which is often given to every container.
    """

    source: Unit
    target: Unit
    strength: str
    derivation: str
    site: Site
    verb: str = ""
    share: str = ""
    port: int = 0
    scheme: str = ""
    path: str = ""
    when: str = ""
    parallel: str = ""
    more: tuple[tuple[str, str], ...] = ()
    shared: bool = False


class Outside(msgspec.Struct, frozen=True):
    """An address of something that no file defines; `stated` if a field states the relation."""

    source: Unit
    address: Address
    derivation: str
    site: Site
    verb: str = ""
    stated: bool = False


def gather(units: Iterable[Unit], names: Names) -> tuple[list[Evidence], list[Outside]]:
    """Apply every rule to every unit."""
    found: list[Evidence] = []
    outside: list[Outside] = []
    ordered = list(units)
    anchors = _anchors(ordered)
    for unit in ordered:
        for one in (*_links(unit, names), *_env(unit, names, anchors), *_command(unit, names), *_texts(unit, names)):
            if isinstance(one, Outside):
                outside.append(one)
            elif one.target is not one.source:
                found.append(one)
        found += (one for one in _order(unit, names) if one.target is not one.source)
    found += _volumes(ordered)
    return found, outside


def _links(unit: Unit, names: Names) -> Iterator[Evidence | Outside]:
    """Relations that a field states; a verb after `~` is that of the target."""
    for link in unit.links:
        found = (
            [Address(link.target)]
            if "/" not in link.target and ":" not in link.target
            else list(addresses(link.target))
        )
        verb, is_back = link.verb.lstrip("~"), link.verb.startswith("~")
        for address in found:
            target = names.at(address, unit, link.scope or None)
            if target is not None:
                pair = (target, unit) if is_back else (unit, target)
                yield Evidence(
                    *pair, link.strength, link.derivation, link.site, verb, link.share,
                    when=link.when, parallel=link.parallel, more=link.more,
                )  # fmt: skip
            elif not is_back:
                yield Outside(unit, address, link.derivation, link.site, verb, stated=True)


def _resolved(
    unit: Unit, names: Names, found: Iterable[Address], derivation: str, site: Site, strength: str, verb: str = ""
) -> Iterator[Evidence | Outside]:
    for address in found:
        if is_local(address.host) or is_address(address.host):
            continue
        target = names.at(address, unit)
        if target is not None:
            asked = (address.port, address.scheme, address.path)
            yield Evidence(unit, target, strength, derivation, site, verb, "", *asked)
        elif address.sure:
            yield Outside(unit, address, derivation, site)


def _anchors(units: Iterable[Unit]) -> frozenset[tuple[str, int]]:
    """Return the places of variables that several services of Compose have through an anchor."""
    places = Counter(
        (value.site.file, value.site.span.start)
        for unit in units if unit.format == "compose" for value in unit.env.values() if value.status != ENV_FILE
    )  # fmt: skip
    return frozenset(place for place, number in places.items() if number > 1)


def _env(unit: Unit, names: Names, anchors: frozenset[tuple[str, int]]) -> Iterator[Evidence | Outside]:
    """Addresses in variables."""
    is_store = unit.image is not None and (known := by_image(unit.image.text)) is not None and known.kind in _STORES
    for name, value in unit.env.items():
        if is_own_name(name) or value.status == SECRET or not value.text:
            continue
        from_file = value.status == ENV_FILE and not value.via
        if from_file and is_store:  # one file of variables is often given to every container
            continue
        endpoint = is_endpoint_name(name)
        found = [*addresses(value.text, named=endpoint), *_settings(value.text)]
        how = f"{name} in {_base(value.site.file)}" if from_file else f"{name} in the environment"
        if value.status == DEFAULT:
            how += " (a default)"
        for one in _resolved(unit, names, found, how, value.site, STRONG):
            shared = from_file or (one.site.file, one.site.span.start) in anchors
            yield msgspec.structs.replace(one, shared=shared) if isinstance(one, Evidence) else one
        if not endpoint and value.text != unit.name and " " not in value.text:
            target = names.find(value.text, unit)
            if target is not None and not from_file:
                yield Evidence(unit, target, WEAK, f"{name} in the environment is its name", value.site)


def _settings(text: str) -> Iterator[Address]:
    """Addresses in the lines of settings that one variable holds; the key of a line says what its value is."""
    for key, value in _SETTING.findall(text) if "\n" in text else ():
        if is_endpoint_name(key):
            yield from (one for one in addresses(value, named=True) if not one.sure)


def _command(unit: Unit, names: Names) -> Iterator[Evidence | Outside]:
    """Addresses in the command; a plain word is a host only after a flag that takes one."""
    flag = ""
    for value in unit.command:
        for word in value.text.split():
            if word.startswith("-"):
                flag, equals, rest = word.partition("=")
                if not equals:
                    continue
            else:
                rest = word
            named = is_endpoint_name(flag)
            if not (flag and is_own_name(flag)):
                how = f"`{flag or word.partition('=')[0][:40]}` in the command"
                if "@" in how:
                    how = "an address in the command"
                yield from _resolved(unit, names, addresses(rest, named), how, value.site, STRONG)
            flag = ""


def _texts(unit: Unit, names: Names) -> Iterator[Evidence | Outside]:
    """Addresses in files of configuration that are mounted."""
    for path, value in unit.texts:
        known = config_links(path, value.text)
        if known is not None:
            for host, verb, derivation, is_source, more in known:
                target = names.find(host, unit)
                if target is None or target is unit:
                    continue
                pair = (target, unit) if is_source else (unit, target)
                yield Evidence(*pair, CERTAIN, f"{derivation} in {_base(path)}", value.site, verb, more=more)
        else:
            sure = (one for one in addresses(value.text) if one.scheme or one.port)
            for one in _resolved(unit, names, sure, f"an address in {_base(path)}", value.site, STRONG):
                if isinstance(one, Evidence):
                    yield one


def _base(path: str) -> str:
    return path.rpartition("/")[2] or path


def _order(unit: Unit, names: Names) -> Iterator[Evidence]:
    """What starts first: alone it is no call."""
    for value in unit.after:
        target = names.find(value.text, unit)
        if target is not None:
            yield Evidence(unit, target, ORDER, "depends_on" if value.tag != "link" else "links", value.site)


def _volumes(units: list[Unit]) -> Iterator[Evidence]:
    """A volume that a job writes and a server mounts."""
    by_key: dict[str, list[tuple[Unit, Mount]]] = {}
    for unit in units:
        for mount in unit.mounts:
            if not mount.key.startswith(_SOCKETS) and not (mount.kind == "path" and "." in _base(mount.key)):
                by_key.setdefault(mount.key, []).append((unit, mount))
    for users in by_key.values():
        if not 1 < len(users) <= 20:
            continue
        writers = [
            (unit, mount) for unit, mount in users
            if (unit.role == "loader" or (unit.role == "job" and unit.what == "Job")) and not mount.read_only
        ]  # fmt: skip
        for writer, mount in writers:
            for reader, other in users:
                if reader.role not in {"loader", "job"} and reader is not writer:
                    how = f"both mount {_base(mount.key)}"
                    yield Evidence(reader, writer, FAIR, how, other.site, "loads")


def merged(found: Iterable[Evidence]) -> dict[tuple[int, int], list[Evidence]]:
    """Group evidence by pair of units, the strongest first."""
    pairs: dict[tuple[int, int], list[Evidence]] = {}
    for one in found:
        pairs.setdefault((id(one.source), id(one.target)), []).append(one)
    for group in pairs.values():
        group.sort(key=lambda one: RANKS.index(one.strength))
    return pairs


__all__ = ["CERTAIN", "FAIR", "ORDER", "STRONG", "WEAK", "Evidence", "Outside", "Value", "gather", "merged"]
