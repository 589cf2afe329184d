"""Markup, taken out; tables of words behind signs or stars, run together, said over and over.

By the tables the core (`rust/engine/src/reading/unmask.rs`) finds words only where ones that matter
come out: a small vocabulary, so that other words stay what they are. Pure.
"""

from html import unescape
from typing import Final

from smstrack_core.replies.disguise import LEET, word_set

HEADS: Final = word_set(
    "stop remove unsubscribe unsub quit take opt delete lose leave dont do no never cease cancel "
    "please pls plz end enough"
)
"""Words that a request run together begins with."""
VOCABULARY: Final = HEADS | word_set(
    "texting text texts txt txts me my mine from this that these those list lists your the off of "
    "sending send messages message messaging msg msgs sms not more contact contacting number alone "
    "spam spamming now all out it us calling call bothering bother harassing want to you anymore "
    "again and fuck fucking immediately phone name optout stopall notifications subscription "
    "start unstop help cant don't can't go away i any ever wanted were database wrong person"
)
"""What may be found in a word run together, or behind digits and signs."""
PAIRED: Final = word_set("stop remove unsubscribe unsub quit")
AFTER: Final = word_set("texting me it this now please pls messaging sending us spamming these all")
"""What is enough after one of `PAIRED`: not `stopcontact`, which is a Dutch word."""
CENSORED: Final = (
    "stop", "text", "texts", "texting", "quit", "cancel", "remove", "unsub", "unsubscribe", "spam",
    "fuck", "fucking", "fucker", "shit", "bullshit", "bitch", "bitches", "asshole", "assholes",
    "cunt", "dick", "bastard", "bastards", "damn", "piss",
)  # fmt: skip
"""Words that people put stars in, the likeliest first."""
SHORT_LEET: Final = {"m3": "me", "0f": "of", "0ff": "off", "n0": "no", "1t": "it", "u5": "us"}
REPEATED: Final = ("unsubscribe", "cancel", "stop", "quit", "baja", "unsub", "stopp", "end")
INSIDE: Final = {**LEET, ord("4"): "a"}
ELL: Final = {**INSIDE, ord("1"): "l", ord("!"): "l"}
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
