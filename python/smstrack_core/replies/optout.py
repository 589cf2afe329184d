"""Is a reply an opt-out? By position of a stop word, never by meaning. Pure, linear in the text.

A stop word that begins a line counts with whatever follows it, apart from a few clear objects
(`stop by`). Elsewhere it counts where it stands alone: as a line, a sentence or a last clause.
"""

import unicodedata
from collections.abc import Iterable
from typing import Final

from smstrack_core.replies import keywords
from smstrack_core.replies.fold import TEXT_CHARS_MAX, fold, plain

EDGE_CHARS: Final = 4_096
"""Characters looked at from either end of a reply."""

_ENDERS: Final = ".!?;…。؟।"
_PAUSES: Final = ",:—–،、"
_SPACED: Final = {ord(char): f"{char} " for char in _ENDERS + _PAUSES if char != "."}
_MEMO_MAX: Final = 20_000


class _Blanked(dict[int, str]):
    """What stands for each character among words, remembered: for `str.translate`."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        found = char if char in "'’" or _is_word(char) else " "
        if len(self) < _MEMO_MAX:
            self[code] = found
        return found


_BLANKED: Final = _Blanked()

ALONE: Final = "keyword-alone"
"""The keyword is a whole line or sentence, or its last clause: nothing vetoes it."""
FIRST: Final = "keyword-first"
"""A line begins with the keyword: a narrow veto may say that it means something else."""


def found_stop(text: str) -> str | None:
    """`ALONE` or `FIRST` if the reply opts out by a keyword. Judges its edges only."""
    # Twice, because one compatibility character may stand for many.
    looked_at = edges(plain(edges(text)))
    lines = [line for line in looked_at.splitlines() if line.strip()]
    if not lines:
        return None
    if _is_said_alone(lines):
        return ALONE
    found = {_found_in_line(line) for line in lines}
    return ALONE if ALONE in found else FIRST if FIRST in found else None


def edges(text: str) -> str:
    """The text, or `EDGE_CHARS` from either end of it."""
    if len(text) <= 2 * EDGE_CHARS:
        return text
    # The cut must not look like the start of a line.
    return f"{text[:EDGE_CHARS]}\n/x {text[-EDGE_CHARS:]}"


def _squeezed(text: str) -> str:
    """The letters and digits of a text of ASCII: folding takes away the rest, and none of them."""
    seen = text[:TEXT_CHARS_MAX].lower().translate(_BLANKED)
    return "".join(seen.split()).replace("'", "")


def _all_squeezed(words: Iterable[str]) -> frozenset[str]:
    return frozenset("".join(filter(str.isalnum, word)) for word in words)


_LINE: Final = _all_squeezed(keywords.STOP_LINE)
_ALONE: Final = _all_squeezed(keywords.STOP_ALONE)
_POLITE: Final = tuple(keywords.STOP_POLITE)


def _is_keyword(text: str) -> bool:
    """Whether a text is one of `keywords.STOP_LINE`, folded."""
    if text.isascii() and _squeezed(text) not in _LINE:
        return False
    return fold(text) in keywords.STOP_LINE


def is_stop_line(line: str) -> bool:
    """Whether one line opts out: it begins with a stop word, or one stands alone in it."""
    return _found_in_line(line) is not None


def _found_in_line(line: str) -> str | None:
    if _is_keyword(line):
        return ALONE
    sentences = _sentences(line)
    clauses = [_clauses(sentence) for sentence in sentences]
    if not sentences:
        return None
    if any(_is_alone(sentence) for sentence in sentences):
        return ALONE
    if any(_is_alone(parts[-1]) for parts in clauses if len(parts) > 1):
        return ALONE
    begins = dict.fromkeys((clauses[0][0], sentences[0]))
    return FIRST if any(map(_begins_with_stop, begins)) else None


def _is_said_alone(lines: list[str]) -> bool:
    """Words of everyday use: the first sentence, or the last line, and courtesy at most."""
    last = lines[-1]
    may_be = not last.isascii() or _squeezed(last) in _ALONE
    if may_be and fold(last) in keywords.STOP_ALONE:
        return True
    sentences = _sentences(lines[0])
    if not sentences:
        return False
    first = sentences[0].rstrip()
    is_ended = len(lines) == 1 and len(sentences) == 1
    if not (is_ended or first.endswith((".", "!"))):
        return False
    if first.isascii():
        seen = _squeezed(first)
        if seen not in _ALONE and not seen.startswith(_POLITE):
            return False
    folded = fold(first)
    head, *rest = folded.split(" ")
    return folded in keywords.STOP_ALONE or (
        bool(rest) and head in keywords.STOP_POLITE and keywords.COURTESY.issuperset(rest)
    )


def _begins_with_stop(clause: str) -> bool:
    words = _words(clause)
    at = 0
    while at < len(words) and words[at] in keywords.BEFORE_STOP:
        at += 1
    if at == len(words) or words[at] not in keywords.STOP_FIRST:
        return False
    after = words[at + 1 : at + 3]
    is_object = words[at] == "stop" and bool(after) and after[0] in keywords.STOP_OBJECTS
    return not is_object or after == ["at", "once"]


def _is_alone(clause: str) -> bool:
    if _is_keyword(clause):
        return True
    first, *rest = _words(clause) or [""]
    return first in keywords.STOP_COURTEOUS and keywords.FILLERS.issuperset(rest)


def _sentences(line: str) -> list[str]:
    """Cuts after words that end in a full stop or the like; `www.stop.example` stays whole."""
    return _cut(line, _ENDERS)


def _clauses(sentence: str) -> list[str]:
    return _cut(sentence, _PAUSES + "-") or [""]


def _cut(text: str, marks: str) -> list[str]:
    found: list[str] = []
    words: list[str] = []
    for word in text.translate(_SPACED).split():
        words.append(word)
        if word[-1] in marks:
            found.append(" ".join(words))
            words = []
    if words:
        found.append(" ".join(words))
    return [part for part in found if any(map(str.isalnum, part))]


def _words(clause: str) -> list[str]:
    """Words without punctuation; `opt out` and spelled-out letters are one word."""
    words = clause.translate(_BLANKED).split()
    letters = 0
    while letters < len(words) and len(words[letters]) == 1:
        letters += 1
    if letters > 2:
        words[:letters] = ["".join(words[:letters])]
    text = f" {' '.join(words)} "
    return text.replace(" opt me out ", " optout ").replace(" opt out ", " optout ").split()


def _is_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char)[0] in "LNM"
