"""Folding: many ways to write a word -> one. Pure. Used on replies and on the tables alike.

Idempotent: what is folded stays as it is.
"""

import unicodedata
from functools import lru_cache
from typing import Final

from smstrack_core.replies.disguise import ALWAYS, CAPITALS, DISGUISED, LOOKALIKES

TEXT_CHARS_MAX: Final = 2_048
"""Characters looked at: far beyond ten message parts, and a bound on the work of one reply."""

_WORD_KINDS: Final = frozenset("LNM")
_MARKS: Final = ".,;:!…"
_AROUND: Final = ".,;:!?…\"'()*#-\n"
_DROPPED_KINDS: Final = frozenset({"Mn", "Me", "Cf"})
_FILLERS: Final = frozenset("\u0640\u115f\u1160\u2800\ufffc")
"""Characters by name, but nothing is seen of them; the other fillers decompose to these."""
_PASSES_MAX: Final = 4
"""Casefolding can open a form that decomposes again, never more than twice."""
_FOLDED_MAX: Final = 16
"""Texts remembered: a short reply is at once a line, a sentence and a clause of itself."""
_MEMO_MAX: Final = 20_000
"""Distinct characters remembered: more than all scripts of the rules have."""


class _Shapes(dict[int, str]):
    """What becomes of each character, remembered: for `str.translate`."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if unicodedata.category(char) in _DROPPED_KINDS or char in _FILLERS:
            found = ""
        else:
            found = ALWAYS.get(code, char)
        if len(self) < _MEMO_MAX:
            self[code] = found
        return found


_SHAPES: Final = _Shapes()


def fold(text: str) -> str:
    """One spelling for all ways to write the same words.

    Compatibility forms, accents, look-alikes and invisible characters gone, lower case, blanks
    collapsed, no punctuation around words, no symbols or emoji at the ends, single letters
    joined (`S.T.O.P`).
    """
    return _folded(text[:TEXT_CHARS_MAX])


@lru_cache(maxsize=_FOLDED_MAX)
def _folded(text: str) -> str:
    words = plain(text)[:TEXT_CHARS_MAX].split()
    bare = [word.strip(_MARKS) for word in words]
    joined = " ".join([word for word in bare if word])
    start, end = 0, len(joined)
    while start < end and not _is_word(joined[start]):
        start += 1
    while end > start and not _is_word(joined[end - 1]):
        end -= 1
    found = _join_letters(joined[start:end])
    # Without marks around it, or joined, a word may be seen to be of look-alikes.
    return found if found.isascii() else _without_lookalikes(found)


def plain(text: str) -> str:
    """Lower case, without compatibility forms, accents, look-alikes and invisible characters."""
    if text.isascii():
        return text.lower()
    for _ in range(_PASSES_MAX):
        before = text
        shaped = unicodedata.normalize("NFKD", text).translate(_SHAPES)
        text = unicodedata.normalize("NFC", shaped.casefold())
        if text == before:
            break
    return text if text.isascii() else _without_lookalikes(text)


def _without_lookalikes(text: str) -> str:
    """Letters of other alphabets as Latin ones, in words that cannot be of their alphabet.

    Those are words that mix alphabets, and words that read as one of `DISGUISED`.
    """
    if LOOKALIKES.keys().isdisjoint(text):
        return text
    words = text.split(" ")
    for at, word in enumerate(words):
        if LOOKALIKES.keys().isdisjoint(word):
            continue
        latin = "".join(LOOKALIKES.get(char, char) for char in word)
        drawn_large = "".join(CAPITALS.get(char, char) for char in word)
        if latin.strip(_AROUND) not in DISGUISED and drawn_large.strip(_AROUND) in DISGUISED:
            words[at] = drawn_large
        elif latin.strip(_AROUND) in DISGUISED or any("a" <= char <= "z" for char in word):
            words[at] = latin
    return " ".join(words)


def _is_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char)[0] in _WORD_KINDS


def _join_letters(text: str) -> str:
    """`s t o p`, `s.t.o.p` and `s-t-o-p` are `stop`; anything else stays as it is."""
    separator = text[1:2]
    if not separator or separator not in " .-_*/·•|~":
        return text
    letters = text.split(separator)
    is_spelled = len(letters) > 2 and all(len(letter) == 1 for letter in letters)
    return "".join(letters) if is_spelled else text
