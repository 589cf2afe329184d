"""The pattern language of the rules: words, not regular expressions. Phrase -> regex, bounded.

A phrase is whole words with single blanks. Beside plain words it has

    text*          a word that begins so           colou?r   the letter before it may be missing
    (a|b c)        one of these                    (a|b)?    one of these, or nothing
    {name}         a word list of the file         {name}?   one of its words, or nothing
    ~3             at most three words of any kind    _      exactly one word
    #              a number                        [aeiou]   one of these letters
    ^  $           an edge of a clause             ^^  $$    the beginning, the end of the message

What cannot be written here is what costs time: there is no unbounded repetition of groups, no
back-reference, no look-around. Everything is folded as replies are, so `más` finds `MAS`.
"""

from collections.abc import Mapping
from typing import Final

from smstrack_core.replies.fold import plain
from smstrack_core.replies.limits import (
    EXPANDED_CHARS_MAX,
    GAP_WORDS_MAX,
    NESTING_MAX,
    PATTERN_CHARS_MAX,
)
from smstrack_core.replies.spelling import SHORTHAND, mended_phrase
from smstrack_core.replies.tokens import tokens_of_plain

_SPECIAL: Final = frozenset("()|?*[]{}~#^$_ ,")
_ANY_WORD: Final = "[^ <>.,?]+ "
_SIMPLE: Final = {"_": _ANY_WORD, "#": "[0-9]+ ", ",": ", "}
_CLAUSE_START: Final = "[<.,?] "
_CLAUSE_END: Final = "[>.,?] "
_MESSAGE_END: Final = "(?:[.,?] )?> "


class PhraseError(ValueError):
    """The phrase is not understood; its text says where and why."""


def to_regex(phrase: str, lists: Mapping[str, str]) -> str:
    """The regex that finds the phrase in `tokens.spaced` text, for Hyperscan, RE2 and `re` alike.

    Raises PhraseError: unknown list, unbalanced bracket, or larger than its bounds.
    """
    if len(phrase) > PATTERN_CHARS_MAX:
        message = f"it has {len(phrase):,} characters; at most {PATTERN_CHARS_MAX} are allowed"
        raise PhraseError(message)
    regex = " " + _Reader(phrase, lists, 0).whole()
    if len(regex) > EXPANDED_CHARS_MAX:
        message = (
            f"its word lists make it {len(regex):,} characters long; at most "
            f"{EXPANDED_CHARS_MAX:,} are allowed"
        )
        raise PhraseError(message)
    if not any(char.isalnum() or ord(char) > 127 for char in regex):
        raise PhraseError("it has no word in it")
    return regex


