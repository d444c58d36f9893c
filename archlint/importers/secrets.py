"""Secrets in deployment files: which names have one, where a text has one, and texts and values without them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from archlint.importers.objects import Site, Value
from archlint.model.deployment import SECRET, STATED, UNRESOLVED
from archlint.source.nodes import Span

_HINT: Final = re.compile(r"(?i)pass|pwd|secret|token|key|cred|auth|salt|conn")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS: Final = re.compile(r"[^a-z0-9]+")
_OWNER: Final = (
    "access|account|admin|anthropic|app|azure|claude|cohere|cookie|datadog|deploy|deepseek|encryption|fernet|gemini|"
    "google|groq|hmac|jwt|langfuse|langsmith|license|master|mistral|openai|openrouter|pinecone|private|root|secret|"
    "sentry|service|service_role|session|shared|signing|ssh|storage|stripe|subscription|voyage|wandb"
)
_NAME: Final = re.compile(
    r"passw(or)?d|passphrase|secret|credential|api_?key|requirepass|masterauth|authorization|auth_?token|"
    r"access_?key|private_?key|connection_?string|token(?!s|iz|is)|(^|_)conn_?str|"
    rf"(^|_)(pass|pwd|salt|auth|key_id|psk)$|(^|_)({_OWNER})_keys?$"
)
"""Words of a name, in lower case and with `_` between them."""
_OTHER: Final = re.compile(
    r"_(files?|path|dir|names?|refs?|ur[li]|endpoint|host|port|ttl|expir\w*|lifetime|len|length|limit|count|size|arn|"
    r"enabled?|disabled?|type|provider|method|mode|backend|algorithm|policy|rotation|required|budget|rate|seconds|"
    r"minutes|days|version|template|store)$|"
    r"(^|_)(pad|eos|bos|unk|stop|max|min|special|image|video|audio|mask|sep|cls|num|new|per|prompt|input|output|"
    r"completion|draft|next|first|last|chat|think\w*|to_first)_token"
)
"""Names that say something about a secret, such as its file or its length, and tokens of language models."""
_QUOTED: Final = r"\"(?:[^\"\\\r\n]|\\.)*\"|'[^'\r\n]*'"
_VALUE: Final = rf"(?P<value>{_QUOTED}|[^\s,}}\]{{\[#'\"][^\r\n,}}\]]*)"
_WORD: Final = rf"(?P<value>{_QUOTED}|(?!-)[^\s,\]\[#'\"]+)"
_IS: Final = r"[\"']?[ \t]*(?:=>|[:=])[ \t]*"
_KEY: Final = r"(?P<key>[\w.-]{1,100})"
_PAIR: Final = re.compile(rf"(?<![\w.$-]){_KEY}{_IS}")
_HEADER: Final = re.compile(r"(?i)(?P<key>authorization|x-api-key)[ \t]+(?=[\"'])")
_LISTED: Final = re.compile(rf"(?i)\bname{_IS}[\"']?{_KEY}[\"']?\s*,?\s*[\"']?(?:value|default){_IS}{_VALUE}")
_VARIABLE: Final = re.compile(rf"\bvariable[ \t]+\"{_KEY}\"[ \t]*\{{[^{{}}]{{0,400}}?\bdefault{_IS}{_VALUE}")
_OPTION: Final = re.compile(
    rf"(?<![\w-])--?{_KEY}(?:=|[ \t]+|[\"']?[ \t]*,\s*|[\"']?[ \t]*\r?\n[ \t]*-[ \t]+)"
)
_AFTER_FLAG: Final = re.compile(rf"(?i)\b(?:noecho|sensitive){_IS}[\"']?true[^{{}}]{{0,400}}?\bdefault{_IS}{_VALUE}")
_BEFORE_FLAG: Final = re.compile(rf"(?i)\bdefault{_IS}{_VALUE}[^{{}}]{{0,400}}?\b(?:noecho|sensitive){_IS}[\"']?true")
_ADDRESS: Final = re.compile(r"(?<=://)(?P<value>[^/@\s,;\"']{1,300})@")
_USER: Final = re.compile(
    r"\bcurl\b[^\r\n|;&]{0,400}?[ \t](?:-u|--user)[ \t=]+[\"']?[^\s\"':]{1,100}:(?P<value>[^\s\"']+)"
)
_USER_INFO: Final = re.compile(r"(?<=://)[^/@\s,;]*@")
_ISSUED: Final = re.compile(
    r"(?<![\w-])(?P<value>sk-[\w-]{16,}|hf_\w{20,}|gh[opsu]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|AKIA[A-Z0-9]{16}|"
    r"AIza[\w-]{30,}|xox[abprs]-[\w-]{10,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]+)"
)
"""Keys whose own prefix names their issuer, wherever they are."""
_VALUE_AT: Final = re.compile(_VALUE)
_WORD_AT: Final = re.compile(_WORD)
_SCHEME: Final = re.compile(r"(?i)(?:bearer|basic|token|apikey)[ \t]+")
_ELSEWHERE: Final = re.compile(
    r"\$\{?\w+\}?|\$\{\w+(:?\?[^{}]*)?\}|\$\(\w+\)|\$\(.*|!\w+.*|\{\{.*|null|~|true|false|[|>][+-]?|&\w+|\*+|\*\w+|"
    r"(var|local|data|module|random_password|each)\.\w+.*|os\.environ\b.*|env\.\w+|getenv\(.*|\$__\w+\{.*|vault:.*|ENC\[.*"
)
"""Values that only say where the secret is."""
_REFERENCE: Final = re.compile(r"\$(\w+|\{\w+\})(?=[ \t])")
"""A variable in a command that goes on."""
_DUMMY: Final = re.compile(
    r"(?i)|empty|none|null|nil|undefined|dummy|fake|mock|n/?a|no|yes|x{2,}|\.{3,}|[*#?-]+|<.*>?|\[.*|"
    r"(not?|any|whatever|anything)([-_ ]?(key|token|needed|used|required|set|secret|a-real.*))?|"
    r"(sk-)?(your|insert|replace|placeholder|todo|fixme|dummy|fake)([-_ ].*)?|.*[-_ ](here|placeholder)>?"
)
"""Values that stand for a secret, such as the key that a server without keys ignores."""


class Found(NamedTuple):
    """A secret in a text: its place, and what names it."""

    start: int
    end: int
    key: str


@lru_cache(20_000)
def is_secret_name(name: str) -> bool:
    """Whether a variable, a key or an option of this name holds a secret.

    >>> is_secret_name("POSTGRES_PASSWORD"), is_secret_name("apiKey"), is_secret_name("--hf-token")
    (True, True, True)
    >>> is_secret_name("TOKENIZER"), is_secret_name("MAX_TOKENS"), is_secret_name("secretName")
    (False, False, False)
    """
    if not _HINT.search(name):
        return False
    words = _SEPARATORS.sub("_", _CAMEL.sub("_", name).lower()).strip("_")
    return _NAME.search(words) is not None and _OTHER.search(words) is None


def is_stated(text: str) -> bool:
    """Whether a text is a secret itself, and not a word that stands for one."""
    return _ELSEWHERE.fullmatch(text) is None and _DUMMY.fullmatch(text) is None


def secrets_in(text: str, command: bool = False) -> Iterator[Found]:
    """Yield the secrets of a text, in no order; they can overlap. In a `command`, a value ends with its word."""
    values = _WORD_AT if command else _VALUE_AT
    yield from _after_keys(text, _PAIR, values)
    yield from _after_keys(text, _HEADER, _VALUE_AT)
    yield from _after_keys(text, _OPTION, _WORD_AT)
    for pattern in (_LISTED, _VARIABLE):
        for match in pattern.finditer(text):
            if is_secret_name(match["key"]):
                yield from _found(match, match["key"])
    for pattern in (_AFTER_FLAG, _BEFORE_FLAG, _ADDRESS, _USER, _ISSUED):
        for match in pattern.finditer(text):
            yield from _found(match, "an address" if pattern is _ADDRESS else "")


def _after_keys(text: str, keys: re.Pattern[str], values: re.Pattern[str]) -> Iterator[Found]:
    """Yield the value after each key that names a secret, also where it is inside the value of another key."""
    end = 0
    for key in keys.finditer(text):
        if _REFERENCE.match(text, key.end()) and text[key.end() - 1] == "=":        # TOKEN=$TOKEN, and more words
            continue
        if key.end() >= end and is_secret_name(key["key"]):
            scheme = _SCHEME.match(text, key.end())
            value = values.match(text, scheme.end() if scheme is not None else key.end())
            if value is not None:
                end = value.end()
                yield from _found(value, key["key"])


def _found(match: re.Match[str], key: str) -> Iterator[Found]:
    value = match["value"].rstrip()
    start = match.start("value")
    if value[:1] in {'"', "'"} and len(value) > 1:
        value, start = value[1:-1], start + 1
    scheme = _SCHEME.match(value)
    inner = value[scheme.end() :] if scheme is not None else value
    if inner and not _ELSEWHERE.fullmatch(inner):
        yield Found(start + len(value) - len(inner), start + len(value), key)


def masked(text: str) -> str:
    """Return a text of the same length in which secrets and users of addresses are asterisks.

    >>> masked("DB_PASSWORD: hunter2"), masked("url: postgres://app:pw@db/shop"), masked("TOKEN: ${TOKEN}")
    ('DB_PASSWORD: *******', 'url: postgres://******@db/shop', 'TOKEN: ${TOKEN}')
    >>> masked("run -e API_KEY=$KEY acme/api:3")
    'run -e API_KEY=$KEY acme/api:3'
    """
    parts: list[str] = []
    end = 0
    for one in sorted(secrets_in(text)):
        start = max(one.start, end)
        if one.end > start:
            parts += text[end:start], "*" * (one.end - start)
            end = one.end
    return "".join((*parts, text[end:]))


def without_secrets(name: str, value: Value) -> Value:
    """The value of a variable without what must not be kept: secrets, and user and password in an address."""
    if is_secret_name(name):
        is_known = value.status != UNRESOLVED and is_stated(value.text)
        tag = STATED if is_known or value.tag == STATED else ""
        return msgspec.structs.replace(value, text="", raw="", status=SECRET, plain=False, tag=tag)
    return _without(value)


def command_without_secrets(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """Leave out what must not be kept of a command: what follows an option for a secret, and users in addresses."""
    found: list[Value] = []
    hides = False
    for value in values:
        one = value
        if hides and not value.text.startswith("-"):
            secret = value.text if is_stated(value.text) else ""
            one = value if _ELSEWHERE.fullmatch(value.text) else _replaced(value, "***", secret)
        else:
            one = _without(value)
        last = value.text.rsplit(None, 1)[-1:] if value.text else []
        hides = bool(last) and last[0].startswith("-") and "=" not in last[0] and is_secret_name(last[0])
        found.append(one)
    return tuple(found)


def _without(value: Value) -> Value:
    """Return a value whose text has no secret; the last place of `via` is that of the first one that is stated."""
    text = value.text
    if "@" not in text and "curl" not in text and not _HINT.search(text) and not _ISSUED.search(text):
        return value
    parts: list[str] = []
    end = 0
    first = ""
    for one in sorted(secrets_in(text, command=True)):
        start = max(one.start, end)
        if one.end > start:
            is_address = one.key == "an address"
            parts += text[end:start], "" if is_address else "***"
            end = one.end + is_address             # with the @
            secret = text[one.start : one.end]
            word = secret.partition(":")[2] if is_address else secret
            if not first and word and is_stated(word):
                first = word
    kept = _USER_INFO.sub("", "".join((*parts, text[end:])))
    return value if kept == text else _replaced(value, kept, first)


def _replaced(value: Value, text: str, secret: str) -> Value:
    """Return a value without a secret, and with its place if the files state it."""
    site, tag, via = value.site, value.tag, value.via
    at = site.document.text.find(secret, site.span.start, site.span.end) if secret else -1
    if secret and (at >= 0 or value.status != UNRESOLVED):
        tag = STATED
        via = (Site(site.document, Span(at, at + len(secret))), *via) if at >= 0 else via
    return msgspec.structs.replace(value, text=text, raw="", tag=tag, via=via)
