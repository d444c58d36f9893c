"""What one key of `arch.yaml` means: its value and unit, what leaving it out means, an example, and the rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

from archlint.catalog.rule_keys import rule_keys
from archlint.model.fields import Field, Rec
from archlint.model.meaning import RECORDS, TOP, keys_of_type, scalar_of
from archlint.model.names import nearest
from archlint.model.records import RELATION_RECORD, Relations
from archlint.model.types import Choice, Flag, Many, Name, Parsed, percentile_of
from archlint.model.words import KINDS, VERBS
from archlint.packs import Pack
from archlint.packs.files import text_of
from archlint.report.keys import written
from archlint.report.layout import hanging

_PARTS: Final = {
    "system": "", "workload": "workloads.*.", "model": "models.*.", "component": "components.*.",
    "relation": "components.*.calls[].", "acceptance": "accept[].",
}  # fmt: skip
"""The parts of a file, and how the path of a key of each starts."""
_SINGULAR: Final = {
    "workloads": "workload", "models": "model", "components": "component", "accept": "acceptance",
    **dict.fromkeys(KINDS, "component"),
}  # fmt: skip
_UNITS: Final = {
    "duration": "ns, us, ms, s, min, h, d or w",
    "size": "B, kB, MB, GB, TB (powers of 1,000) or KiB, MiB, GiB, TiB (powers of 1,024)",
    "rate": "/s, /min, /h, /day, /week, /month",
    "bandwidth": "MB/s, GB/s, or Mbit/s, Gbit/s",
    "share": "%, or a number from 0 to 1",
    "count": "none; k, M, B and T multiply: 12k",
    "tokens": "tokens; k and M multiply: 1.2k",
    "whole-number": "none", "replica-count": "none",
    "cores": "cores; m for thousandths: 500m",
    "money": "a currency, per month, hour, request or number of requests",
    "token-rate": "tokens per s, min, h or day: 2M/min",
    "token-price": "a currency, per number of tokens",
    "schedule": "a cron expression",
}  # fmt: skip
"""The units of a type, by its name."""
_EXAMPLES: Final = {
    "archlint": "1", "system": "review-stars", "owner": "{team: search-ml}", "team": "search-ml",
    "contact": '"#search-oncall"', "runbook": "docs/runbook.md", "workloads": "{search: {from: web-app, rate: 40/s}}",
    "models": "{ranker: {artifact: 90MB}}", "components": "{api: {kind: service}}", "include": "[models.yaml]",
    "accept": '[{rule: OPS001, at: components.api, reason: "pilot until the review"}]', "framework": "pytorch",
    "quantised_from": "llama-70b", "embedding_space": "products", "version": "1.4.0", "format": "onnx",
    "uses": "fastapi", "on": "queue-depth", "gpu": "l4", "zones": "[a, b]", "region": "eu-west", "regions": "[eu-west]",
    "jurisdiction": "eu", "host": "rack-7", "image": "registry.example/api:1.4.0", "source": "contract 17",
    "auth": "api key", "switch": "predictions-off", "deployed_as": "[api-1]", "backoff": "exponential",
    "fallback": "popular-items", "when": "the cache misses", "parallel": "lookups", "either": "balancers",
    "at": "components.api", "reason": "pilot until the review", "description": "Ranks the results of a search.",
}  # fmt: skip
"""Examples of keys whose values are texts, names or parts."""
_MOST_RULES: Final = 24
_MOST_KEYS: Final = 40
_MOST_OTHERS: Final = 6
_GAP: Final = 13
_INDEX: Final = re.compile(r"\[[^\]]*\]")
_STEP: Final = re.compile(r"p[0-9]{1,2}\.[0-9]+|[^.\s]+")
_CODE: Final = re.compile(r"`([a-z][a-z0-9_.*-]*)(?:[:=][^`]*)?`")


class Key(NamedTuple):
    """A key of a part of the file: `timeout` of a relation, `slo.ttft` of a workload."""

    part: str
    names: tuple[str, ...]
    field: Field[object]
    above: Field[object] | None = None

    @property
    def path(self) -> str:
        """Its place in a file: `components.*.calls[].timeout`."""
        return _PARTS[self.part] + ".".join(self.names)

    @property
    def short(self) -> str:
        """The same without the name of the part: `components.calls.timeout`."""
        return self.path.replace(".*", "").replace("[]", "")


@cache
def all_keys() -> tuple[Key, ...]:
    """Return every key of the format."""
    records = {
        "system": TOP, "workload": RECORDS["workloads"].keys, "model": RECORDS["models"].keys,
        "component": RECORDS["components"].keys, "relation": RELATION_RECORD.keys, "acceptance": RECORDS["accept"].keys,
    }  # fmt: skip
    return tuple(key for part, keys in records.items() for key in _keys(part, (), keys, None))


def _keys(
    part: str, above: tuple[str, ...], keys: Mapping[str, Field[object]], holder: Field[object] | None
) -> Iterator[Key]:
    for name, field in keys.items():
        yield Key(part, (*above, name), field, holder)
        kind = field.type.item if isinstance(field.type, Many) else field.type
        if not isinstance(kind, Relations):
            yield from _keys(part, (*above, name), keys_of_type(kind), field)


def find_keys(text: str) -> list[Key]:
    """Return the keys that a path means; several if it leaves out a step, none if there is no such key.

    The names of parts, `*` and indices do not matter.

    >>> [key.path for key in find_keys("components.api.calls[0].timeout")]
    ['components.*.calls[].timeout']
    >>> [key.path for key in find_keys("workloads.*.slo.p95")]
    ['workloads.*.slo.latency.p95', 'workloads.*.slo.ttft.p95', 'workloads.*.slo.tpot.p95']
    """
    steps = [step for step in _STEP.findall(_INDEX.sub("", text)) if step != "*"]
    if not steps:
        return []
    literal = [key for key in all_keys() if key.path == text]
    if literal:
        return literal
    part = _SINGULAR.get(steps[0], steps[0] if steps[0] in _PARTS else "")
    if part and len(steps) > 1:
        steps = steps[1:]
    elif part and steps[0] not in TOP:
        return []
    else:
        part = ""
    relations = [key for key in all_keys() if key.part == "relation"]
    known = [key for key in all_keys() if not part or key.part == part]
    for wanted in (steps, steps[1:]) if part and len(steps) > 1 else (steps,):
        found = [] if len(wanted) > 1 and wanted[0] in VERBS else _matching(wanted, known)
        if not found and part in {"component", ""}:
            found = _matching(wanted[1:] if wanted[0] in VERBS and len(wanted) > 1 else wanted, relations)
        if found:
            return found
    return []


def _matching(steps: Sequence[str], known: Iterable[Key]) -> list[Key]:
    last = _usual(steps[-1])
    same = [key for key in known if key.names[-1] == last]
    exact = [key for key in same if key.names[:-1] == tuple(steps[:-1])]
    found = exact or [key for key in same if _is_within(steps[:-1], key.names[:-1])]
    fraction = percentile_of(steps[-1])
    if fraction is None or last == steps[-1]:
        return found
    doc = f"{fraction * 100:g} % of the values are at most this one."
    return [
        key._replace(names=(*key.names[:-1], steps[-1]), field=Field(steps[-1], key.field.type, doc)) for key in found
    ]


def _usual(step: str) -> str:
    """Return the percentile that stands for all in the table of keys."""
    return "p99" if percentile_of(step) is not None and step not in {"p50", "p90", "p95", "p99"} else step


def _is_within(steps: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether the steps are among the names, in this order."""
    left = iter(names)
    return all(step in left for step in steps)