class _Reader:
    """Reads one phrase from left to right. Every word that it emits carries the blank after it."""

    def __init__(self, phrase: str, lists: Mapping[str, str], depth: int) -> None:
        self._text = _folded(phrase)
        self._lists = lists
        self._at = 0
        self._depth = depth

    def whole(self) -> str:
        found = self._alternatives(in_word=False)
        if self._at < len(self._text):
            raise PhraseError(f"there is no '(' for the ')' at character {self._at + 1}")
        return found

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else ""

    def _alternatives(self, *, in_word: bool) -> str:
        if self._depth > NESTING_MAX:
            raise PhraseError(f"groups and lists are nested more than {NESTING_MAX} deep")
        found = [self._sequence(in_word=in_word)]
        while self._peek() == "|":
            self._at += 1
            found.append(self._sequence(in_word=in_word))
        return found[0] if len(found) == 1 else f"(?:{'|'.join(found)})"

    def _sequence(self, *, in_word: bool) -> str:
        out: list[str] = []
        is_open = False
        while (char := self._peek()) not in ("", "|", ")"):
            if char == " ":
                if is_open and not in_word:
                    out.append(" ")
                is_open = False
                self._at += 1
            elif char == "(":
                is_open = self._group(out, is_open=is_open, in_word=in_word)
            elif char in "{~_#^$,":
                if is_open and char != "#":
                    raise PhraseError(f"'{char}' needs a blank before it")
                out.append(self._token(char))
                is_open = False
            else:
                out.append(self._letter(char))
                is_open = True
        if is_open and not in_word:
            out.append(" ")
        return "".join(out)

    def _group(self, out: list[str], *, is_open: bool, in_word: bool) -> bool:
        """A group of phrases, or of pieces of one word; returns whether a word is open after it."""
        start = self._at
        is_inside = in_word or is_open or self._goes_on_after(start)
        self._at += 1
        self._depth += 1
        body = self._alternatives(in_word=is_inside)
        self._depth -= 1
        if self._peek() != ")":
            raise PhraseError(f"the '(' at character {start + 1} is not closed")
        self._at += 1
        out.append(f"(?:{body}){self._optional()}")
        return is_inside

    def _goes_on_after(self, start: int) -> bool:
        """Whether a letter follows the group that opens here."""
        depth = 0
        for at in range(start, len(self._text)):
            depth += {"(": 1, ")": -1}.get(self._text[at], 0)
            if depth == 0:
                after = self._text[at + 1 : at + 4].removeprefix("?")
                if after.startswith("("):
                    return not after.startswith("( ")
                return bool(after) and (after[0] not in _SPECIAL or after[0] in "*[")
        return False

    def _optional(self) -> str:
        if self._peek() == "?":
            self._at += 1
            return "?"
        return ""

    def _token(self, char: str) -> str:
        self._at += 1
        if char == "{":
            return self._list()
        if char == "~":
            return self._gap()
        if char in _SIMPLE:
            return _SIMPLE[char]
        is_message = self._peek() == char
        self._at += is_message
        if is_message:
            return "< " if char == "^" else _MESSAGE_END
        edge = _CLAUSE_START if char == "^" else _CLAUSE_END
        return f"(?:{edge})?" if self._optional() else edge

    def _list(self) -> str:
        end = self._text.find("}", self._at)
        name = self._text[self._at : end]
        if end < 0 or name not in self._lists:
            known = ", ".join(sorted(self._lists)) or "none"
            raise PhraseError(f"there is no word list {{{name[:40]}}}; lists are: {known}")
        self._at = end + 1
        body = _Reader(self._lists[name], self._lists, self._depth + 1).whole()
        if len(body) > EXPANDED_CHARS_MAX:
            raise PhraseError(f"the word list {{{name}}} is too long")
        return f"(?:{body}){self._optional()}"

    def _gap(self) -> str:
        digit = self._peek()
        if not digit.isdigit() or not 1 <= int(digit) <= GAP_WORDS_MAX:
            raise PhraseError(f"'~' takes a number from 1 to {GAP_WORDS_MAX}")
        self._at += 1
        if self._peek().isdigit():
            raise PhraseError(f"'~' takes a number from 1 to {GAP_WORDS_MAX}")
        return f"(?:{_ANY_WORD}){{0,{digit}}}"

    def _letter(self, char: str) -> str:
        self._at += 1
        if char == "*":
            return "[^ ]*"
        if char == "[":
            end = self._text.find("]", self._at)
            letters = self._text[self._at : end]
            if end < 0 or not letters.isalnum() or not letters.isascii():
                raise PhraseError("'[' takes letters a to z or digits, and a ']'")
            self._at = end + 1
            return f"[{letters}]{self._optional()}"
        if char in "?]}+\\.<>":
            raise PhraseError(f"'{char}' at character {self._at} means nothing here")
        shown = char if char.isalnum() or ord(char) > 127 else f"\\{char}"
        if self._peek() == "?":
            shown = f"(?:{shown})" if len(char.encode()) > 1 else shown
        return shown + self._optional()


def _folded(phrase: str) -> str:
    """The phrase, its words folded and parted as those of replies are."""
    out: list[str] = []
    word: list[str] = []
    in_name = False
    for char in phrase:
        if char in _SPECIAL or in_name:
            out += [*_spaced_word(word), char]
            word = []
            in_name = char == "{" or (in_name and char != "}")
        else:
            word.append(char)
    out += _spaced_word(word)
    return mended_phrase(" ".join("".join(out).split()))


def _spaced_word(word: list[str]) -> list[str]:
    if not word:
        return []
    text = plain("".join(word))
    if text.isascii():
        bare = text.replace("'", "").replace("-", " ")
        return [SHORTHAND.get(bare, bare)]
    pieces = [piece for piece in tokens_of_plain(text) if piece not in ("<", ">")]
    return [" ".join(pieces)]
