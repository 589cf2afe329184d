"""Labels of a reply, as bits in the order of `_core.LABELS`. STOP dominates everything else."""

from collections.abc import Iterable
from typing import Final

from smstrack_core._core import LABELS
from smstrack_core.replies import keywords
from smstrack_core.replies.fold import fold

_BIT: Final[dict[str, int]] = {word: 1 << bit for bit, word in enumerate(LABELS)}
_OTHER: Final = _BIT["other"]

_WHOLE: Final[dict[str, int]] = {
    **dict.fromkeys(keywords.NO, _BIT["no"]),
    **dict.fromkeys(keywords.YES, _BIT["yes"]),
    **dict.fromkeys(keywords.HELP, _BIT["help"]),
    **dict.fromkeys(keywords.START, _BIT["start"]),
    **dict.fromkeys(keywords.STOP_ALONE | keywords.STOP_LINE, _BIT["stop"]),
}


def label(text: str) -> int:
    """The labels of one reply; bit n is the label `_core.LABELS[n]`. Never zero.

    An opt-out keyword counts as the whole message, as its whole first line, or as the first word
    with only courtesy after it (`STOP please`). All other keywords count as the whole message. A
    question mark adds `question`; what has no label is `other`.
    """
    folded = fold(text)
    bits = _WHOLE.get(folded, 0)
    if not bits and _is_stop(text, folded):
        bits = _BIT["stop"]
    if not keywords.QUESTION_MARKS.isdisjoint(text):
        bits |= _BIT["question"]
    return bits or _OTHER


def label_batch(texts: Iterable[str]) -> bytes:
    """Labels of many replies for the border: little-endian uint16 each, in order.

    A reply that the rules choke on is `other`; it never keeps the others from being labelled.
    """
    out = bytearray()
    for text in texts:
        try:
            bits = label(text)
        except Exception:  # noqa: BLE001 - one reply must not cost the batch its commit
            bits = _OTHER
            failures.count += 1
        out += bits.to_bytes(2, "little")
    return bytes(out)


def words(bits: int) -> list[str]:
    """The label words of a bit set, in order of their bits."""
    return [word for word, bit in _BIT.items() if bits & bit]


def _is_stop(text: str, folded: str) -> bool:
    first, *rest = folded.split(" ") if folded else [""]
    if first in keywords.STOP_FIRST and keywords.FILLERS.issuperset(rest):
        return True
    lines = text.strip().splitlines()
    return len(lines) > 1 and fold(lines[0]) in keywords.STOP_LINE


class _Failures:
    """Counts replies that could not be judged; a fault of ours, shown by the server's stats."""

    count = 0


failures: Final = _Failures()
