"""Answers about what is under the cursor: completions, and the meaning of a key, a value or a finding."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lsprotocol import types

from archlint.catalog.hardware import shipped_accelerators
from archlint.errors import ArchlintError
from archlint.linter import Linter, Options
from archlint.lsp.context import context_at
from archlint.lsp.hovers import about_rule, about_spot, rule_in_comment
from archlint.lsp.known import Known
from archlint.lsp.offers import Offer, Vocabulary, offers_at
from archlint.lsp.server import Server
from archlint.lsp.tree import spot_at
from archlint.model.records import SECTIONS
from archlint.packs import Pack, load_packs
from archlint.source.files import SUFFIXES
from archlint.targets import Configs

_ITEM_KINDS: Final = {
    "key": types.CompletionItemKind.Property, "word": types.CompletionItemKind.EnumMember,
    "name": types.CompletionItemKind.Reference, "technology": types.CompletionItemKind.Module,
    "rule": types.CompletionItemKind.Event, "unit": types.CompletionItemKind.Unit,
    "file": types.CompletionItemKind.File,
}  # fmt: skip
_MOST_FILES: Final = 200


class Words:
    """Answers requests about words, for one server."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def completion(self, params: types.CompletionParams) -> list[types.CompletionItem]:
        """Complete what is being typed."""
        path = self.server.path_of(params.text_document.uri)
        if not self.server.is_part(path):
            return []
        document = self.server.as_typed(path)
        ruler = self.server.ruler_of(document)
        offset = ruler.offset(params.position)
        context = context_at(document.text, offset)
        if context is None:
            return []
        words = self._vocabulary(path, self._known(path, offset))
        place = types.Range(ruler.position(context.start), params.position)
        colon = document.text[offset : offset + 1] == ":"
        return [_item(offer, place, colon, number) for number, offer in enumerate(offers_at(context, words))]

    def hover(self, params: types.HoverParams) -> types.Hover | None:
        """Say what the key, the value or the finding at a position means."""
        path = self.server.path_of(params.text_document.uri)
        document = self.server.document(path)
        if document is None or not self.server.is_part(path):
            return None
        ruler = self.server.ruler_of(document)
        offset = ruler.offset(params.position)
        line, column = document.position(offset)
        packs = _packs(path)
        in_comment = rule_in_comment(document.line(line), column - 1)
        if in_comment is not None:
            word, start, end = in_comment
            whole = types.Range(ruler.place(line, start + 1), ruler.place(line, end + 1))
            return _hover([about_rule(word, packs)], whole)
        spot = spot_at(document, offset)
        texts = []
        if spot is not None:
            texts.append(about_spot(spot, self._known(path, offset), _linter(path).technologies, packs))
        for diagnostic in self.server.shown.get(self.server.uris[path], ()):
            if diagnostic.range.start <= params.position <= diagnostic.range.end:
                texts.append(about_rule(str(diagnostic.code), packs))
        return _hover(texts, ruler.span(spot.span) if spot is not None else None)

    def _known(self, path: Path, offset: int) -> list[Known]:
        """Return the systems that a place of a file belongs to; all of the file, if it is between them."""
        known = self.server.known(path)
        return [one for one in known if one.document_at(path, offset) is not None] or known

    def _vocabulary(self, path: Path, known: list[Known]) -> Vocabulary:
        names: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
        for one in known:
            for section in SECTIONS:
                names[section] |= one.names(section)
        packs = _packs(path)
        rules = {pack.id: f"{pack.name}: {pack.title}" for pack in packs}
        rules |= {pack.name: f"{pack.id}: {pack.title}" for pack in packs}
        places = {finding.at: None for report in self.server.reports.values() for finding in report.findings}
        return Vocabulary(
            names,
            {name: entry.label for name, entry in _linter(path).technologies.entries.items()},
            {one.name: one.title for one in shipped_accelerators()},
            rules,
            tuple(_files_beside(path)),
            tuple(place for place in places if place != "system"),
        )


def _linter(path: Path) -> Linter:
    """Return the linter of the configuration of a file, without rules; of none, if the configuration is wrong."""
    try:
        return Linter(Configs(Options()).config_for(path), Options(rules=False))
    except ArchlintError:
        return Linter(Configs(Options(isolated=True)).config_for(path), Options(rules=False))


def _packs(path: Path) -> list[Pack]:
    """Return the rules of the configuration of a file, without running code; the shipped ones, if it is wrong."""
    try:
        return load_packs(Configs(Options()).config_for(path).packs)
    except ArchlintError:
        return load_packs()


def _item(offer: Offer, place: types.Range, colon: bool, number: int) -> types.CompletionItem:
    text = offer.text.rstrip(": ") if colon and offer.kind == "key" else offer.text
    is_key = offer.kind == "key"           # the texts of others may come from the repository: they are no Markdown
    return types.CompletionItem(
        offer.label, kind=_ITEM_KINDS[offer.kind], detail=None if is_key else offer.about or None,
        documentation=_markdown(offer.about) if is_key else None, text_edit=types.TextEdit(place, text),
        filter_text=offer.label, sort_text=f"{number:05}",
    )  # fmt: skip


def _hover(texts: list[str], where: types.Range | None) -> types.Hover | None:
    text = "\n\n---\n\n".join(dict.fromkeys(filter(None, texts)))
    return types.Hover(_markdown(text), where) if text else None


def _markdown(text: str) -> types.MarkupContent:
    return types.MarkupContent(types.MarkupKind.Markdown, text)


def _files_beside(path: Path) -> Iterator[str]:
    """Yield the YAML files that a file could include, relative to its folder."""
    try:
        found = sorted(one for one in path.parent.iterdir() if one.suffix in SUFFIXES and one != path)
    except OSError:
        return
    for one in found[:_MOST_FILES]:
        yield one.name
