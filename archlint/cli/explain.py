"""`archlint explain`."""

from __future__ import annotations

from pathlib import Path

import click

from archlint.cli.complete import complete_rule
from archlint.cli.options import allow_code as allow_code_option
from archlint.cli.options import config as config_option
from archlint.cli.outputs import write_output
from archlint.cli.permission import allows_code
from archlint.cli.streams import clean
from archlint.cli.terminal import use_color, width
from archlint.errors import UsageError
from archlint.listing import all_packs, all_technologies, find_pack
from archlint.report.keys import KEY_LISTS_BY_NAME, keys_of
from archlint.report.pages import rule_page, to_terminal, with_whole_links

_LISTS = "see `archlint rules`, or `archlint explain keys`"


@click.command("explain")
@click.argument("word", metavar="RULE|KEY", shell_complete=complete_rule)
@config_option
@click.option("--markdown", is_flag=True, help="Print the page of a rule as Markdown.")
@allow_code_option
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the output.")
def command(word: str, config: Path | None, markdown: bool, allow_code: bool, color: str) -> None:
    """Explain a rule, by its id (SRV001) or name (online-bigsize), or a key of arch.yaml (workloads.slo.ttft).

    A key is named by its path, with or without the names of parts: components.api.replicas and components.replicas
    mean the same. `explain component` lists the keys of a component, and `explain keys` all keys; `workload`, `model`,
    `relation`, `system` and `acceptance` list those of each.
    """
    section = KEY_LISTS_BY_NAME.get(word.lower())
    if section is not None:
        write_output(clean(keys_of(section, width())), "", machine=False)
        return
    allowed = allows_code(allow_code)
    try:
        pack = find_pack(word, config, allowed)
    except UsageError as error:
        write_output(clean(_key(word, error, config, allowed)), "", machine=False)
        return
    page = clean(rule_page(pack))
    shown = with_whole_links(page) if markdown else to_terminal(page, width(), use_color(color))
    write_output(shown, "", machine=markdown)


def _key(word: str, error: UsageError, config: Path | None, allowed: bool) -> str:
    """Return the help of a key; raises `UsageError` if there is neither such a key nor such a rule."""
    from archlint.report.key_help import find_keys, key_text, nearest_key

    found = find_keys(word)
    if found:
        return key_text(found, all_packs(config, allowed), width())
    near = nearest_key(word)
    if "." in word:
        hint = f"did you mean `{near}`?" if near else "`archlint explain keys` lists all keys"
        raise UsageError(f"there is no key `{word}`", hint)
    likely = error.hint if error.hint.startswith("did you mean") else f"did you mean `{near}`?" if near else ""
    raise UsageError(f"there is no rule or key `{word}`", _elsewhere(word, config) or likely or _LISTS)


def _elsewhere(word: str, config: Path | None) -> str:
    """Say what a word means that is neither a rule nor a key."""
    from archlint.catalog.patterns import pattern_named
    from archlint.model.words import KINDS

    if pattern_named(word) is not None:
        return f"it is a pattern: archlint patterns {word}"
    if word.upper() in {pack.family for pack in all_packs(config)}:
        return f"it is a family of rules: archlint rules {word.upper()}"
    if word in KINDS:
        return f"it is a kind of component, which {KINDS[word]}"
    known = all_technologies(config).get(word)
    return f"it is a technology for `uses:`: {known.title} ({', '.join(known.kinds)})" if known is not None else ""
