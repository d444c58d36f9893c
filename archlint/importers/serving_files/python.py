"""Python files by their syntax tree: names, constants and places. Nothing is executed."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from archlint.errors import UnreadableInputError
from archlint.importers.files import Files
from archlint.importers.objects import Fact, Site
from archlint.importers.serving_files.common import document_of
from archlint.source.document import Document
from archlint.source.nodes import Span

MAX_CODE: Final = 1024 * 1024
MAX_DEPTH: Final = 20
MAX_TEXT: Final = 4_000
_LINE_BREAK: Final = re.compile(r"\r\n?|\n")

_MODEL: Final = re.compile(r"^[A-Za-z0-9][\w.-]*(/[\w.-]+)?$")
_LOADS: Final = frozenset({"from_pretrained", "LLM", "SentenceTransformer", "CrossEncoder", "WhisperModel"})
"""Calls whose first argument names a model."""
_LOADS_BY_KEY: Final = frozenset({"AsyncEngineArgs", "EngineArgs", "pipeline", "Engine", "ModelConfig"})
"""Calls with a keyword that names a model."""
_MODEL_KEYS: Final = (
    "pretrained_model_name_or_path", "model", "model_name_or_path", "model_path", "model_size_or_path",
)  # fmt: skip

Constant = str | int | float | bool | None
Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class Module:
    """A file with its tree. `aliases` are imported names, `constants` are literals assigned once at the top."""

    def __init__(self, path: Path, document: Document, tree: ast.Module) -> None:
        self.path = path
        self.document = document
        self.tree = tree
        self.aliases: dict[str, str] = {}
        self.values: dict[str, ast.expr] = {}
        self._starts = [0, *(match.end() for match in _LINE_BREAK.finditer(document.text))]
        self._nodes = list(ast.walk(tree))
        self._known: dict[int, Constant] = {}
        for node in self._nodes:
            if isinstance(node, ast.Import):
                for one in node.names:
                    self.aliases[one.asname or one.name.partition(".")[0]] = one.name if one.asname else \
                        one.name.partition(".")[0]
            elif isinstance(node, ast.ImportFrom) and node.module:
                self.aliases.update({one.asname or one.name: f"{node.module}.{one.name}" for one in node.names})
        for statement in tree.body:
            self.values.update(_assigned(statement))

    def nodes(self) -> Iterator[ast.AST]:
        """Yield every node, the outer ones first."""
        return iter(self._nodes)

    def definitions(self) -> Iterator[Definition]:
        """Yield every class and function, in the order of the file."""
        found = (one for one in self._nodes if isinstance(one, Definition))
        return iter(sorted(found, key=lambda one: one.lineno))

    def calls(self, below: ast.AST | None = None) -> Iterator[ast.Call]:
        """Yield every call, of the file or below a node."""
        return (one for one in (self._nodes if below is None else ast.walk(below)) if isinstance(one, ast.Call))

    def site(self, node: ast.expr | ast.stmt | ast.keyword) -> Site:
        """The place of a node; for a class or a function, that of its name."""
        start, end = self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno, node.end_col_offset)
        if isinstance(node, Definition):
            start = self.document.text.find(node.name, start, end)
            end = start + len(node.name)
        return Site(self.document, Span(start, max(end, start)))

    def _offset(self, line: int | None, column: int | None) -> int:
        """The offset in characters of a column in bytes of UTF-8."""
        if line is None or column is None or line > len(self._starts):
            return len(self.document.text)
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.document.text)
        text = self.document.text[start : min(end, start + column)]
        if text.isascii():
            return start + min(column, len(text))
        return start + len(text.encode()[:column].decode(errors="ignore"))

    def dotted(self, node: ast.expr | None) -> str:
        """The name that an expression stands for, through imports: `np.array` is `numpy.array`; empty for others."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.aliases.get(node.id, node.id), *reversed(parts)])

    def constant(self, node: ast.expr | None) -> Constant:
        """The value of a literal, or of a name that a literal is assigned to; None without one."""
        for _ in range(MAX_DEPTH):
            if not isinstance(node, ast.Name):
                break
            node = self.values.get(node.id)
        if id(node) not in self._known:
            self._known[id(node)] = None                # for a value that names itself
            self._known[id(node)] = self._computed(node)
        return self._known[id(node)]

    def _computed(self, node: ast.expr | None) -> Constant:
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool):
            return node.value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            value = node.operand.value
            return -value if isinstance(value, int | float) else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):        # 10 * MINUTES
            pair = [self.constant(one) for one in (node.left, node.right) if isinstance(one, ast.Constant | ast.Name)]
            factors = [one for one in pair if isinstance(one, int | float) and abs(one) < 1e9]
            return factors[0] * factors[1] if len(factors) == 2 else None
        if isinstance(node, ast.JoinedStr) and len(node.values) <= 100:          # f"L4:{COUNT}"
            parts = [self.constant(one.value if isinstance(one, ast.FormattedValue) else one) for one in node.values
                     if isinstance(one, ast.Constant) or _is_plain(one)]
            known = [str(one) for one in parts if one is not None]
            return "".join(known)[:MAX_TEXT] if len(known) == len(node.values) else None
        return None

    def text(self, node: ast.expr | None) -> str:
        """The text of a literal; empty without one."""
        value = self.constant(node)
        return value if isinstance(value, str) else ""

    def number(self, node: ast.expr | None) -> float | None:
        """The number of a literal, also of one in quotes; None without one."""
        value = self.constant(node)
        if isinstance(value, str) and re.fullmatch(r"\d{1,12}(\.\d{1,9})?", value):
            return float(value)
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        return float(value) if abs(value) < 1e15 else None

    def words(self, node: ast.expr | None, below: ast.AST | None = None) -> list[tuple[str, ast.expr]]:
        """The literal texts of a command: a text, a list, or a list joined by `" ".join`.

        Names are also looked up below a node, such as the function that runs the command.
        """
        local = dict(self._local(below)) if below is not None else {}
        for _ in range(MAX_DEPTH):
            if isinstance(node, ast.Name) and node.id in local:
                node = local.pop(node.id)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join":
                node = node.args[0] if node.args else None
            elif isinstance(node, ast.Starred):
                node = node.value
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return [*self.words(node.left), *self.words(node.right)] if isinstance(node.left, ast.List) else []
        items = node.elts if isinstance(node, ast.List | ast.Tuple) else [node] if node is not None else []
        found = ((self.constant(one), one) for one in items[:200])
        return [(str(value)[:20_000], one) for value, one in found if value is not None]

    def _local(self, below: ast.AST) -> Iterator[tuple[str, ast.expr]]:
        for node in ast.walk(below):
            if isinstance(node, ast.stmt):
                yield from _assigned(node)

    def models(self, below: ast.AST) -> Iterator[tuple[str, ast.expr]]:
        """Yield the models that the code below a node loads by a literal name."""
        seen: set[str] = set()
        for call in self.calls(below):
            name = self.dotted(call.func) or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
            last = name.rpartition(".")[2]
            named = keywords(call)
            node = next((named[key] for key in _MODEL_KEYS if key in named), None)
            if last in _LOADS and node is None and call.args:
                node = call.args[0]
            text = self.text(node) if last in _LOADS or last in _LOADS_BY_KEY else ""
            if node is not None and _MODEL.match(text) and text not in seen:
                seen.add(text)
                yield text, node

    def items(self, node: ast.expr | None) -> dict[str, ast.expr]:
        """The items of a dictionary with literal keys, written as a literal or as `dict(a=1)`."""
        for _ in range(MAX_DEPTH):
            if isinstance(node, ast.Name) and node.id in self.values:
                node = self.values[node.id]
        if isinstance(node, ast.Call) and self.dotted(node.func) == "dict":
            return keywords(node)
        if not isinstance(node, ast.Dict):
            return {}
        pairs = zip(node.keys, node.values, strict=True)
        return {self.text(key): value for key, value in pairs if key is not None and self.text(key)}

    def decorators(self, node: Definition) -> Iterator[tuple[str, dict[str, ast.expr], ast.expr]]:
        """Yield the decorators of a definition: the name, the keyword arguments, and the expression."""
        for one in node.decorator_list:
            yield self.dotted(one.func if isinstance(one, ast.Call) else one), keywords(one), one


