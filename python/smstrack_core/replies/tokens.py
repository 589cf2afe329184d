"""A reply as words between marks: what rules are matched against. Pure, linear.

`"Don't stop, I LOVE these!"` is `" < dont stop , i love these > "`: `<` and `>` are the ends of the
message, `.`, `?` and `,` part it. Every word stands between single blanks, so a blank is a word's
edge in any script. Scripts without blanks (Chinese, Japanese, Thai) and Korean, whose blanks
people set as they like, have a word for each character.

Folding is done here, the rest by the core (`rust/engine/src/reading.rs`), by tables that it is
told once: those of `spelling`, `unmask`, `keywords` and `language`.
"""

from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace
from typing import Final

from smstrack_core._core import Reader
from smstrack_core.replies import keywords, language, spelling, unmask
from smstrack_core.replies.disguise import LEET
from smstrack_core.replies.fold import plain
from smstrack_core.replies.limits import JUDGED_CHARS_MAX, TOKENS_MAX

STARTS: Final = "<"
ENDS: Final = ">"
MARKS: Final = frozenset("<>.?,")
"""Tokens that are no words."""

Reading = tuple[bytes, str, int, int, bool, bool, str | None]
"""What `_core.Reader.read` says of a reply, in its order."""

_UNPAIRED: Final = dict.fromkeys(range(0xD800, 0xE000), "\ue000")
"""Halves of characters, which are no text: a character without a meaning stands for them."""


@cache
def reader() -> Reader:
    """The reader of this process, told its tables at the first use: some 30 ms."""
    return Reader(
        SimpleNamespace(
            chars_max=JUDGED_CHARS_MAX,
            tokens_max=TOKENS_MAX,
            corrections=spelling.CORRECTIONS,
            phrases=list(spelling.PAIRS),
            known=spelling.known_words(),
            keywords=[*(keywords.STOP_LINE | keywords.STOP_ALONE), "optout", "opt"],
            leet=[_letters(table) for table in (LEET, unmask.INSIDE, unmask.ELL)],
            meant=spelling.MEANT,
            leet_inside=spelling.LEET_INSIDE,
            leet_short=unmask.SHORT_LEET,
            vocabulary=unmask.VOCABULARY,
            heads=unmask.HEADS,
            paired=[unmask.PAIRED, unmask.AFTER],
            censored=list(unmask.CENSORED),
            repeated=list(unmask.REPEATED),
            language_words=language.words(),
            language_endings=list(language.ENDINGS),
            language_signs=language.SIGNS,
            language_sure_signs=language.SURE_SIGNS,
            language_scripts=[(chr(a), chr(b), name) for a, b, name in language.SCRIPTS],
            language_preferred=list(language.PREFERRED),
            language_words_max=language.WORDS_MAX,
        )
    )


def _letters(table: dict[int, str]) -> dict[str, str]:
    return {chr(code): letter for code, letter in table.items()}


def read(text: str) -> Reading:
    """The reply as the rules see it, and what its words say; see `Reader.read`."""
    edges = text
    if len(text) > JUDGED_CHARS_MAX:
        half = JUDGED_CHARS_MAX // 2
        edges = f"{text[:half]}. {text[-half:]}"
    try:
        return reader().read(edges.lower() if edges.isascii() else plain(edges), text)
    except UnicodeEncodeError:
        return reader().read(plain(edges).translate(_UNPAIRED), text.translate(_UNPAIRED))


def language_of(written: str, words: str, hints: Sequence[str]) -> str:
    """A two-letter code, or `und`.

    Args:
        written: The reply as written: accents and punctuation tell.
        words: Its words, folded, with blanks between.
        hints: Languages of the rules and keywords that it met.
    """
    try:
        found = reader().language(written, words, hints)
    except UnicodeEncodeError:
        plain_text, plain_words = written.translate(_UNPAIRED), words.translate(_UNPAIRED)
        found = reader().language(plain_text, plain_words, hints)
    return found or language.UNKNOWN


def tokens(text: str) -> list[str]:
    """Words and marks of a reply, without the ends; at most `TOKENS_MAX`."""
    return read(text)[1].split()


def tokens_of_plain(text: str) -> list[str]:
    """The same for a text that is folded already, and has no letters behind digits."""
    return reader().words(text).split()
