"""The text that the models learn from: the help topics that Python ships, and how text becomes tokens."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from pydoc_data.topics import topics

BYTES = 256
END = 256
"""The token that ends an answer: it stands between the paragraphs that a model learns from."""
PIECES = 255
VOCABULARY = BYTES + 1 + PIECES
_WORD = re.compile(rb" ?[A-Za-z]+|\n+ *|[^A-Za-z]")
_LONGEST = 4
_WHOLE = 180


def paragraphs() -> list[str]:
    """Return the paragraphs of Python's help topics: about 300 kB of English, from the standard library.

    >>> len(paragraphs()) > 1000
    True
    """
    whole = "\n\n".join(topics[name] for name in sorted(topics))
    parts = (" ".join(part.split()) for part in re.split(r"\n\s*\n", whole))
    return list(dict.fromkeys(part for part in parts if len(part) > 60 and part[:1].isalpha()))


class Tokenizer:
    """Turns text into tokens and back: each byte is a token, and so are the most frequent words and parts of words.

    >>> tokenizer = Tokenizer.of("the cat and the hat")
    >>> tokenizer.decode(tokenizer.encode("the hät"))
    'the hät'
    """

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces
        self._bytes = [bytes([value]) for value in range(BYTES)] + [b""] + pieces
        self._token = {piece: token for token, piece in enumerate(self._bytes) if piece}
        longest_first = sorted(pieces, key=len, reverse=True)
        self._in_word = lru_cache(maxsize=20_000)(self._split)
        self._parts = re.compile(b"|".join([*map(re.escape, longest_first), b"(?s:.)"]))

    @classmethod
    def of(cls, text: str) -> Tokenizer:
        """Choose the pieces that shorten a text most; the same text gives the same pieces."""
        words = Counter(_WORD.findall(text.encode()))
        saved = {word: count * (len(word) - 1) for word, count in words.items() if len(word) > 1}
        pieces = _best(saved, _WHOLE)
        parts: Counter[bytes] = Counter()
        for word, count in words.items():
            if word not in pieces:
                for start in range(len(word) - 1):
                    for end in range(start + 2, min(len(word), start + _LONGEST) + 1):
                        parts[word[start:end]] += count * (end - start - 1)
        return cls([*pieces, *_best({part: parts[part] for part in parts.keys() - set(pieces)}, PIECES - len(pieces))])

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text."""
        return [token for word in _WORD.findall(text.encode()) for token in self._in_word(word)]

    def _split(self, word: bytes) -> list[int]:
        return [self._token[part] for part in self._parts.findall(word)]

    def bytes_of(self, token: int) -> bytes:
        """Return what one token stands for: possibly a part of a character, and nothing for the end."""
        return self._bytes[token]

    def decode(self, tokens: list[int]) -> str:
        """Return the text of some tokens; broken characters are replaced."""
        return b"".join(map(self.bytes_of, tokens)).decode(errors="replace")


def _best(saved: dict[bytes, int], most: int) -> list[bytes]:
    return sorted(saved, key=lambda piece: (-saved[piece], piece))[:most]
