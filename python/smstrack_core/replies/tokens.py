"""A reply as words between marks: what rules are matched against. Pure, linear.

`"Don't stop, I LOVE these!"` is `" < dont stop , i love these > "`: `<` and `>` are the ends of the
message, `.`, `?` and `,` part it. Every word stands between single blanks, so a blank is a word's
edge in any script. Scripts without blanks (Chinese, Japanese, Thai) and Korean, whose blanks
people set as they like, have a word for each character.
"""

import unicodedata
from typing import Final

from smstrack_core.replies.disguise import word_set
from smstrack_core.replies.fold import plain
from smstrack_core.replies.limits import JUDGED_CHARS_MAX, TOKENS_MAX
from smstrack_core.replies.spelling import known_words, shortened, unleet
from smstrack_core.replies.unmask import parted, uncensored

STARTS: Final = "<"
ENDS: Final = ">"
MARKS: Final = frozenset("<>.?,")
"""Tokens that are no words."""

_APOSTROPHES: Final = "'’‘ʼ`´′ʹ＇"
_FULL: Final = "!;…。！；।۔؛\n\r\u2028\u2029\u2025¡"
_ASKING: Final = "?？¿؟⸮፧՞‽"
_PAUSING: Final = ",،、，"
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_DRESS: Final = frozenset("♀♂")


class _Spacing(dict[int, str]):
    """What stands for each character among words, remembered: for `str.translate`."""

    def __missing__(self, code: int) -> str:
        found = _spaced(chr(code))
        if len(self) < 20_000:
            self[code] = found
        return found


def _spaced(char: str) -> str:
    if char == ".":
        return char
    for marks, mark in ((_FULL, " . "), (_ASKING, " ? "), (_PAUSING, " , ")):
        if char in marks:
            return mark
    if char in _APOSTROPHES or ord(char) in _SKIN_TONES or char in _DRESS:
        return ""
    kind = unicodedata.category(char)
    if kind[0] in "LNM":
        return f" {char} " if _is_dense(char) else char
    if char == "#" or kind == "So":
        return f" {char} "
    return " "


def _is_dense(char: str) -> bool:
    """Whether the script has no blanks, or none that can be relied on."""
    code = ord(char)
    return (
        0x2E80 <= code <= 0x9FFF  # radicals, kana, Han
        or 0xAC00 <= code <= 0xD7AF  # Hangul
        or 0x0E00 <= code <= 0x0EFF  # Thai, Lao
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x3FFFF
    )


_SPACING: Final = _Spacing()
_LEET: Final = frozenset("013457@$!")
_STARS: Final = frozenset("*#_-")


class _Plain(dict[str, str | None]):
    """What becomes of a word that has no stop in it, remembered; None where a mark stands."""

    def __missing__(self, word: str) -> str | None:
        if word in MARKS or "." in word:
            found = None
        elif word == "#":
            found = "number"
        elif len(word) > 3 and _has_run(word):
            found = parted(shortened(word, known_words()))
        elif len(word) > 6 and word.isascii() and word not in known_words():
            found = parted(word)
        else:
            found = word
        if len(self) < 50_000:
            self[word] = found
        return found


_PLAIN: Final = _Plain()


def _has_run(word: str) -> bool:
    """Whether a letter comes three times or more in a row."""
    return any(
        word[at] == word[at - 1] == word[at - 2] and word[at].isalpha()
        for at in range(2, len(word))
    )


def tokens(text: str) -> list[str]:
    """Words and marks of a reply, without the ends; at most `TOKENS_MAX`."""
    if len(text) > JUDGED_CHARS_MAX:
        text = f"{text[: JUDGED_CHARS_MAX // 2]}. {text[-JUDGED_CHARS_MAX // 2 :]}"
    text = plain(text)
    if not _STARS.isdisjoint(text):
        text = " ".join([uncensored(word) for word in text.split(" ")]).replace("_", " ")
    if not _LEET.isdisjoint(text):
        text = unleet(text)
    return tokens_of_plain(text)


def tokens_of_plain(text: str) -> list[str]:
    """The same for a text that is folded already."""
    found: list[str] = []
    text = text[: 2 * JUDGED_CHARS_MAX]
    if not (text.isascii() and text.replace(" ", "").isalnum()):
        text = text.translate(_SPACING)
    for word in text.split():
        plain_word = _PLAIN[word]
        if plain_word is not None:
            if " " in plain_word:
                found += plain_word.split()
            elif len(found) < 3 or plain_word != found[-1] or not _is_thrice(found, word):
                found.append(plain_word)
        elif "." in word and word != ".":
            _add_dotted(found, word)
        elif not (word in MARKS and found and found[-1] in MARKS):
            found.append(word)
        elif word != found[-1] and word != ",":
            # Of several marks in a row the question mark says most, the comma least.
            found[-1] = "?" if "?" in (word, found[-1]) else "."
    if len(found) > TOKENS_MAX:
        half = TOKENS_MAX // 2
        found = [*found[:half], ".", *found[-half:]]
    return _letters_joined(found)


def _add_dotted(found: list[str], word: str) -> None:
    """`example.com` is one word that no rule knows; other stops part sentences."""
    parts = word.split(".")
    inner = [part for part in parts if part]
    if not inner:
        if found and found[-1] not in MARKS:
            found.append(".")
        return
    is_address = len(inner) > 1 and ("www" in inner or (len(inner[-1]) > 1 and _is_host(inner)))
    if is_address or all(part.isdigit() for part in inner):
        found.append("".join(inner) if inner[0].isdigit() else "address")
    else:
        for at, part in enumerate(inner):
            if at and not (len(part) == 1 and len(inner[at - 1]) == 1):
                found.append(".")
            found.append(part)
    if word.endswith("."):
        found.append(".")


_TOP_DOMAINS: Final = word_set("com net org io co info biz app ly me us uk de fr es it example")


def _is_host(parts: list[str]) -> bool:
    return parts[-1] in _TOP_DOMAINS


def _is_thrice(found: list[str], word: str) -> bool:
    """Whether a sign stands there three times already."""
    return found[-1] == found[-2] == found[-3] == word and not word.isalnum()


_PHONES: Final = frozenset("📱💬📲📩📧📨✉📞☎")
_HALTS: Final = frozenset("🛑⛔🚫📵✋")


def _letters_joined(found: list[str]) -> list[str]:
    """`s t o p me` is `stop me`: three or more single Latin letters in a row are one word.

    Signs between them (`s 🔥 t 🔥 o 🔥 p`) are nothing.
    """
    if not _HALTS.isdisjoint(found):
        found = [
            "texting" if token in _PHONES and at and found[at - 1] in _HALTS else token
            for at, token in enumerate(found)
        ]
    singles = [token for token in found if len(token) == 1 and "a" <= token <= "z"]
    if len(singles) < 3:
        return found
    out: list[str] = []
    run: list[str] = []
    between: list[str] = []
    for token in [*found, ""]:
        if len(token) == 1 and "a" <= token <= "z":
            run.append(token)
            continue
        if len(run) == 1 + len(between) and _is_sign(token) and set(between) <= {token}:
            between.append(token)
            continue
        if len(run) > 2 and len(between) in (0, len(run) - 1, len(run)):
            out += parted("".join(run)).split()
            out += between[len(run) - 1 :]
        elif between:
            for at, letter in enumerate(run):
                out += [letter, *between[at : at + 1]]
            out += between[len(run) :]
        else:
            out += run
        run, between = [], []
        if token:
            out.append(token)
    return out


def _is_sign(token: str) -> bool:
    return len(token) == 1 and token not in MARKS and unicodedata.category(token) == "So"
