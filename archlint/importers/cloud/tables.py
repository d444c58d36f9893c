"""The form of the tables that say what types of resources mean, and the forms of their fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from archlint.importers.digits import is_whole
from archlint.importers.objects import DEFAULT, UNRESOLVED, Fact, Value

Field = tuple[str, str, str]
"""A fact, the path of its field, and the form of that: see `FORMS`. A dot in the fact is a key inside of it."""


class Part(msgspec.Struct, frozen=True):
    """A type that is a component: its kind (empty if it is to be inferred), its technology, and where its facts stand.

    `name` are the fields with its name. `env` is the path of its variables, or of a list of names and values. A
    `function` is something that others start: it needs no port. `engine` is a field whose value decides kind and
    technology. `fixed` are facts of every such resource, with the reason; `defaults` are facts that hold if a field is
    not stated: fact, field, text. `asks`, `answers` and `consumed` are what its own fields say of the relations that
    it has: of its calls, of calls to it, and of the relations of its consumers. `checked` are fields with a check that
    holds traffic back until it is ready. A `job` runs to its end. `instead` are fields whose presence decides the
    kind.
    """

    kind: str
    uses: str = ""
    name: tuple[str, ...] = ("name",)
    facts: tuple[Field, ...] = ()
    fixed: tuple[tuple[str, str, str], ...] = ()
    defaults: tuple[tuple[str, str, str], ...] = ()
    env: tuple[str, ...] = ()
    image: str = ""
    command: tuple[str, ...] = ()
    function: bool = False
    serves: tuple[str, ...] = ()
    machine: str = ""
    engine: tuple[str, dict[str, tuple[str, str]]] | None = None
    reason: str = ""
    asks: tuple[Field, ...] = ()
    answers: tuple[Field, ...] = ()
    consumed: tuple[Field, ...] = ()
    port: str = ""
    checked: tuple[str, ...] = ()
    instead: tuple[tuple[str, str], ...] = ()
    job: bool = False


class Wire(msgspec.Struct, frozen=True):
    """A relation that a resource states: from what one field refers to, to what another does; an empty path is itself.

    With `each`, every mapping at that path states a relation of its own: `target`, `more` and `share` are in it.
    """

    source: str
    target: str
    verb: str
    how: str
    strength: str = "certain"
    more: tuple[Field, ...] = ()
    each: str = ""
    share: str = ""


class Tables(msgspec.Struct, frozen=True):
    """What the types of one provider mean.

    `stands_for` says which fields lead from a part of a component to it. `members` are the fields by which others join
    a group, such as the targets behind a load balancer. `quiet` are prefixes of types that are infrastructure.
    `unopened` are types whose content other files state. Who refers to a type of `taken` takes messages from what it
    stands for: its fields say how.
    """

    parts: dict[str, Part]
    wires: dict[str, tuple[Wire, ...]] = {}
    stands_for: dict[str, tuple[str, ...]] = {}
    members: dict[str, tuple[tuple[str, str], ...]] = {}
    quiet: tuple[str, ...] = ()
    unopened: tuple[str, ...] = ()
    taken: dict[str, tuple[Field, ...]] = {}


Form = Callable[[str], str]
_NUMBER: Final = re.compile(r"^\d{1,12}(\.\d{1,6})?$")
_PERIOD: Final = re.compile(r"^rate\((\d{1,6}) (minute|hour|day)s?\)$")
_CRON: Final = re.compile(r"^cron\(([\d*/,A-Za-z?#\s-]{9,80})\)$")
_PLAIN_CRON: Final = re.compile(r"^[\d*/,A-Za-z?#-]+( [\d*/,A-Za-z?#-]+){4}$")
_ISO: Final = re.compile(r"^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$")
_GOOGLE_SECONDS: Final = re.compile(r"^(\d+(?:\.\d+)?)s$")
_SIZE: Final = re.compile(r"^\d+(\.\d+)?([KMGT]i?)?B?$")
_CORES: Final = re.compile(r"^\d+(\.\d+)?$")


def _number(text: str) -> str:
    return text if _NUMBER.match(text) else ""


def _positive(text: str) -> str:
    return text if _NUMBER.match(text) and float(text) > 0 else ""


def _with(unit: str) -> Form:
    return lambda text: f"{float(text):.12g}{unit}" if _positive(text) else ""


def schedule(text: str) -> str:
    """Return a schedule as `arch.yaml` writes it.

    >>> schedule("rate(15 minutes)"), schedule("cron(0 3 ? * 2-6 *)"), schedule("0 3 * * 1")
    ('15m', '0 3 * * 1-5', '0 3 * * 1')
    """
    period = _PERIOD.match(text)
    if period is not None:
        return f"{period[1]}{period[2][0]}"
    cron = _CRON.match(text)
    if cron is not None:
        fields = cron[1].split()
        if len(fields) != 6 or {"L", "W", "#"} & set(cron[1]):
            return ""
        days = re.sub(r"(?<![/\d])\d+", lambda day: str(int(day[0]) - 1), fields[4])      # there, 1 is Sunday
        text = " ".join((*fields[:4], days))
    return text.replace("?", "*") if _PLAIN_CRON.match(text) else ""


def iso_duration(text: str) -> str:
    """Return a duration of ISO 8601 in seconds.

    >>> iso_duration("PT1M30S"), iso_duration("P1D")
    ('90s', '86400s')
    """
    found = _ISO.match(text)
    if found is None:
        return ""
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return f"{total}s" if total else ""


def _google_seconds(text: str) -> str:
    return text if _GOOGLE_SECONDS.match(text) and float(text[:-1]) > 0 else _with("s")(text)


def size(text: str) -> str:
    """Return a size of memory with its unit.

    >>> size("512Mi"), size("2G"), size("4Gi")
    ('512MiB', '2GB', '4GiB')
    """
    if not _SIZE.match(text) or text[0] == "0":
        return ""
    return text if text.endswith("B") else f"{text}B"


def cores(text: str) -> str:
    """Return a number of cores.

    >>> cores("1000m"), cores("0.5"), cores("1 vCPU")
    ('1', '0.5', '1')
    """
    text = text.lower().removesuffix("vcpu").strip()
    if text.endswith("m") and is_whole(text[:-1]):
        return f"{int(text[:-1][:15]) / 1000:g}"
    return text if _CORES.match(text) and float(text) > 0 else ""


def _ecs_cpu(text: str) -> str:
    return f"{int(text) / 1024:g}" if is_whole(text) and int(text) > 0 else cores(text)


def _flag(text: str) -> str:
    return text.lower() if text.lower() in {"true", "false"} else ""


def _if(answers: dict[str, str]) -> Form:
    return lambda text: answers.get(text.lower(), "")


FORMS: Final[dict[str, Form]] = {
    "text": str.strip, "number": _number, "positive": _positive, "seconds": _with("s"), "ms": _with("ms"),
    "minutes": _with("m"), "mb": _with("MiB"), "gb": _with("GiB"), "rate": _with("/s"), "flag": _flag,
    "schedule": schedule,
    "iso": iso_duration, "google-seconds": _google_seconds, "size": size, "cores": cores, "ecs-cpu": _ecs_cpu,
    "internal": _if({"true": "internal", "false": "public"}),
    "two-if-true": _if({"true": "2"}), "zones-if-regional": _if({"regional": "2", "zoneredundant": "2"}),
    "public-if-all": _if({"ingress_traffic_all": "public", "ingress_traffic_internal_only": "internal",
                          "ingress_traffic_internal_load_balancer": "internal"}),
    "scheme": _if({"internet-facing": "public", "internal": "internal"}),
    "external": _if({"true": "public", "false": "internal"}),
    "auth": lambda text: "" if text.upper() in {"NONE", ""} else text.lower().replace("_", "-"),
    "internal-only": _if({"allow_internal_only": "internal", "allow_internal_and_gclb": "internal"}),
    "gpu": lambda text: re.sub(r"^.*/", "", text).lower().replace("_", "-"),
    "two-if-ha": _if({"standard_ha": "2"}),
}  # fmt: skip
"""How the text of a field becomes that of a fact; an empty result states nothing."""


def fact_of(value: Value | None, form: str, how: str = "") -> Fact | None:
    """Return the fact that a field states; None without a value that is known."""
    if value is None or value.status == UNRESOLVED or not value.text or len(value.text) > 200:
        return None
    text = FORMS[form](value.text)
    if not text:
        return None
    if value.status == DEFAULT:
        place = f" in {value.via[0].shown.rpartition('/')[2]}" if value.via else ""
        how = f"{how}, a default{place}" if how else f"a default{place}"
    return Fact(text, value.site, how)
