"""Words behind signs for letters, behind stars, run together or said over and over. Pure.

Only where words that matter come out: a small vocabulary, so that other words stay what they are.
"""

from functools import cache
from html import unescape
from typing import Final

from smstrack_core.replies.disguise import LEET, word_set

_HEADS: Final = word_set(
    "stop remove unsubscribe unsub quit take opt delete lose leave dont do no never cease cancel "
    "please pls plz end enough"
)
"""Words that a request run together begins with."""
VOCABULARY: Final = _HEADS | word_set(
    "texting text texts txt txts me my mine from this that these those list lists your the off of "
    "sending send messages message messaging msg msgs sms not more contact contacting number alone "
    "spam spamming now all out it us calling call bothering bother harassing want to you anymore "
    "again and fuck fucking immediately phone name optout stopall notifications subscription "
    "start unstop help cant don't can't go away i any ever wanted were database wrong person"
)
"""What may be found in a word run together, or behind digits and signs."""
_PAIRED: Final = word_set("stop remove unsubscribe unsub quit")
_AFTER: Final = word_set(
    "texting me it this now please pls messaging sending us spamming these all"
)
"""What is enough after one of `_PAIRED`: not `stopcontact`, which is a Dutch word."""
_CENSORED: Final = (
    "stop", "text", "texts", "texting", "quit", "cancel", "remove", "unsub", "unsubscribe", "spam",
    "fuck", "fucking", "fucker", "shit", "bullshit", "bitch", "bitches", "asshole", "assholes",
    "cunt", "dick", "bastard", "bastards", "damn", "piss",
)  # fmt: skip
"""Words that people put stars in, the likeliest first."""
_SHORT_LEET: Final = {"m3": "me", "0f": "of", "0ff": "off", "n0": "no", "1t": "it", "u5": "us"}
_REPEATED: Final = ("unsubscribe", "cancel", "stop", "quit", "baja", "unsub", "stopp", "end")
_JOINED_CHARS: Final = range(7, 97)
_PIECES: Final = {len(word) for word in VOCABULARY}
_INSIDE: Final = {**LEET, ord("4"): "a"}
_ELL: Final = {**_INSIDE, ord("1"): "l", ord("!"): "l"}
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz'")
_STARS: Final = frozenset("*#_-")
_BLOCKS: Final = word_set("br p div li ul ol h1 h2 h3 body html head")
_TAGS: Final = _BLOCKS | word_set(
    "b i u s span strong em font a small big strike del center code pre mark"
)
_TAG_CHARS_MAX: Final = 220
_ENTITY_CHARS_MAX: Final = 9


def without_markup(text: str) -> str:
    """Without tags of HTML, and with its entities as the characters that they name."""
    if "&" in text and ";" in text:
        first, *rest = text.split("&")
        text = first + "".join([_entity(piece) for piece in rest])
    if "<" in text and ">" in text:
        first, *rest = text.split("<")
        text = first + "".join([_tag(piece) for piece in rest])
    return text


def _entity(piece: str) -> str:
    """What stood behind a `&`, with the character that it names."""
    end = piece.find(";", 0, _ENTITY_CHARS_MAX)
    name = piece[: end + 1]
    if end < 2 or not name[:-1].removeprefix("#").isalnum():
        return f"&{piece}"
    return unescape(f"&{name}") + piece[end + 1 :]


def _tag(piece: str) -> str:
    """What stood behind a `<`, without the tag that it opens, if it is one."""
    end = piece.find(">", 0, _TAG_CHARS_MAX)
    words = piece[: max(end, 0)].strip("/").lower().split(None, 1)
    if not words or piece[0].isspace() or words[0] not in _TAGS:
        return f"<{piece}"
    return ("\n" if words[0] in _BLOCKS else "") + piece[end + 1 :]


def unleet(word: str) -> str:
    """`m355age` is `message`; other words stay."""
    for table in (_INSIDE, _ELL):
        tried = word.translate(table)
        if tried in VOCABULARY and tried != word:
            return tried
    return word


def unleet_short(word: str) -> str:
    """`m3` is `me`, where other words have digits for letters too."""
    return _SHORT_LEET.get(word, word)


def uncensored(word: str) -> str:
    """`st*p` is `stop`; other words stay."""
    bare = word.strip('*#_-.,;:!?"()')
    signs = [char for char in bare if char in _STARS]
    if len(set(signs)) != 1 or len(bare) > 12 or len(bare) - len(signs) < 2:
        return word
    if signs[0] != "*" and len(signs) > 1:
        return word
    for meant in _CENSORED:
        if len(meant) == len(bare) and all(
            char in (letter, signs[0]) for char, letter in zip(bare, meant, strict=True)
        ):
            return word.replace(bare, meant)
    return word


@cache
def _known() -> frozenset[str]:
    return frozenset(word for word in VOCABULARY if len(word) > 1)


def parted(word: str) -> str:
    """`stoptextingme` is `stop texting me`, `stopstopstop` is `stop`; other words stay."""
    if len(word) not in _JOINED_CHARS and len(word) < _JOINED_CHARS.start:
        return word
    for said in _REPEATED:
        if len(word) >= 2 * len(said) and word.startswith(said + said):
            times = len(word) // len(said)
            if (said * (times + 1)).startswith(word):
                return said
    if len(word) not in _JOINED_CHARS or not _LETTERS.issuperset(word):
        return word
    pieces = _pieces(word)
    if pieces is None or pieces[0] not in _HEADS:
        return word
    if len(pieces) < 3 and not (pieces[0] in _PAIRED and pieces[-1] in _AFTER):
        return word
    return " ".join(pieces)


def _pieces(word: str) -> list[str] | None:
    """The fewest words of the vocabulary that make it up."""
    best: list[list[str] | None] = [[]]
    for end in range(1, len(word) + 1):
        found: list[str] | None = None
        for size in _PIECES:
            before = best[end - size] if size <= end else None
            piece = word[end - size : end]
            if (
                before is not None
                and piece in _known()
                and (found is None or len(before) + 1 < len(found))
            ):
                found = [*before, piece]
        best.append(found)
    return best[-1]
