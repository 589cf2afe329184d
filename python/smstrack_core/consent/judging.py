"""The seam to the rules for replies: whatever they return -> what the border takes.

Labels are bits in the order of `_core.LABELS`; the two highest bits are the grade. Language and
rule ids go beside them. Decides nothing about a text itself.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, final

from smstrack_core._core import LABELS
from smstrack_core.replies import Labelled
from smstrack_core.replies.label import bits_of, standard

GRADES: Final = {"certain": 1, "likely": 2, "no": 3}
"""Codes of grades, as the engine knows them."""

GRADE_SHIFT: Final = 14
"""Where the grade stands among the bits."""

WORDS_MASK: Final = (1 << GRADE_SHIFT) - 1
"""The bits that are labels."""

_BIT: Final[dict[str, int]] = {word: 1 << bit for bit, word in enumerate(LABELS)}
SAID_MASK: Final = WORDS_MASK & ~(_BIT["spanish"] | _BIT["likely"])
"""Of those, what is said: neither in which language, nor whether a person should look at it."""

_ALIASES: Final = {
    "opt_out": "stop",
    "opt_in": "start",
    "affirmative": "yes",
    "negative": "no",
}
"""Words that rules may use for the engine's own."""

_CONSENT: Final = frozenset(["opt_in", "wrong_number"])
"""Labels that say something about consent beside an opt-out, whose grade the rules know."""


@final
class Judged(NamedTuple):
    """What the rules say of one reply."""

    bits: int
    """Labels and grade."""
    lang: str
    rules: str
    """Rule ids with blanks between them."""


def judge(text: str) -> Judged:
    """Judges one reply by today's rules. Raises what the rules choke on."""
    return _read(standard().judge_or_raise(text))


def judge_batch(texts: Iterable[str]) -> tuple[bytes, list[tuple[str, str]]]:
    """Labels of many replies for the border, and language and rule ids of each, in order.

    A reply that the rules choke on is what its keywords say, or `other`, and counted; it never
    keeps the others back.
    """
    labels, beside = bytearray(), list[tuple[str, str]]()
    for _ in judge_slices(texts, labels, beside):
        pass
    return bytes(labels), beside


def judge_slices(
    texts: Iterable[str], labels: bytearray, beside: list[tuple[str, str]]
) -> Iterable[None]:
    """`judge_batch` into these two, giving way after every slice of time: for event loops."""

    def keep(found: Labelled) -> None:
        judged = _read(found)
        labels.extend(judged.bits.to_bytes(2, "little"))
        beside.append((judged.lang, judged.rules))

    return standard().slices(texts, keep)


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


def _read(found: Labelled) -> Judged:
    grade = found.grade
    if grade == "no" and not _CONSENT.isdisjoint(found.labels):
        grade = "certain"
    return Judged(
        bits_of(found) | GRADES[grade] << GRADE_SHIFT,
        "" if found.lang == "und" else found.lang,
        # Blanks stand between ids, so none may be within one: `keyword:stop all`.
        " ".join(rule.replace(" ", "_") for rule in found.rules),
    )
