"""Folding: many ways to write a word -> one. Pure. Used on replies and on the table alike."""

import unicodedata
from typing import Final

TEXT_CHARS_MAX: Final = 2_048
"""Characters looked at: far beyond ten message parts, and a bound on the work of one reply."""

_KEPT = frozenset("LNM")
_INVISIBLE: Final = {
    code: None
    for code in (
        0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x3164, 0xFFA0,
        *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070),
        *range(0xFE00, 0xFE10), 0xFEFF, *range(0xE0000, 0xE0080), *range(0xE0100, 0xE01F0),
    )
}  # fmt: skip


def fold(text: str) -> str:
    """One spelling for all: compatibility forms and accents gone, lower case, blanks collapsed,
    no punctuation, symbols or emoji at the ends, single letters joined (`S.T.O.P`)."""
    text = text[:TEXT_CHARS_MAX]
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.translate(_INVISIBLE))
        text = "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Cf"))
    joined = " ".join(text.casefold().split())
    start, end = 0, len(joined)
    while start < end and not _is_word(joined[start]):
        start += 1
    while end > start and not _is_word(joined[end - 1]):
        end -= 1
    return _join_letters(joined[start:end])


def _is_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char)[0] in _KEPT


def _join_letters(text: str) -> str:
    """`s t o p`, `s.t.o.p` and `s-t-o-p` are `stop`; anything else stays as it is."""
    for separator in (" ", ".", "-"):
        letters = text.split(separator)
        if len(letters) > 2 and all(len(letter) == 1 for letter in letters):
            return "".join(letters)
    return text
