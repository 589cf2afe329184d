"""Folding: many ways to write a word -> one. Pure. Used on replies and on the table alike."""

import unicodedata
from typing import Final

TEXT_CHARS_MAX: Final = 2_048
"""Characters looked at: far beyond ten message parts, and a bound on the work of one reply."""

_WORD_KINDS: Final = frozenset("LNM")
_MARKS: Final = ".,;:!…"
_DROPPED_KINDS: Final = frozenset({"Mn", "Cf"})
_FILLERS: Final = frozenset("\u115f\u1160")
"""Letters by name, but nothing is seen of them; the other fillers decompose to these."""


def fold(text: str) -> str:
    """One spelling for all ways to write the same words.

    Compatibility forms, accents and invisible characters gone, lower case, blanks collapsed, no
    punctuation around words, no symbols or emoji at the ends, single letters joined (`S.T.O.P`).
    """
    words = (word.strip(_MARKS) for word in plain(text[:TEXT_CHARS_MAX]).split())
    joined = " ".join(word for word in words if word)
    start, end = 0, len(joined)
    while start < end and not _is_word(joined[start]):
        start += 1
    while end > start and not _is_word(joined[end - 1]):
        end -= 1
    return _join_letters(joined[start:end])


def plain(text: str) -> str:
    """Lower case, without compatibility forms, accents and invisible characters."""
    if not text.isascii():
        text = "".join(
            char
            for char in unicodedata.normalize("NFKD", text)
            if unicodedata.category(char) not in _DROPPED_KINDS and char not in _FILLERS
        )
    return text.casefold()


def _is_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char)[0] in _WORD_KINDS


def _join_letters(text: str) -> str:
    """`s t o p`, `s.t.o.p` and `s-t-o-p` are `stop`; anything else stays as it is."""
    for separator in (" ", ".", "-"):
        letters = text.split(separator)
        if len(letters) > 2 and all(len(letter) == 1 for letter in letters):
            return "".join(letters)
    return text
