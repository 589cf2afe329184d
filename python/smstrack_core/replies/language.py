"""What tells languages apart: script, word lists, endings. Never decides whether a reply opts out.

Word lists are text files, one language each, in `words/`. A word counts for a language by how few
languages share it: the core (`rust/engine/src/reading/language.rs`) adds up what these tables say.
"""

from pathlib import Path
from typing import Final

WORDS_MAX: Final = 40
"""Words looked at: by then every language has shown itself."""

UNKNOWN: Final = "und"

SCRIPTS: Final = (
    (0x0590, 0x05FF, "he"), (0x0600, 0x06FF, "ar"), (0x0900, 0x097F, "hi"), (0x0980, 0x09FF, "bn"),
    (0x0E00, 0x0E7F, "th"), (0x0370, 0x03FF, "el"), (0x0400, 0x04FF, "ru"), (0x3040, 0x30FF, "ja"),
    (0xAC00, 0xD7AF, "ko"), (0x4E00, 0x9FFF, "zh"),
)  # fmt: skip
SIGNS: Final[dict[str, str]] = {
    "ñ": "es", "¿": "es", "¡": "es", "ã": "pt", "õ": "pt", "ß": "de", "ł": "pl", "ż": "pl",
    "ź": "pl", "ś": "pl", "ć": "pl", "ę": "pl", "ą": "pl", "ń": "pl", "ğ": "tr", "ı": "tr",
    "ş": "tr", "İ": "tr", "đ": "vi", "ơ": "vi", "ư": "vi", "ạ": "vi", "ả": "vi", "ế": "vi",
    "ề": "vi", "ố": "vi", "ộ": "vi", "ậ": "vi", "ấ": "vi", "ø": "no", "å": "sv", "æ": "da",
    "œ": "fr", "ê": "fr", "è": "fr", "û": "fr", "î": "fr", "ò": "it", "ì": "it", "ù": "it",
    "ä": "de", "ü": "de", "á": "es", "í": "es", "ó": "es", "ú": "es", "é": "fr", "ç": "fr",
    "â": "pt", "ô": "fr", "à": "fr", "ö": "de",
}  # fmt: skip
SURE_SIGNS: Final = frozenset("ñ¿¡ßłżğışđơưãõ")
ENDINGS: Final = (
    ("cion", "es"), ("ciones", "es"), ("dad", "es"), ("iendo", "es"), ("aron", "es"),
    ("ieron", "es"), ("enme", "es"), ("anme", "es"), ("arme", "es"), ("irme", "es"), ("erme", "es"),
    ("ito", "es"), ("ita", "es"), ("cao", "pt"), ("coes", "pt"), ("dade", "pt"), ("ndo", "pt"),
    ("zione", "it"), ("zioni", "it"), ("temi", "it"), ("etti", "it"), ("ung", "de"), ("eux", "fr"),
    ("ez", "fr"), ("ment", "fr"), ("ing", "en"), ("tion", "en"), ("ght", "en"), ("lijk", "nl"),
    ("owac", "pl"), ("ijcie", "pl"), ("cie", "pl"), ("iyorum", "tr"), ("mayin", "tr"),
    ("meyin", "tr"),
)  # fmt: skip
PREFERRED: Final = (
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


def words() -> dict[str, list[str]]:
    """Word -> the languages that have it."""
    found: dict[str, dict[str, None]] = {}
    for file in sorted((Path(__file__).parent / "words").glob("*.txt")):
        for word in file.read_text(encoding="utf-8").split():
            found.setdefault(word, {})[file.stem] = None
    return {word: list(languages) for word, languages in found.items()}
