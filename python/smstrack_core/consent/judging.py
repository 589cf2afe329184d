"""The seam to the rules for replies: whatever they return -> what the border takes.

Labels are bits in the order of `_core.LABELS`; the two highest bits are the grade. Language and
rule ids go beside them. Decides nothing about a text itself.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, final

from smstrack_core._core import LABELS
from smstrack_core.replies.label import failures, label

GRADES: Final = {"certain": 1, "likely": 2, "no": 3}
"""Codes of grades, as the engine knows them."""

GRADE_SHIFT: Final = 14
"""Where the grade stands among the bits."""

WORDS_MASK: Final = (1 << GRADE_SHIFT) - 1
"""The bits that are labels."""

_BIT: Final[dict[str, int]] = {word: 1 << bit for bit, word in enumerate(LABELS)}
_ALIASES: Final = {
    "opt_out": "stop",
    "opt_in": "start",
    "affirmative": "yes",
    "negative": "no",
}
"""Words that rules may use for the engine's own."""

_CONSENT: Final = _BIT["stop"] | _BIT["start"] | _BIT["wrong_number"]


@final
class Judged(NamedTuple):
    """What the rules say of one reply."""

    bits: int
    """Labels and grade."""
    lang: str
    rules: str
    """Rule ids with blanks between them."""


def judge(text: str) -> Judged:
    """Judges one reply by today's rules."""
    return _read(label(text))


def judge_batch(texts: Iterable[str]) -> tuple[bytes, list[tuple[str, str]]]:
    """Labels of many replies for the border, and language and rule ids of each, in order.

    A reply that the rules choke on is `other` and counted; it never keeps the others back.
    """
    out = bytearray()
    beside: list[tuple[str, str]] = []
    for text in texts:
        try:
            judged = judge(text)
        except Exception:  # noqa: BLE001 - one reply must not cost the batch its commit
            judged = Judged(_BIT["other"], "", "failed")
            failures.count += 1
        out += judged.bits.to_bytes(2, "little")
        beside.append((judged.lang, judged.rules))
    return bytes(out), beside


def label_bits(words: str | Sequence[str] | None) -> int:
    """Label words as bits; None is 0. Raises ValueError for a word that is none."""
    if words is None:
        return 0
    bits = 0
    for word in [words] if isinstance(words, str) else words:
        name = _ALIASES.get(word, word)
        if name not in _BIT:
            message = f"there is no label {word[:64]!r}; labels are {', '.join(LABELS)}"
            raise ValueError(message)
        bits |= _BIT[name]
    return bits


def label_words(bits: int) -> list[str]:
    """Label words of bits, in their order, without the grade."""
    return [word for word, bit in _BIT.items() if bits & bit]


def _read(found: Any) -> Judged:  # noqa: ANN401 - bits, or an object with labels and grade
    """Takes bits of labels alone, or `labels`, `grade`, `lang` and `rules`."""
    if isinstance(found, int):
        grade = "certain" if found & _CONSENT else "no"
        return Judged(found | GRADES[grade] << GRADE_SHIFT, "", "")
    words = found.labels
    bits = words if isinstance(words, int) else label_bits(list(words))
    grade = found.grade
    code = grade if isinstance(grade, int) else GRADES.get(str(grade), 0)
    lang, ids = found.lang or "", found.rules or ()
    return Judged(
        bits & WORDS_MASK | code << GRADE_SHIFT,
        lang,
        ids if isinstance(ids, str) else " ".join(ids),
    )
