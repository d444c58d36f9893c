"""Creates rule folders for tests."""

from __future__ import annotations

import textwrap
from pathlib import Path

RULE = """\
title: A rule for tests
check: nobody_knows
severity: info
summary: It finds what OPS003 finds.
"""


def rule(folder: Path, name: str, text: str = RULE, **files: str) -> Path:
    """Write a rule folder; parameters such as `check_py` are further files."""
    here = folder / name
    here.mkdir(parents=True)
    (here / "rule.yaml").write_text(textwrap.dedent(text), encoding="utf-8")
    for file, content in files.items():
        (here / file.replace("_py", ".py")).write_text(textwrap.dedent(content), encoding="utf-8")
    return here
