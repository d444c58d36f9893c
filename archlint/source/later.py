"""What other packages load at import, and archlint hardly ever uses: loaded when it is first used.

PyYAML compiles the regular expressions of its Python reader and its resolver at import. archlint uses the C parser and
none of these, and one of them takes as long to compile as a small file takes to check.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Final

_NEVER_ENCODED: Final = {"uuid": ("UUID", "SafeUUID"), "decimal": ("Decimal",)}
"""The modules that msgspec imports for types that no record of archlint has, with what it takes from them."""
_BACKPORTS: Final = "typing_extensions"


class Later:
    """Stands for a compiled regular expression, and compiles it when an attribute is first asked for."""

    def __init__(self, make: Callable[[], re.Pattern[str]]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> object:
        """Return an attribute of the compiled expression."""
        found: object = getattr(self._make(), name)
        self.__dict__[name] = found
        return found


def import_yaml() -> None:
    """Import PyYAML without compiling its regular expressions, without what decodes `!!binary`, and with light events.

    Only for a process of archlint's own, before it has threads: `re.compile` is replaced during the import.
    """
    if "yaml" in sys.modules:
        return
    import_later("base64", "binascii")
    compile_now = re.compile

    def compile_later(pattern: str, flags: int = 0) -> Later:
        return Later(lambda: compile_now(pattern, flags))

    names = vars(re)
    names["compile"] = compile_later
    try:
        import yaml  # noqa: F401
    finally:
        names["compile"] = compile_now
    _use_light_events()


def _use_light_events() -> None:
    """Let PyYAML's C parser make records for what there is most of: keys, values, and the ends of collections.

    They have the attributes of its own classes, which are written in Python: to fill one of those takes as long as to
    parse what it stands for.
    """
    import msgspec

    try:
        parser = import_module("yaml._yaml")
    except ImportError:
        return
    marks = ("start_mark", "end_mark")
    start = ("anchor", "tag", "implicit")
    attributes = {
        "ScalarEvent": (*start, "value", *marks, "style"),
        "MappingStartEvent": (*start, *marks, "flow_style"),
        "SequenceStartEvent": (*start, *marks, "flow_style"),
        "MappingEndEvent": marks,
        "SequenceEndEvent": marks,
    }
    for name, fields in attributes.items():
        optional = [(field, object, None) for field in fields]
        setattr(parser, name, msgspec.defstruct(name, optional, gc=False))


class LaterModule(ModuleType):
    """Stands for a module, and imports it when an attribute is first asked for."""

    def __getattr__(self, name: str) -> object:
        """Return an attribute of the module."""
        if name == "__path__":               # the import system asks whether it is a package
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        found: object = getattr(import_module(self.__name__), name)
        self.__dict__[name] = found
        return found


def import_msgspec() -> None:
    """Import msgspec without `uuid`, `decimal`, `typing_extensions`, and its own modules that a check does not use.

    msgspec takes from the first two the types that it can encode; archlint's records have neither. Of the third, it
    can do without: Python 3.11 has what it takes from there. Only for a process of archlint's own, before it has
    threads.
    """
    if "msgspec" in sys.modules:
        return
    import_later("msgspec.inspect", "msgspec.msgpack", "msgspec.toml", "msgspec.yaml")
    missing = [name for name in _NEVER_ENCODED if name not in sys.modules]
    for name in missing:
        sys.modules[name] = stand_in = ModuleType(name)
        vars(stand_in).update({kind: type(kind, (), {"unknown": None}) for kind in _NEVER_ENCODED[name]})
    if _BACKPORTS not in sys.modules:
        missing.append(_BACKPORTS)
        vars(sys)["modules"][_BACKPORTS] = None        # as if it were not installed
    try:
        import msgspec  # noqa: F401
    finally:
        for name in missing:
            del sys.modules[name]


def import_later(*names: str) -> None:
    """Let other modules import these without loading them, as `pathlib` does `ntpath`, for paths of another system.

    Only for a process of archlint's own, before it has threads.
    """
    for name in names:
        sys.modules.setdefault(name, LaterModule(name))
