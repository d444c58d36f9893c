"""Shell completion of rules, patterns, implementations, formats and files; it runs no code of rule folders."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from archlint.errors import ArchlintError

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _packs() -> list[tuple[str, str, str]]:
    """Return the rules of the nearest configuration; if it has errors, the shipped rules."""
    from archlint.listing import nearest_packs
    from archlint.packs import shipped_packs

    packs = shipped_packs()
    with suppress(ArchlintError):
        packs = nearest_packs()
    return [(pack.id, pack.name, pack.title) for pack in packs]


def complete_file(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete the name of a file."""
    return [CompletionItem(incomplete, type="file")]


def complete_formats(known: Collection[str], files: bool = True) -> Completer:
    """Return a function that completes the name of a format, and after its colon the name of a file."""

    def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        name, colon, start = incomplete.partition(":")
        if not colon:
            return [CompletionItem(one) for one in known if one.startswith(name)]
        return [CompletionItem(f"{name}:{path}") for path in _paths(start)] if files else []

    return complete


def _paths(start: str) -> list[str]:
    """Return the files and folders whose path begins like this."""
    folder, prefix = (Path(start), "") if start.endswith("/") else (Path(start).parent, Path(start).name)
    try:
        found = sorted(path for path in folder.iterdir() if path.name.startswith(prefix))
    except OSError:
        return []
    return [f"{path.as_posix()}{'/' if path.is_dir() else ''}" for path in found]


def complete_rule(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the id or the name of a rule, the name of a list of keys, or the path of a key."""
    from archlint.report.keys import KEY_LISTS

    if "." in incomplete:
        from archlint.report.key_help import all_keys

        return [CompletionItem(key.short, help=key.field.doc.partition(". ")[0].replace("`", ""))
                for key in all_keys() if key.short.startswith(incomplete)]  # fmt: skip
    lists = [name for name in KEY_LISTS if incomplete and name.startswith(incomplete)]
    found = [CompletionItem(name, help="a list of keys") for name in lists]
    for rule, name, title in _packs():
        if incomplete and rule.startswith(incomplete.upper()):
            found.append(CompletionItem(rule, help=title))
        elif name.startswith(incomplete):
            found.append(CompletionItem(name, help=title))
        elif not incomplete:
            found.append(CompletionItem(rule, help=title))
    return found


def complete_rule_words(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete ids, names and families of rules; in a list with commas, the last one."""
    before, comma, last = incomplete.rpartition(",")
    packs = _packs()
    families = sorted({rule.rstrip("0123456789") for rule, _, _ in packs})
    found = [CompletionItem(f"{before}{comma}{family}", help="all rules of this family")
             for family in families if family.startswith(last.upper())]  # fmt: skip
    for rule, name, title in packs:
        if last and rule.startswith(last.upper()):
            found.append(CompletionItem(f"{before}{comma}{rule}", help=title))
        elif last and name.startswith(last):
            found.append(CompletionItem(f"{before}{comma}{name}", help=title))
    return found


def complete_pattern(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a pattern."""
    from archlint.catalog.patterns import patterns

    return [CompletionItem(name, help=one.title) for name, one in patterns().items() if name.startswith(incomplete)]


def complete_reference(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a reference implementation."""
    from archlint.reference import implementations

    found = implementations().items()
    return [CompletionItem(name, help=one.title) for name, one in found if name.startswith(incomplete)]


def complete_setting(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the path of a fact in the file that the call names: a section, a name, a key."""
    from archlint.api import load_system
    from archlint.linter import Options
    from archlint.model.records import COMPONENT_RECORD, SECTIONS
    from archlint.model.vocabulary import MODEL_RECORD, WORKLOAD

    keys = {"workloads": WORKLOAD.keys, "models": MODEL_RECORD.keys, "components": COMPONENT_RECORD.keys}
    section, dot, rest = incomplete.partition(".")
    if not dot or section not in SECTIONS:
        return [CompletionItem(f"{one}.") for one in SECTIONS if one.startswith(incomplete)]
    name, dot, key = rest.partition(".")
    if dot:
        return [CompletionItem(f"{section}.{name}.{one}=") for one in keys[section] if one.startswith(key)]
    with suppress(ArchlintError):
        found = load_system(_named(ctx), Options(rules=False)).architecture
        sections: dict[str, Iterable[str]] = {
            "workloads": found.workloads, "models": found.models, "components": found.components
        }  # fmt: skip
        return [CompletionItem(f"{section}.{one}.") for one in sections[section] if one.startswith(name)]
    return []


def complete_workload(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a workload in the file that the call names."""
    from archlint.api import load_system
    from archlint.linter import Options

    with suppress(ArchlintError):
        names = load_system(_named(ctx), Options(rules=False)).workloads
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return []


def _named(ctx: click.Context) -> Path:
    """Return the first path of a call, or the file that is read without one.

    While the value of an option is missing, click leaves the paths before it among the words that it did not assign.
    """
    paths = ctx.params.get("paths") or ctx.args
    return Path(paths[0]) if paths else Path("arch.yaml")
