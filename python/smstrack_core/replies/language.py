"""Which language a reply is in: script, word lists, endings. Never decides whether it opts out.

Word lists are text files, one language each, in `words/`. A word counts for a language by how few
languages share it.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

WORDS_MAX: Final = 40
"""Words looked at: by then every language has shown itself."""

UNKNOWN: Final = "und"

_SCRIPTS: Final = (
    (0x0590, 0x05FF, "he"), (0x0600, 0x06FF, "ar"), (0x0900, 0x097F, "hi"), (0x0980, 0x09FF, "bn"),
    (0x0E00, 0x0E7F, "th"), (0x0370, 0x03FF, "el"), (0x0400, 0x04FF, "ru"), (0x3040, 0x30FF, "ja"),
    (0xAC00, 0xD7AF, "ko"), (0x4E00, 0x9FFF, "zh"),
)  # fmt: skip
_SIGNS: Final[dict[str, str]] = {
    "ñ": "es", "¿": "es", "¡": "es", "ã": "pt", "õ": "pt", "ß": "de", "ł": "pl", "ż": "pl",
    "ź": "pl", "ś": "pl", "ć": "pl", "ę": "pl", "ą": "pl", "ń": "pl", "ğ": "tr", "ı": "tr",
    "ş": "tr", "İ": "tr", "đ": "vi", "ơ": "vi", "ư": "vi", "ạ": "vi", "ả": "vi", "ế": "vi",
    "ề": "vi", "ố": "vi", "ộ": "vi", "ậ": "vi", "ấ": "vi", "ø": "no", "å": "sv", "æ": "da",
    "œ": "fr", "ê": "fr", "è": "fr", "û": "fr", "î": "fr", "ò": "it", "ì": "it", "ù": "it",
    "ä": "de", "ü": "de", "á": "es", "í": "es", "ó": "es", "ú": "es", "é": "fr", "ç": "fr",
    "â": "pt", "ô": "fr", "à": "fr", "ö": "de",
}  # fmt: skip
_SURE_SIGNS: Final = frozenset("ñ¿¡ßłżğışđơưãõ")
_ENDINGS: Final = (
    ("cion", "es"), ("ciones", "es"), ("dad", "es"), ("iendo", "es"), ("aron", "es"),
    ("ieron", "es"), ("enme", "es"), ("anme", "es"), ("arme", "es"), ("irme", "es"), ("erme", "es"),
    ("ito", "es"), ("ita", "es"), ("cao", "pt"), ("coes", "pt"), ("dade", "pt"), ("ndo", "pt"),
    ("zione", "it"), ("zioni", "it"), ("temi", "it"), ("etti", "it"), ("ung", "de"), ("eux", "fr"),
    ("ez", "fr"), ("ment", "fr"), ("ing", "en"), ("tion", "en"), ("ght", "en"), ("lijk", "nl"),
    ("owac", "pl"), ("ijcie", "pl"), ("cie", "pl"), ("iyorum", "tr"), ("mayin", "tr"),
    ("meyin", "tr"),
)  # fmt: skip
_PREFERRED: Final = (
    "en",
    "es",
    "fr",
    "pt",
    "it",
    "de",
    "nl",
    "sv",
    "no",
    "da",
    "pl",
    "tr",
    "tl",
    "vi",
    "ht",
    "hi",
)


@cache
def _words() -> dict[str, dict[str, float]]:
    """Word -> weight by language."""
    found: dict[str, dict[str, float]] = {}
    for file in sorted((Path(__file__).parent / "words").glob("*.txt")):
        for word in file.read_text(encoding="utf-8").split():
            found.setdefault(word, {})[file.stem] = 1.0
    return {
        word: dict.fromkeys(languages, 1.0 / len(languages)) for word, languages in found.items()
    }


class _Weights(dict[str, tuple[tuple[str, float], ...]]):
    """What one word says, remembered: its lists, else its ending."""

    def __missing__(self, word: str) -> tuple[tuple[str, float], ...]:
        found = tuple(_words().get(word, {}).items()) or _ending(word)
        if len(self) < 50_000:
            self[word] = found
        return found


_WEIGHTS: Final = _Weights()


def language_of(text: str, words: Sequence[str], hints: Iterable[str] = ()) -> str:
    """A two-letter code, or `und`.

    Args:
        text: The reply as written: accents and punctuation tell.
        words: Its words, folded.
        hints: Languages of the rules and keywords that it met.
    """
    scores: dict[str, float] = {}
    for hint in hints:
        if hint != UNKNOWN:
            scores[hint] = scores.get(hint, 0.0) + 0.6
    for word in words[:WORDS_MAX]:
        for language, weight in _WEIGHTS[word]:
            scores[language] = scores.get(language, 0.0) + weight
    if not text.isascii():
        _add_signs(scores, text)
    if not scores:
        return UNKNOWN
    best = max(scores.values())
    if best < 0.3:
        return UNKNOWN
    tied = [language for language, score in scores.items() if score > best - 0.001]
    if len(tied) > 1:
        tied.sort(key=lambda name: _PREFERRED.index(name) if name in _PREFERRED else 99)
    return tied[0]


def _ending(word: str) -> tuple[tuple[str, float], ...]:
    if len(word) < 6:
        return ()
    return tuple((language, 0.35) for ending, language in _ENDINGS if word.endswith(ending))


def _add_signs(scores: dict[str, float], text: str) -> None:
    counts: dict[str, int] = {}
    for char in text[:400]:
        if char.isascii():
            continue
        sign = _SIGNS.get(char) or _SIGNS.get(char.lower())
        if sign:
            weight = 1.2 if char.lower() in _SURE_SIGNS else 0.25
            scores[sign] = scores.get(sign, 0.0) + weight
            continue
        code = ord(char)
        for first, last, language in _SCRIPTS:
            if first <= code <= last:
                counts[language] = counts.get(language, 0) + 1
                break
    if counts:
        # Kana among Han is Japanese.
        language = "ja" if counts.get("ja") else max(counts, key=lambda name: counts[name])
        scores[language] = scores.get(language, 0.0) + 3.0
