"""Finds the architecture files of a call in files, folders and pipes, each once, with its configuration."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from archlint.config import Config, Patterns, find_config, nearest_config, option_patterns, read_config
from archlint.errors import ConfigError, UnreadableInputError
from archlint.inputs import InputError, input_errors
from archlint.linter import Options, baseline_of
from archlint.source.files import is_architecture, plain_path, project_root, read_bytes, read_stream, real_path

if TYPE_CHECKING:
    from archlint.source.search import Ignored, Search

STDIN = "<stdin>"
PER_PATH = "per-path"


def deployment_files(targets: Iterable[Path], configs: Configs | None = None) -> tuple[list[Path], Path]:
    """Return the files that an import reads, and the folder that none of them may lead out of.

    In folders, these are files that could be of a known format and that git does not ignore. A file that the call names
    is always read.
    """
    from archlint.importers.files import root_of
    from archlint.importers.formats import is_considered, likely

    configs = configs or Configs(Options())
    targets = list(targets)
    found: list[Path] = []
    for target in targets:
        if os.path.isdir(target):
            files, unreadable = configs.named(target, is_considered)
            found += (*likely(files), *unreadable)           # reading these says why they cannot be read
        else:
            found.append(target)
    return list(dict.fromkeys(found)), root_of(targets)


class Text(msgspec.Struct, frozen=True):
    """A text that was read from a pipe or from standard input; one that is `unnamed` belongs to the current folder."""

    path: Path
    data: bytes
    unnamed: bool


class Inputs(msgspec.Struct, frozen=True):
    """The inputs of a check.

    `texts` are the contents of pipes and standard input, which can be read only once. `skipped` are YAML files without
    the key `archlint`, `excluded` are paths that the call names and --force-exclude leaves out. `notes` are messages
    that are not errors.
    """

    files: tuple[Path, ...]
    texts: tuple[Text, ...] = ()
    skipped: tuple[Path, ...] = ()
    errors: tuple[InputError, ...] = ()
    excluded: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


class Configs:
    """The configuration of each path, read once; `fixed` applies to all files instead of the nearest one."""

    def __init__(self, options: Options, fixed: Config | None = None) -> None:
        self.options = options
        self.fixed = fixed if fixed is not None else read_config(options.config) if options.config is not None else None
        self.uses = PatternUse()
        self._configs: dict[Path, Config] = {}
        self._files: dict[Path, Config] = {}

    def config_for(self, path: Path) -> Config:
        """Return the configuration that applies to a path."""
        config = self.fixed or self._configs.get(path.parent)
        if config is None:
            config = self._configs[path.parent] = self._nearest(path)
        return config

    def _nearest(self, path: Path) -> Config:
        if self.options.isolated:
            return Config(project_root(path))
        file = nearest_config(path)
        if file is None:
            return find_config(path)
        return self._files.get(file) or self._files.setdefault(file, read_config(file))

    def leaves_out(self, path: Path, folder: Path) -> bool:
        """Return whether a search excludes a path, by the configuration of its folder or by those above the path."""
        outer = self.config_for(folder / "any").with_options(exclude=self.options.exclude)
        self.uses.see(path, False)
        for above in path.parents[: len(path.parents) - len(folder.parents) - 1]:
            self.uses.see(above, True)
        return outer.excludes(path, folder) or self.config_for(path).excludes(path, folder)

    def baselines_for(self, paths: Iterable[Path]) -> set[str]:
        """Return the baselines of some files; an invalid configuration names none."""
        configs: dict[Path, Config] = {}
        for path in {path.parent: path for path in paths}.values():
            with suppress(ConfigError):
                config = self.config_for(path)
                configs[config.file or config.root] = config
        found = (baseline_of(config, self.options) for config in configs.values())
        return {str(baseline) for baseline in found if baseline is not None}

    def search(self, folder: Path, see: Callable[[Config], None] | None = None) -> Search:
        """Search a folder; `see` gets the configuration of each path that the search comes to."""
        from archlint.source.search import find_files  # needed only for folders

        return find_files(folder, self._excluded(folder, see), use_ignore_files=not self.options.isolated)

    def named(self, folder: Path, wanted: Callable[[str], bool]) -> tuple[list[Path], list[Path]]:
        """Return the files below a folder whose names are wanted, in order, and the paths that cannot be read."""
        from archlint.source.search import find_named

        return find_named(folder, wanted, self._excluded(folder, None), use_ignore_files=not self.options.isolated)

    def _excluded(self, folder: Path, see: Callable[[Config], None] | None) -> Ignored:
        above = self.config_for(folder / "any")
        outer = above.with_options(exclude=self.options.exclude)
        if self.options.exclude:
            self.uses.watch((option_patterns(self.options.exclude, above.root),))

        def excluded(path: Path, is_folder: bool) -> bool:
            try:
                nearest = self.config_for(path)
            except ConfigError:                    # reported with the files that it applies to
                nearest = above
            if see is not None:
                see(nearest)
            self.uses.see(path, is_folder)
            return outer.excludes_itself(path, is_folder) or (
                nearest is not above and nearest.excludes_itself(path, is_folder)
            )

        return excluded

    def files_below(self, folder: Path) -> tuple[Path, ...]:
        """Return the architecture files below a folder; raises `UnreadableInputError` if it cannot be searched."""
        found = self.search(folder)
        for error in found.unreadable:
            raise error
        return found.files

    def inputs(self, targets: Iterable[Path], stdin: tuple[bytes, str] | None = None) -> Inputs:
        """Find the inputs in files, folders and pipes; each file is returned once, whatever its names."""
        return _Gathering(self).inputs(targets, stdin)


class _Gathering:
    """One pass over the targets of a call."""

    def __init__(self, configs: Configs) -> None:
        self.configs = configs
        self.options = configs.options
        self.files: list[Path] = []
        self.texts: list[Text] = []
        self.skipped: list[Path] = []
        self.errors: list[InputError] = []
        self.excluded: list[Path] = []
        self.searched: list[Path] = []
        self.uses = configs.uses

    def inputs(self, targets: Iterable[Path], stdin: tuple[bytes, str] | None) -> Inputs:
        for target in dict.fromkeys(map(plain_path, targets)):
            if self.options.force_exclude and self._is_excluded(target):
                self.excluded.append(target)
            elif os.path.isdir(target):
                self._search(target)
            else:
                self._add(target)
        if stdin is not None:
            self._take(Text(Path(stdin[1]), stdin[0], unnamed=stdin[1] == STDIN))
        return Inputs(
            tuple(_each_once(self.files)), tuple(self.texts), tuple(_each_once(self.skipped)), tuple(self.errors),
            tuple(self.excluded), tuple(self._notes()),
        )  # fmt: skip

    def _is_excluded(self, path: Path) -> bool:
        return self.configs.config_for(path).with_options(exclude=self.options.exclude).excludes(path)

    def _search(self, folder: Path) -> None:
        top = os.path.realpath(folder)
        seen: list[Config] = []

        def see(config: Config) -> None:
            if config not in seen[-1:]:
                seen.append(config)
                self.uses.watch(config.exclude, top)

        found = self.configs.search(folder, see)
        self.searched.append(folder)
        self.files += found.files
        self.skipped += found.skipped
        for one in found.unreadable:
            self.errors += input_errors(one, one.message.partition(": ")[0])      # it names its path
        for config in seen:
            self.uses.watch((layer.paths for layer in config.layers if layer.paths is not None), top)
        for path in found.files:
            self.uses.see_checked(path)

    def _add(self, path: Path) -> None:
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError):
            mode = 0
        if stat.S_ISFIFO(mode):
            self._read_pipe(path)
        elif self.options.skip_foreign and is_foreign(path):
            self.skipped.append(path)
        else:
            self.files.append(path)

    def _read_pipe(self, path: Path) -> None:
        if any(os.path.samefile(path, text.path) for text in self.texts):
            return
        try:
            data = read_stream(path, str(path))
        except UnreadableInputError as error:
            self.errors += input_errors(error, str(path))
            return
        self._take(Text(path, data, unnamed=True))

    def _take(self, text: Text) -> None:
        if self.options.force_exclude and not text.unnamed and self._is_excluded(text.path):
            self.excluded.append(text.path)
        elif self.options.skip_foreign and not is_architecture(text.data):
            self.skipped.append(text.path)
        else:
            self.texts.append(text)

    def _notes(self) -> Iterator[str]:
        for path in self.excluded:
            yield f"{path} is excluded, and --force-exclude leaves it out"
        if self.options.exclude and not self.searched and not self.options.force_exclude:
            yield "--exclude has no effect on the files that you name; add --force-exclude to leave them out"
        yield from self.uses.notes()


class PatternUse:
    """Records which patterns match a visited path."""

    def __init__(self) -> None:
        self.known: set[Patterns] = set()
        self.unused: dict[Patterns, set[int]] = {}

    def watch(self, several: Iterable[Patterns], top: str = "") -> None:
        """Watch patterns that can match only below the folder `top`, if one is named: others may match elsewhere."""
        for patterns in several:
            if patterns in self.known:
                continue
            self.known.add(patterns)
            if not top or _is_below(os.path.realpath(patterns.root), top):
                self.unused[patterns] = {
                    number for number, line in enumerate(patterns.lines) if not line.startswith("!")
                }

    def see(self, path: Path, is_folder: bool) -> None:
        """Record a visited file or folder."""
        for patterns, numbers in self.unused.items():
            if numbers and patterns.source != PER_PATH:
                numbers.difference_update(patterns.lines_for(path, is_folder))

    def see_checked(self, path: Path) -> None:
        """Record a checked file: patterns may match it, or a folder that contains it."""
        for patterns, numbers in self.unused.items():
            if numbers and patterns.source == PER_PATH:
                numbers.difference_update(patterns.lines_for(path, False))
                for above in Path(os.path.abspath(path)).parents:
                    numbers.difference_update(patterns.lines_for(above, True))

    def notes(self) -> Iterator[str]:
        """Name each watched pattern that has matched nothing so far."""
        for patterns, numbers in self.unused.items():
            for number in sorted(numbers):
                where = f"{patterns.places[number]}: " if patterns.places else ""
                what = "file that is checked" if patterns.source == PER_PATH else "YAML file or folder"
                name = patterns.source if patterns.source.startswith("--") else f"`{patterns.source}`"
                yield f"{where}{name}: the pattern `{patterns.lines[number]}` matches no {what}"


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def is_foreign(path: Path) -> bool:
    """Return whether a file can be read and has no key `archlint`."""
    try:
        return not is_architecture(read_bytes(path, str(path)))
    except UnreadableInputError:
        return False


def _each_once(paths: list[Path]) -> list[Path]:
    """Return each file once, under the first of its names that is not a link.

    Hard links in different folders stay apart: what they include may differ.
    """
    if len(paths) < 2:
        return paths
    names: dict[object, Path] = {}
    for path in paths:
        key = _identity(path)
        if key not in names or (os.path.islink(names[key]) and not os.path.islink(path)):
            names[key] = path
    return list(names.values())


def _identity(path: Path) -> object:
    real = real_path(path)
    try:
        found = os.stat(real)
    except (OSError, ValueError):
        return real
    return (found.st_dev, found.st_ino, real.parent) if found.st_ino else real
