"""A pack with its check and parameters: what the engine runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType

import msgspec

from archlint.analysis.system import System
from archlint.errors import ArchlintError, PackError
from archlint.model.architecture import Problem
from archlint.model.names import nearest
from archlint.packs.params import ParamValue
from archlint.packs.records import Pack
from archlint.verdicts import NoParams, Severity, Verdict

Check = Callable[[System, msgspec.Struct], Iterator[Verdict | Problem]]


class Rule(msgspec.Struct, frozen=True, dict=True):
    """A pack bound to its check with parameters: what the engine runs. `chosen` is a severity that the user set.

    The check of a pack that ships with archlint is imported when it first runs.
    """

    pack: Pack
    overrides: dict[str, ParamValue]
    severity: Severity
    chosen: bool = False

    @cached_property
    def params(self) -> msgspec.Struct:
        """The parameters; raises `PackError` if they do not fit the check."""
        return _params(self.pack, self._module, self.overrides)

    @cached_property
    def run(self) -> Check:
        """The check; raises `PackError` if the pack names none."""
        run: Check | None = getattr(self._module, "check", None)
        prepare: Callable[[msgspec.Struct, str], Check] | None = getattr(self._module, "prepare", None)
        if prepare is not None:
            run = prepare(self.params, self.pack.file)
        if run is None:
            problem = f"the check `{self.pack.check}` has no function `check`"
            raise PackError(f"{self.pack.file}: {problem}", "see the rules that ship")
        return _guarded(run, self.pack) if self.pack.check.startswith("./") else run

    @cached_property
    def _module(self) -> ModuleType:
        return _module(self.pack)


def bind(pack: Pack, overrides: Mapping[str, ParamValue] | None = None, severity: Severity | None = None) -> Rule:
    """Bind a pack to its check; raises `PackError` if they do not fit.

    A check is a module with `check`, and with `Params` (a record) if it has parameters. If these have the fields
    `values` and `units`, it accepts parameters of any name and gets them there. If it must prepare its parameters (for
    example compile them), it also has `prepare(params, where)`, which returns the check.
    """
    rule = Rule(pack, dict(overrides or {}), severity or pack.severity, severity is not None)
    if overrides or not pack.shipped:
        _ = rule.run, rule.params     # what does not fit is reported now, and not in the middle of a check
    return rule


def _guarded(run: Check, pack: Pack) -> Check:
    """Turn an exception of a custom check into a `PackError` with the line in the check."""
    file = (pack.folder / pack.check).resolve()

    def guarded(system: System, params: msgspec.Struct) -> Iterator[Verdict | Problem]:
        try:
            yield from run(system, params)
        except (ArchlintError, MemoryError):
            raise
        except Exception as error:
            from traceback import extract_tb

            lines = [frame.lineno for frame in extract_tb(error.__traceback__) if Path(frame.filename) == file]
            where = f"{file}:{lines[-1]}" if lines else str(file)
            message = f"{where}: the check failed: {type(error).__name__}: {error}"
            raise PackError(message, "correct the check") from error

    return guarded


def fit_params(pack: Pack, overrides: Mapping[str, ParamValue]) -> msgspec.Struct:
    """Return the parameters of a pack in the form of its check; raises `PackError` if they do not fit."""
    return _params(pack, _module(pack), overrides)


def _params(pack: Pack, module: ModuleType, overrides: Mapping[str, ParamValue]) -> msgspec.Struct:
    make: type[msgspec.Struct] = getattr(module, "Params", NoParams)
    values = {name: param.value for name, param in pack.params.items()} | dict(overrides)
    fields = make.__struct_encode_fields__
    known: dict[str, object] = {name: value for name, value in values.items() if name in fields}
    others = {name: value for name, value in values.items() if name not in fields}
    if "values" in fields:
        known |= {
            "values": others,
            "units": {name: pack.params[name].unit for name in others if name in pack.params},
        }
    else:
        for name in others:
            param = pack.params.get(name)
            likely = nearest(name, fields)
            hint = f"did you mean `{likely}`?" if likely else f"known: {', '.join(fields) or 'none'}"
            raise PackError(
                f"{param.where if param else pack.file}: the check `{pack.check}` has no parameter `{name}`",
                hint,
            )
    if len(make.__struct_defaults__) == len(fields) and "values" not in fields:
        # Nearly always: then there is no need to look at the types, which takes longer than most checks.
        defaults = make()
        if all(_same(getattr(defaults, name, None), value) for name, value in known.items()):
            return defaults
    try:
        return msgspec.convert(known, make, strict=False)
    except msgspec.ValidationError as error:
        raise PackError(f"{pack.file}: the parameters do not fit the check `{pack.check}`: {error}") from None


def _same(default: object, value: object) -> bool:
    return default == value and isinstance(default, bool) == isinstance(value, bool)


_HINT = "write the name of a module of archlint.checks, or ./check.py for one in the rule's own folder"


def _module(pack: Pack) -> ModuleType:
    if pack.check.startswith("./"):
        return _module_in(pack)
    name = f"archlint.checks.{pack.check}"
    if not pack.check.removeprefix("deployed.").isidentifier():
        raise PackError(f"{pack.file}: `{pack.check}` is no check", _HINT)
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise PackError(f"{pack.file}: there is no check `{pack.check}`", _HINT) from None


def _module_in(pack: Pack) -> ModuleType:
    """Import the module of a check in the pack's folder; raises `PackError` for a pack that is not trusted."""
    if not pack.trusted:
        raise PackError(
            f"{pack.file}: the check `{pack.check}` is Python code; the folder {pack.folder.parent} may not run code",
            "read the code first; then allow it with --allow-code or ARCHLINT_ALLOW_CODE=1",
        )
    from importlib.util import module_from_spec, spec_from_file_location

    path = (pack.folder / pack.check).resolve()
    if not path.is_file() or not path.is_relative_to(pack.folder.resolve()):
        raise PackError(
            f"{pack.file}: there is no file {pack.check} in its folder",
            "put the check into the rule's own folder",
        )
    spec = spec_from_file_location(f"archlint_pack_{pack.id}", path)
    if spec is None or spec.loader is None:
        raise PackError(f"{path}: cannot be loaded", "a check is a Python file: ./check.py")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise PackError(f"{path}: {type(error).__name__}: {error}", "correct the check") from error
    return module