def _is_plain(node: ast.expr) -> bool:
    """Whether a part of an f-string has no format of its own."""
    return isinstance(node, ast.FormattedValue) and node.format_spec is None and isinstance(node.value, ast.Name)


def keywords(node: ast.expr) -> dict[str, ast.expr]:
    """The keyword arguments of a call."""
    return {one.arg: one.value for one in node.keywords if one.arg} if isinstance(node, ast.Call) else {}


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a statement assigns, with their values."""
    if isinstance(statement, ast.Assign):
        yield from ((one.id, statement.value) for one in statement.targets if isinstance(one, ast.Name))
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        yield from ((statement.target.id, one) for one in (statement.value,) if one is not None)


def modules(paths: list[Path], files: Files, left_out: list[tuple[str, str]]) -> Iterator[Module]:
    """Parse files; one that cannot be parsed is left out with the reason."""
    for path in paths:
        try:
            document = document_of(path, files)
        except UnreadableInputError as error:
            files.errors.append(error)
            continue
        if len(document.text) > MAX_CODE:
            left_out.append((str(path), f"larger than {MAX_CODE // 1024**2} MiB of Python"))
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")                     # of escapes and literals in the user's code
                tree = ast.parse(document.text)
        except SyntaxError as error:
            left_out.append((str(path), f"no Python 3, in line {error.lineno or 1}"))
        except (ValueError, RecursionError, MemoryError):
            left_out.append((str(path), "no Python that can be parsed"))
        else:
            yield Module(path, document, tree)


def hardware(pairs: list[tuple[str, Fact | None]]) -> Fact | None:
    """The fact `hardware` of the parts that are known."""
    inner = tuple((key, fact) for key, fact in pairs if fact is not None)
    return Fact("", inner[0][1].site, inner=inner) if inner else None
