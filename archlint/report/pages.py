"""Pages and tables about rules, patterns and technologies: for the terminal, as JSON, and for the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from archlint.about import DOCS, TREE, docs_url
from archlint.catalog.patterns import Pattern, patterns
from archlint.catalog.technologies import Technology, default_text
from archlint.maker import rule_url
from archlint.packs import Pack
from archlint.packs.files import first_example, text_of
from archlint.packs.records import Overturn
from archlint.report.layout import columns_of, flat, joined, wrap
from archlint.verdicts import reference_name, start_command

_STATUS: Final = {
    "stable": "Status: stable.",
    "preview": "Status: preview (a later release may report other findings, or at other places).",
}
_INDENT = 4
_LEAST_TEXT = 36
"""Columns that a table needs for its last column, or it is written below."""
_MOST_KINDS = 3
_BOLD, _DIM, _CYAN, _RESET = "\033[1m", "\033[2m", "\033[36m", "\033[0m"
_CODE = re.compile(r"`([^`]+)`")
_OWN_PAGE = re.compile(r" \(\[[^\]]+\]\(\.\./[^)]*\)\)")
"""A link in parentheses to another page of the docs, which is useless in a terminal."""


def rule_page(pack: Pack) -> str:
    """The page of a rule in Markdown: what it does, why, both examples, fixes, limits, arithmetic, sources."""
    parts = [
        f"# {pack.id} {pack.name}",
        f"**{pack.title}.** {pack.summary}" if pack.summary else f"**{pack.title}.**",
        f"Severity: {pack.severity.value}. {_STATUS.get(pack.status, f'Status: {pack.status}.')}{_imported(pack)}",
    ]
    if pack.what:
        place = f"\n\nWhere it is reported: {pack.place[:1].lower()}{pack.place[1:]}" if pack.place else ""
        parts.append(f"## What it does\n\n{_paragraphs(pack.what)}{place}")
    if pack.why:
        parts.append(f"## Why it matters\n\n{_paragraphs(pack.why)}")
    parts += _example(pack, "bad", "Example")
    fixes = "\n".join(_cure_line(cure.pattern, cure.text, cure.when) for cure in pack.cures)
    if pack.fix or fixes:
        parts.append("\n\n".join(part for part in ("## How to fix", pack.fix, fixes) if part))
    parts += _example(pack, "good", "Example that passes")
    parts += _notes(pack)
    parts += _arithmetic(pack)
    if pack.sources:
        parts.append("## Sources\n\n" + "\n".join(_source(source.title, source.url) for source in pack.sources))
    return "\n\n".join(parts) + "\n"


def _imported(pack: Pack) -> str:
    """Return what is different in systems that are imported from deployment files."""
    if pack.is_deployment:
        return " It runs on deployment files only."
    return f" In systems read from deployment files: {pack.imported} at most." if pack.imported else ""


_PROOF: Final = "## What makes it proven"


def _notes(pack: Pack) -> list[str]:
    """Return the notes of a rule, with the facts that could overturn a proof at the end of its section."""
    notes = _unwrapped(text_of(pack.folder, "notes.md") or "")
    unless = ""
    if pack.proven_unless:
        lines = [_overturn_line(entry) for entry in pack.proven_unless]
        unless = "The finding is not proven (it is a hint, undecided, or not reported) if:\n\n" + "\n".join(lines)
    before, heading, after = notes.partition(_PROOF)
    if not unless:
        return [notes] if notes else []
    if not heading:
        return [*([notes] if notes else []), f"{_PROOF}\n\n{unless}"]
    own, more, rest = after.strip().partition("\n\n## ")
    return [f"{before}{_PROOF}\n\n{own}\n\n{unless}{more}{rest}"]


def _overturn_line(entry: Overturn) -> str:
    """Return what overturns a proof, its keys, and those whose presence decides whether it does.

    >>> _overturn_line(Overturn("it may stream", {"workload.tokens": "9"}, given=("a.b",), unless=("a.c", "a.d")))
    '- it may stream (`workload.tokens`), if the file states `a.b`, but neither `a.c` nor `a.d`.'
    >>> _overturn_line(Overturn("the timeouts are equal", {"relation.timeout": "1s"}, unless=("relation.retries",)))
    '- the timeouts are equal (`relation.timeout`), unless the file states `relation.retries`.'
    """
    facts, given, unless = ([f"`{fact}`" for fact in some] for some in (entry.facts, entry.given, entry.unless))
    states = f", if the file states {joined(given)}" if given else ""
    if unless and given:
        states += f", but not {unless[0]}" if len(unless) == 1 else f", but neither {joined(unless, 'nor')}"
    elif unless:
        states += f", unless the file states {joined(unless, 'or')}"
    return f"- {entry.text.rstrip('.')} ({', '.join(facts)}){states}."


def _paragraphs(text: str) -> str:
    """Return a folded text of YAML, in which one line break separates paragraphs, as Markdown.

    >>> _paragraphs("one\\ntwo")
    'one\\n\\ntwo'
    """
    return text.replace("\n", "\n\n")


def _unwrapped(text: str) -> str:
    """Join the lines of each paragraph and list item.

    >>> _unwrapped("- one\\n  item\\n- two\\n\\nA long\\nparagraph\\n")
    '- one item\\n- two\\n\\nA long paragraph'
    """
    return re.sub(r"(?<=\S)\n(?![\n#-]) *", " ", text.strip())


def _arithmetic(pack: Pack) -> list[str]:
    """Return the sections on terms and parameters."""
    parts = []
    if pack.terms:
        lines = [f"- `{name}`: {text}" for name, text in pack.terms.items()]
        said = "An acceptance can set a limit for them (`while: TERM OP QUANTITY`)."
        parts.append(f"## Terms of a finding\n\n{said}\n\n" + "\n".join(lines))
    if pack.params and pack.check != "reader_problem":
        lines = [
            f"- `{p.name}` = {p.text}: {p.reason}" + (f" ({p.source})" if p.source else "")
            for p in pack.params.values()
        ]
        parts.append("## Parameters\n\n" + "\n".join(lines))
    return parts


def _source(title: str, url: str) -> str:
    return f"- {title}: <{url}>" if url else f"- {title}"


def _cure_line(name: str, text: str, when: str) -> str:
    pattern = patterns().get(name)
    command = start_command(pattern.reference) if pattern is not None else ""
    start = f" Try it: `{command}`." if command else ""
    condition = f" Use it when {when.rstrip('.')}." if when else ""
    return f"- [{name}](../patterns/{name}.md): {text.rstrip('.')}.{condition}{start}"


def _example(pack: Pack, kind: str, title: str) -> list[str]:
    """Return the first example of a kind; the marks of the tests become arrows."""
    example = first_example(pack, kind)
    if example is None:
        return []
    text, marks = re.subn(r"# expect: *([A-Z0-9 ]+)", r"# <- \1", example.rstrip())
    said = f"The marked {'line is' if marks == 1 else 'lines are'} reported:\n\n" if marks else ""
    return [f"## {title}\n\n{said}```yaml\n{text}\n```"]


def pattern_page(pattern: Pattern, packs: Sequence[Pack]) -> str:
    """The page of a pattern in Markdown, with the rules that it fixes."""
    parts = [f"# {pattern.title}", pattern.summary, f"Name: `{pattern.name}`. Group: {pattern.group}."]
    for title, lines in (("Use it when", pattern.use_when), ("Do not use it when", pattern.avoid_when)):
        if lines:
            parts.append(f"## {title}\n\n" + "\n".join(f"- {line}" for line in lines))
    if pattern.roles:
        parts.append("## Roles\n\n" + "\n".join(f"- **{role}**: {text}" for role, text in pattern.roles.items()))
    if pattern.recognised:
        parts.append(f"## How archlint recognises it\n\n{pattern.recognised}")
    if pattern.costs:
        parts.append(f"## What it costs\n\n{pattern.costs}")
    if pattern.reference:
        readme = f"[README](../../{pattern.reference}/README.md)"
        start, new = start_command(pattern.reference), f"archlint new {reference_name(pattern.reference)} FOLDER"
        parts.append(
            f"## Try it\n\n`{start}` starts a working implementation ({readme}).\n\n"
            f"`{new}` writes it into a project of your own: code, tests, container files and `arch.yaml`."
        )
    fixed = [pack for pack in packs if any(cure.pattern == pattern.name for cure in pack.cures)]
    if fixed:
        rules = [f"[{pack.id} {pack.name}](../rules/{pack.id}-{pack.name}.md): {pack.title}" for pack in fixed]
        parts.append("## Rules that it fixes\n\n" + "\n".join(f"- {line}" for line in rules))
    if pattern.sources:
        parts.append("## Sources\n\n" + "\n".join(_source(title, url) for title, url in pattern.sources))
    return "\n\n".join(parts) + "\n"


def with_whole_links(page: str) -> str:
    """Return a Markdown page of `docs/rules` or `docs/patterns` with links that work anywhere.

    >>> with_whole_links("[a](../patterns/a.md), [b](../../b/README.md)")[:73]
    '[a](https://github.com/example/archlint/blob/main/docs/patterns/a.md), [b'
    """
    return page.replace("](../../", f"]({TREE}/").replace("](../", f"]({DOCS}/")


def to_terminal(page: str, width: int, color: bool) -> str:
    """Return a Markdown page for a terminal: wrapped, headings bold, links by name.

    Of the examples, only comments are wrapped.
    """
    lines: list[str] = []
    code = False
    for line in page.rstrip().split("\n"):
        if line.startswith("```"):
            code = not code
        elif code:
            lines += _code(line, width, color)
        elif line.startswith("#"):
            title = line.lstrip("# ")
            lines.append(f"{_BOLD}{title}{_RESET}" if color else (title.upper() if line.startswith("## ") else title))
        else:
            lines += _paragraph(line, width, color)
    return "\n".join(lines)


def _code(line: str, width: int, color: bool) -> list[str]:
    """Indent a line of an example; only a comment is wrapped, so that the example can be copied."""
    if not line.lstrip().startswith("#"):
        return [f"    {line}"]
    margin = " " * (len(line) - len(line.lstrip()))
    room = width - len(margin) - 6
    comment = [f"{margin}# {text}" for text in wrap(line.strip("# "), room, room, cut=False)]
    return [f"    {_DIM}{text}{_RESET}" if color else f"    {text}" for text in comment]


def _paragraph(line: str, width: int, color: bool) -> list[str]:
    own = _OWN_PAGE.sub("", line)
    plain = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", own).replace("**", "")
    indent = "  " if plain.startswith("- ") else ""
    first, *rest = wrap(plain, width, width - len(indent), cut=False)
    lines = [first, *(indent + text for text in rest)]
    return [_CODE.sub(f"{_CYAN}\\1{_RESET}", text) if color else text for text in lines]


def rules_table(packs: Sequence[Pack], width: int, color: bool) -> str:
    """Return the rules as a table: id, name, severity, title."""
    return _table([(p.id, p.name, p.severity.value, p.title) for p in packs], width, color)


def rules_json(packs: Sequence[Pack]) -> str:
    """Return the rules as JSON, with all data of their packs."""
    return _json(
        [
            {
                "id": pack.id,
                "name": pack.name,
                "title": pack.title,
                "severity": pack.severity.value,
                "status": pack.status,
                "summary": pack.summary,
                "what": pack.what,
                "why": pack.why,
                "place": pack.place,
                "fix": pack.fix,
                "check": pack.check,
                "docs": rule_url(pack.folder, pack.docs),
                "terms": pack.terms,
                "params": {
                    p.name: {"value": p.text, "unit": p.unit, "reason": p.reason, "source": p.source}
                    for p in pack.params.values()
                },
                "cures": [{"pattern": c.pattern, "text": c.text, "when": c.when} for c in pack.cures],
                "sources": [{"title": s.title, "url": s.url} for s in pack.sources],
            }
            for pack in packs
        ]
    )


def references_table(rows: Sequence[tuple[str, str]], width: int, color: bool) -> str:
    """The reference implementations as a table: name, title."""
    return _table(rows, width, color)


def patterns_table(known: Iterable[Pattern], width: int, color: bool) -> str:
    """Return the patterns as a table: name, group, summary."""
    return _table([(p.name, p.group, p.summary) for p in known], width, color)


def patterns_json(known: Iterable[Pattern]) -> str:
    """Return the patterns as JSON."""
    return _json(
        [
            {
                "name": p.name,
                "title": p.title,
                "group": p.group,
                "summary": p.summary,
                "use_when": p.use_when,
                "avoid_when": p.avoid_when,
                "roles": p.roles,
                "recognised": p.recognised,
                "costs": p.costs,
                "docs": docs_url(p.docs),
                "reference": reference_name(p.reference),
                "sources": [{"title": title, "url": url} for title, url in p.sources],
            }
            for p in known
        ]
    )


def technologies_table(known: Iterable[Technology], width: int, color: bool) -> str:
    """Return the technologies as a table: name, kinds, defaults, and the names that mean something else."""
    return _table([(t.name, _few(t.kinds), _assumed(t)) for t in known], width, color)


def _few(kinds: Sequence[str]) -> str:
    """Join the first kinds, and count the others: the table has room for some.

    >>> _few(["queue", "log-store", "database", "cache", "worker"])
    'queue, log-store, database +2'
    """
    more = f" +{len(kinds) - _MOST_KINDS}" if len(kinds) > _MOST_KINDS else ""
    return ", ".join(kinds[:_MOST_KINDS]) + more


def _assumed(technology: Technology) -> str:
    facts = [f"{default_text(key, fact.value)} ({fact.because})" for key, fact in technology.assumed.items()]
    return "; ".join([*facts, *(f"not the same as {name}" for name in technology.unlike)])


def technologies_json(known: Iterable[Technology]) -> str:
    """Return the technologies as JSON; a default timeout is in seconds."""
    return _json(
        [
            msgspec.structs.asdict(t) | {"assumed": {k: msgspec.structs.asdict(f) for k, f in t.assumed.items()}}
            for t in known
        ]
    )


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _table(rows: Sequence[tuple[str, ...]], width: int, color: bool) -> str:
    """Align the columns, and wrap the last one; in a narrow terminal, write all but the first below it."""
    rows = [tuple(map(flat, row)) for row in rows]
    if not rows:
        return ""
    columns = list(zip(*rows, strict=True))
    sizes = [max(map(columns_of, column)) for column in columns[:-1]]
    indent = sum(sizes) + 2 * len(sizes)
    lines = []
    for row in rows:
        cells = [cell + " " * (size - columns_of(cell)) for cell, size in zip(row, sizes, strict=False)]
        if color:
            cells[0] = f"{_BOLD}{cells[0]}{_RESET}"
        if width - indent < _LEAST_TEXT:
            below = wrap("  ".join(filter(None, row[1:])), width - _INDENT, width - _INDENT, cut=False)
            lines += [cells[0].rstrip(), *(" " * _INDENT + text for text in below if text)]
            continue
        rest = wrap(row[-1], width - indent, width - indent, cut=False)
        lines.append(("  ".join(cells) + "  " + rest[0]).rstrip())
        lines += [" " * indent + text for text in rest[1:]]
    return "\n".join(lines)