def nearest_key(text: str) -> str:
    """Return the path of the key with the name that is nearest to the last step of a path; empty if none is near."""
    last = text.rpartition(".")[2]
    near = nearest(last, {key.names[-1] for key in all_keys()})
    return next((key.path for key in all_keys() if key.names[-1] == near), "") if near else ""


def key_text(keys: Sequence[Key], packs: Iterable[Pack], width: int) -> str:
    """Return the help of a key; of several keys, a list of them."""
    if len(keys) > 1:
        rows = ["Several keys have this name:", ""]
        for key in keys[:_MOST_KEYS]:
            rows += [f"  {key.path}", *hanging("      ", _plain(key.field.doc), width)]
        return "\n".join([*rows, "", "`archlint explain` with one of these paths shows all about it."]) + "\n"
    (key,) = keys
    others = [one.path for one in all_keys() if one.names[-1] == key.names[-1] and one.path != key.path]
    rows = [key.path, "", *hanging("  ", _plain(key.field.doc), width), ""]
    for title, said in _facts(key, packs):
        rows += hanging(f"  {title:<{_GAP}}", _plain(said), width, _GAP + 2)
    if others and len(others) <= _MOST_OTHERS:
        rows += ["", *hanging("See also: ", ", ".join(others), width)]
    return "\n".join(rows) + "\n"


