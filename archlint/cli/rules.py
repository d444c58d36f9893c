"""`archlint rules`."""

from __future__ import annotations

from pathlib import Path

import click

from archlint.cli.complete import complete_rule_words
from archlint.cli.options import allow_code as allow_code_option
from archlint.cli.options import config as config_option
from archlint.cli.outputs import write_output
from archlint.cli.permission import allows_code
from archlint.cli.terminal import use_color, width
from archlint.errors import UsageError
from archlint.listing import all_packs
from archlint.model.names import nearest
from archlint.packs import Pack
from archlint.report.pages import rules_json, rules_table


@click.command("rules")
@click.argument("words", nargs=-1, metavar="[RULES]...", shell_complete=complete_rule_words)
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print the rules as JSON.")
@allow_code_option
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the output.")
def command(words: tuple[str, ...], config: Path | None, as_json: bool, allow_code: bool, color: str) -> None:
    """List the rules, including those of configured packs.

    RULES selects some of them: families (SRV), prefixes of ids (SRV0), ids, or parts of names (queue).
    """
    packs = all_packs(config, allows_code(allow_code))
    if words:
        packs = _picked(packs, [word for text in words for word in text.replace(",", " ").split()])
    write_output(rules_json(packs) if as_json else rules_table(packs, width(), use_color(color)), "", machine=as_json)


def _picked(packs: list[Pack], words: list[str]) -> list[Pack]:
    """Return the rules that match any of the words; raises `UsageError` for a word that matches none."""
    found: set[str] = set()
    for word in words:
        picked = {pack.id for pack in packs if pack.id.startswith(word.upper()) or word.lower() in pack.name}
        if not picked:
            known = sorted({name for pack in packs for name in (pack.family, pack.id, pack.name)})
            likely = nearest(word, known)
            hint = f"did you mean `{likely}`?" if likely else "`archlint rules` lists all of them"
            raise UsageError(f"no rule has the family, id or name `{word}`", hint)
        found |= picked
    return [pack for pack in packs if pack.id in found]
