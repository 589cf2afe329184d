"""Labels of a reply, as bits in the order of `_core.LABELS`. STOP dominates everything else."""

from collections.abc import Iterable
from typing import Final

from smstrack_core._core import LABELS
from smstrack_core.replies import keywords
from smstrack_core.replies.fold import TEXT_CHARS_MAX, fold, plain
from smstrack_core.replies.optout import is_stop, is_stop_line

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

    An opt-out keyword counts at the start of any line and wherever it stands alone; see
    optout.py. All other keywords count as the whole message, or as all that is said beside the
    lines that opt out. A question mark adds `question`; what has no label is `other`.
    """
    bits = _WHOLE.get(fold(text), 0)
    if not bits and is_stop(text):
        bits = _BIT["stop"] | _beside_stop(text)
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


def _beside_stop(text: str) -> int:
    """Yes, no or help on lines of its own; never `start`, which would undo the opt-out."""
    lines = text[:TEXT_CHARS_MAX].splitlines()
    if len(lines) < 2:
        return 0
    rest = " ".join(line for line in lines if not is_stop_line(plain(line)))
    return _WHOLE.get(fold(rest), 0) & ~(_BIT["start"] | _BIT["stop"])


class _Failures:
    """Counts replies that could not be judged; a fault of ours, shown by the server's stats."""

    count = 0


failures: Final = _Failures()
