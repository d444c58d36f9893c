"""Texts of deployment files as reports show them: secrets are covered, and every other character keeps its place."""

from __future__ import annotations

import re
from typing import Final

_SECRET: Final = re.compile(
    r"(?i)passw(or)?d|passphrase|(?<![a-z])(pass|pwd|salt|auth)(?![a-z])|secret|token(?!s|iz)|api[_-]?key|access[_-]?key|"
    r"requirepass|masterauth|authorization|private[_-]?key|master[_-]?key|credential|connection[_-]?string|fernet[_-]?key|license[_-]?key"
)
_VALUE: Final = r"(?P<value>\"(?:[^\"\\\r\n]|\\.)*\"|'[^'\r\n]*'|[^\s,}\]{\[#'\"][^\r\n,}\]]*)"
_IS: Final = r"[\"']?[ \t]*(?:=>|[:=])[ \t]*"
_KEY: Final = r"(?P<key>[\w.-]{1,100})"
_PAIR: Final = re.compile(rf"(?<![\w.$-]){_KEY}{_IS}")
_LISTED: Final = re.compile(rf"(?i)\bname{_IS}[\"']?{_KEY}[\"']?\s*,?\s*[\"']?(?:value|default){_IS}{_VALUE}")
_VARIABLE: Final = re.compile(rf"\bvariable[ \t]+\"{_KEY}\"[ \t]*\{{[^{{}}]{{0,400}}?\bdefault{_IS}{_VALUE}")
_WORD: Final = r"(?P<value>\"(?:[^\"\\\r\n]|\\.)*\"|'[^'\r\n]*'|(?!-)[^\s,\]\[#'\"]+)"
_THEN: Final = r"(?:=|[ \t]+|[\"']?[ \t]*,\s*|[\"']?[ \t]*\r?\n[ \t]*-[ \t]+)"
_OPTION: Final = re.compile(rf"(?<![\w-])--?{_KEY}{_THEN}")
_VALUE_AT: Final = re.compile(_VALUE)
_WORD_AT: Final = re.compile(_WORD)
_AFTER_FLAG: Final = re.compile(rf"(?i)\b(?:noecho|sensitive){_IS}[\"']?true[^{{}}]{{0,400}}?\bdefault{_IS}{_VALUE}")
_BEFORE_FLAG: Final = re.compile(rf"(?i)\bdefault{_IS}{_VALUE}[^{{}}]{{0,400}}?\b(?:noecho|sensitive){_IS}[\"']?true")
_ADDRESS: Final = re.compile(r"(?<=://)(?P<value>[^/@\s,;\"']{1,300})@")
_ISSUED: Final = re.compile(
    r"(?<![\w-])(?P<value>sk-[\w-]{16,}|hf_\w{20,}|gh[opsu]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|AKIA[A-Z0-9]{16}|"
    r"AIza[\w-]{30,}|xox[abprs]-[\w-]{10,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]+)"
)
"""Keys whose own prefix names their issuer, wherever they are."""
_ELSEWHERE: Final = re.compile(
    r"\$\{?\w+\}?|\$\(\w+\)|!\w+.*|\{\{.*|null|~|true|false|[|>][+-]?|&\w+|\*+|\*\w+|var\.\w+.*"
)
"""Values that only say where the secret is."""


def masked(text: str) -> str:
    """Return a text of the same length in which secrets and users of addresses are asterisks.

    >>> masked("DB_PASSWORD: hunter2"), masked("url: postgres://app:pw@db/shop"), masked("TOKEN: ${TOKEN}")
    ('DB_PASSWORD: *******', 'url: postgres://******@db/shop', 'TOKEN: ${TOKEN}')
    """
    text = _after_keys(text, _PAIR, _VALUE_AT)
    for pattern in (_LISTED, _VARIABLE):
        text = pattern.sub(_if_secret, text)
    text = _after_keys(text, _OPTION, _WORD_AT)
    for pattern in (_AFTER_FLAG, _BEFORE_FLAG, _ADDRESS, _ISSUED):
        text = pattern.sub(_covered, text)
    return text


def _after_keys(text: str, keys: re.Pattern[str], values: re.Pattern[str]) -> str:
    """Cover the value after each key that names a secret, also where it is inside the value of another key."""
    parts: list[str] = []
    end = 0
    for key in keys.finditer(text):
        if key.end() < end or not _SECRET.search(key["key"]):
            continue
        value = values.match(text, key.end())
        if value is not None:
            parts += text[end : value.start()], _covered(value)
            end = value.end()
    return "".join((*parts, text[end:]))


def _if_secret(match: re.Match[str]) -> str:
    return _covered(match) if _SECRET.search(match["key"]) else match[0]


def _covered(match: re.Match[str]) -> str:
    whole, value = match[0], match["value"].rstrip()
    quote = value[0] if value[:1] in {'"', "'"} and len(value) > 1 else ""
    inner = value[1:-1] if quote else value
    if not inner or _ELSEWHERE.fullmatch(inner):
        return whole
    at = match.start("value") - match.start()
    return f"{whole[:at]}{quote}{'*' * len(inner)}{quote}{whole[at + len(value) :]}"