def _facts(key: Key, packs: Iterable[Pack]) -> Iterator[tuple[str, str]]:
    field = key.field
    if key.above is not None:
        yield "inside", f"{'.'.join(key.names[:-1])}: {key.above.doc}"
    yield "value", written(field)
    unit = _UNITS.get(getattr(scalar_of(field.type), "name", ""), "")
    if unit:
        yield "unit", unit
    yield "if left out", "an error: the key is required" if field.required else field.absent
    example = _example(key)
    if example:
        yield "example", example
    inner = keys_of_type(field.type.item if isinstance(field.type, Many) else field.type)
    if inner and not isinstance(field.type, Relations):
        yield "keys inside", ", ".join(inner)
    yield "read by", _rules(key, list(packs))


def _rules(key: Key, packs: Sequence[Pack]) -> str:
    """Return the rules that read or name a key; if none does, those that do so with a key inside it, or around it."""
    inside = [one for one in all_keys() if one.part == key.part and one.names[: len(key.names)] == key.names]
    around = [one for one in all_keys() if one.part == key.part and key.names[: len(one.names)] == one.names]
    for group in ([key], inside, *([one] for one in reversed(around))):
        found = [f"{pack.id} {pack.name}" for pack in packs if any(_names(pack, one) for one in group)]
        if found:
            more = f", and {len(found) - _MOST_RULES} more" if len(found) > _MOST_RULES else ""
            return ", ".join(found[:_MOST_RULES]) + more
    return "no rule"


def _example(key: Key) -> str:
    """Return the key with a value, as it stands in a file."""
    kind = key.field.type
    value = "[{to: other}]" if isinstance(kind, Relations) else _EXAMPLES.get(key.names[-1]) or _value(kind)
    value = "{engineers: 3, on_call: true}" if key.names == ("team",) else value
    for name in reversed(key.names):
        value = f"{name}: {value}" if name == key.names[0] and len(key.names) == 1 else f"{{{name}: {value}}}"
    inside = value if value.startswith("{") else f"{{{value}}}"
    starts = {
        "workload": f"workloads: {{search: {inside}}}", "model": f"models: {{ranker: {inside}}}",
        "component": f"components: {{api: {inside}}}", "acceptance": f"accept: [{inside}]",
        "relation": f"calls: [{{to: api, {inside[1:]}]",
    }  # fmt: skip
    return starts.get(key.part, inside[1:-1])


def _value(kind: object) -> str:
    if isinstance(kind, Many):
        inner = _value(kind.item)
        return f"[{inner}]" if inner else ""
    if isinstance(kind, Choice):
        return next(iter(kind.words))
    if isinstance(kind, Flag):
        return "true"
    if isinstance(kind, Name):
        return {"components": "other", "models": "ranker", "workloads": "search"}.get(kind.section, "name")
    if isinstance(kind, Rec) and kind.scalar is None:
        first = next(iter(kind.fields.values()))
        return f"{{{first.key}: {_EXAMPLES.get(first.key) or _value(first.type)}}}"
    single = scalar_of(kind)
    if isinstance(single, Parsed):
        return single.example
    return "text" if single is kind else _value(single)


def _reads(pack: Pack, key: Key) -> bool:
    """Return whether the verdicts of a shipped rule name a key, or a key inside it; a percentile is like the others."""
    paths = rule_keys().get(pack.id, frozenset[str]()) if pack.shipped else frozenset[str]()
    last = key.names[-1]
    path = key.path.removesuffix(f".{last}") if percentile_of(last) is not None and len(key.names) > 1 else key.path
    return any(one == path or one.startswith(f"{path}.") for one in paths)


def _names(pack: Pack, key: Key) -> bool:
    """Return whether a rule reads a key, its page names it, or a proof of it rests on the key."""
    if _reads(pack, key):
        return True
    whole = ".".join(key.names)
    proofs = {fact for one in pack.proven_unless for fact in (*one.facts, *one.given, *one.unless)}
    if any(_is_of(fact, key.part, whole) for fact in proofs):
        return True
    text = "\n".join([pack.summary, pack.what, pack.place, pack.fix, text_of(pack.folder, "notes.md") or ""])
    codes = set(_CODE.findall(text))
    if whole in codes or any(_is_of(code, key.part, whole) for code in codes):
        return True
    if len(key.names) == 1 or key.names[-1] not in codes:
        return False
    above = key.names[-2]
    return above in text or (above == "slo" and ("objective" in text or "SLO" in text))


def _is_of(fact: str, part: str, whole: str) -> bool:
    first, _, rest = fact.partition(".")
    return rest == whole and (_SINGULAR.get(first, first) == part)


def _plain(text: str) -> str:
    return text.replace("`", "")
