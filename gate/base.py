"""Find the commit to compare with: `base.py`, run by the action in the checkout; prints the commit.

BASE names the revision: a branch, a tag, a commit, or an expression such as `HEAD~1`. If the checkout lacks it, it is
fetched; a full checkout stays full. Without such a revision, exits with status 2 and the reason on standard error: no
other revision takes its place. Needs only Python and git.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Final

_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def git(*words: str) -> str | None:
    """Run git and return its output; None if it fails."""
    done = subprocess.run(["git", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def found(base: str) -> str | None:
    """Return the commit of a name in this checkout: the name itself, otherwise the branch of `origin`."""
    for name in (base, f"refs/remotes/origin/{branch_of(base)}"):
        commit = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if commit:
            return commit
    return None


def branch_of(base: str) -> str:
    """Return the name of a branch at `origin`, without its prefix.

    >>> [branch_of(base) for base in ("main", "refs/heads/main", "origin/main")]
    ['main', 'main', 'main']
    """
    return base.removeprefix("refs/heads/").removeprefix("origin/")


def fetched(base: str) -> str | None:
    """Fetch a branch, a tag or a commit from `origin`; None if there is none of that name."""
    shallow = git("rev-parse", "--is-shallow-repository") == "true"
    words = ["fetch", "--quiet", "--no-tags", *(["--depth=1"] if shallow else []), "origin"]
    if _COMMIT.fullmatch(base):
        git(*words, base)
    elif git("check-ref-format", f"refs/heads/{base}") is not None:
        branch, tag = branch_of(base), base.removeprefix("refs/tags/")
        for source, target in ((f"refs/heads/{branch}", f"refs/remotes/origin/{branch}"), (f"refs/tags/{tag}",) * 2):
            if git(*words, f"+{source}:{target}") is not None:
                break
    if found(base) is None and shallow:
        # A short commit or an expression such as HEAD~1 needs the history.
        git("fetch", "--quiet", "--unshallow", "--tags", "origin")
    return found(base)


def main(base: str) -> None:
    """Print the merge base of HEAD and `base`: later commits of `base` are not compared."""
    commit = found(base) or fetched(base)
    if commit is None:
        sys.exit(_refusal(base))
    print(git("merge-base", commit, "HEAD") or commit)


def _refusal(base: str) -> int:
    print(f"cannot compare with `{base}`: neither the checkout nor `origin` has such a revision; "
          "name a branch, a tag or a commit, or check out with `fetch-depth: 0`", file=sys.stderr)  # fmt: skip
    return 2


if __name__ == "__main__":
    main(os.environ["BASE"])
