"""The names of the project: its distribution, its home and its docs. Nothing else spells them."""

from __future__ import annotations

DISTRIBUTION = "archlint-ml"
"""What pip installs; the command and the import are `archlint`."""
AUTHOR = "The archlint authors"
REPOSITORY = "https://github.com/example/archlint"
"""A placeholder until the project has its public home; all links are made from it."""
TREE = f"{REPOSITORY}/blob/main"
DOCS = f"{TREE}/docs"


def install_command(extra: str = "") -> str:
    """The command that installs archlint, with an extra if one is named; quoted for every shell.

    >>> install_command("cel")
    "pip install 'archlint-ml[cel]'"
    >>> install_command()
    'pip install archlint-ml'
    """
    return f"pip install '{DISTRIBUTION}[{extra}]'" if extra else f"pip install {DISTRIBUTION}"


def docs_url(page: str = "README.md") -> str:
    """The address of a page of the docs, given its path below `docs/`.

    >>> docs_url("rules/SRV001-online-bigsize.md")
    'https://github.com/example/archlint/blob/main/docs/rules/SRV001-online-bigsize.md'
    """
    return f"{DOCS}/{page.removeprefix('docs/')}"
