"""The places of keys and values in a TOML text."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from archlint.config.places import Places, Steps

TEXT = '''\
# a comment with [brackets] and = signs
select = ["SRV",   # the first
          'REL001']
"quoted key" = 1
site."example.com".path = "a # b"
text = """
[not.a.table]
key = "no"
"""

[rules."SRV005"]
severity = "warning"
params = {slow = "2s", "odd.name" = 3, deep = {at = 0.5}}

[rules.SRV001.params]
margin = 1_000

[[per-path]]
paths = ["a/**"]
[per-path.rules.OPS001]
severity = 'info'

[[per-path]]
paths = [
  "b/**", "c/**",
]
rules.SRV001.params.slow = 2026-11-01
'''


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("select",), "2:1", "2:10"),
        (("select", 0), "2:11", "2:11"),
        (("select", 1), "3:11", "3:11"),
        (("quoted key",), "4:1", "4:16"),
        (("site", "example.com", "path"), "5:20", "5:27"),
        (("site", "example.com"), "5:6", "5:6"),
        (("rules",), "11:2", "11:2"),
        (("rules", "SRV005"), "11:8", "11:8"),
        (("rules", "SRV005", "severity"), "12:1", "12:12"),
        (("rules", "SRV005", "params", "slow"), "13:11", "13:18"),
        (("rules", "SRV005", "params", "odd.name"), "13:24", "13:37"),
        (("rules", "SRV005", "params", "deep", "at"), "13:48", "13:53"),
        (("rules", "SRV001", "params", "margin"), "16:1", "16:10"),
        (("per-path", 0), "18:1", "18:1"),
        (("per-path", 0, "paths", 0), "19:10", "19:10"),
        (("per-path", 0, "rules", "OPS001", "severity"), "21:1", "21:12"),
        (("per-path", 1, "paths", 1), "25:11", "25:11"),
        (("per-path", 1, "rules", "SRV001", "params", "slow"), "27:21", "27:28"),
    ],
)
def test_keys_and_values_are_found(path: Steps, key: str, value: str) -> None:
    places = Places("c.toml", TEXT)
    assert places.of_key(*path) == f"c.toml:{key}"
    assert places.of_value(*path) == f"c.toml:{value}"


def test_what_is_not_there_is_placed_at_what_would_hold_it() -> None:
    places = Places("c.toml", TEXT)
    assert places.of_value("rules", "SRV005", "params", "none") == "c.toml:13:10"
    assert places.of_value("nothing", "at", "all") == "c.toml:1:1"


def test_lines_are_counted_with_carriage_returns() -> None:
    places = Places("c.toml", "a = 1\r\n\r\n[t]\r\nb = [\r\n 2]\r\n")
    assert places.of_key("t", "b") == "c.toml:4:1"
    assert places.of_value("t", "b", 0) == "c.toml:5:2"


# --- a law: the text at a value's place has that value

KEYS = st.text("abz-_ .\"'\\#=[]é\t", min_size=1, max_size=6)
SCALARS = st.one_of(
    st.integers(-(10**9), 10**9), st.booleans(), st.floats(-1e6, 1e6), st.text(max_size=8), st.datetimes(),
    st.dates(), st.just("a\n'''\n\"\"\"b"),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
TABLES = st.dictionaries(KEYS, VALUES | st.dictionaries(KEYS, VALUES, max_size=3), max_size=5)
MANY = st.lists(TABLES, min_size=1, max_size=3)


def _key(name: str, style: int) -> str:
    if name.isascii() and name.replace("-", "").replace("_", "").isalnum() and style % 2:
        return name
    if style % 3 == 0 and "'" not in name and "\t" not in name:
        return f"'{name}'"
    return '"' + _escaped(name) + '"'


def _escaped(text: str) -> str:
    return "".join(f"\\{c}" if c in '"\\' else f"\\u{ord(c):04X}" if ord(c) < 32 or ord(c) == 127 else c for c in text)


def _value(value: object, style: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        if style % 3 == 0 and "'" not in value and all(ord(c) >= 32 and ord(c) != 127 for c in value):
            return f"'{value}'"
        return f'"""\n{_escaped(value)}"""' if style % 3 == 1 else f'"{_escaped(value)}"'
    if isinstance(value, list):
        break_ = "\n  # more\n  " if style % 2 else " "
        return "[" + break_ + f",{break_}".join(_value(item, style + 1) for item in value) + break_ + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k, style)} = {_value(v, style + 1)}" for k, v in value.items()) + "}"
    return value.isoformat() if isinstance(value, date) else repr(value)


def _table(table: dict[str, object], path: list[str], style: int) -> str:
    """Sub-tables as headers, as dotted keys, or inline."""
    lines, sections = [], []
    for index, (name, value) in enumerate(table.items()):
        key, how = _key(name, style + index), (style + index) % 3
        if isinstance(value, dict) and value and how == 0:
            header = " . ".join([*path, key])
            sections.append(f"[ {header} ]  # a table\n" + _table(value, [*path, key], style + 1))
        elif isinstance(value, dict) and value and how == 1:
            lines += [f"{key} . {_key(k, style)} = {_value(v, style)}" for k, v in value.items()]
        else:
            lines.append(f"  {key}={_value(value, style + index)}  # {name!r}".replace("\x7f", ""))
    return "\n".join([*lines, *sections]) + "\n"


def _leaves(value: object, path: Steps) -> Iterator[tuple[Steps, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    else:
        yield path, value
        if isinstance(value, list):
            for index, inner in enumerate(value):
                if not isinstance(inner, dict):
                    yield from _leaves(inner, (*path, index))


@settings(max_examples=25)
@given(TABLES, MANY, st.integers(0, 11))
def test_the_text_at_a_place_reads_as_the_value(
    table: dict[str, object], many: list[dict[str, object]], style: int
) -> None:
    text = _table(table, [], style)
    text += "".join(f"[[ many . 'of them' ]]\n{_table(item, ['many', 'of them'], style)}" for item in many)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assume(False)  # two styles may define a table twice, which TOML forbids
    places = Places("c.toml", text)
    expected = list(_leaves({k: v for k, v in data.items() if k != "many"}, ()))
    rows = data["many"]["of them"]
    expected += [pair for i, row in enumerate(rows) for pair in _leaves(row, ("many", "of them", i))]
    for path, value in expected:
        place = places.found[path]
        assert tomllib.loads(f"x = {text[place.value : place.end]}")["x"] == value
