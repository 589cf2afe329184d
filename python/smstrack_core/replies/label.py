"""Labels of replies for callers and for the engine: one judge per process, batches, bits.

Bits are in the order of `_core.LABELS`. STOP dominates everything else.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Final, final

from smstrack_core._core import LABELS as WORDS
from smstrack_core._core import Classifier
from smstrack_core.errors import input_error
from smstrack_core.replies.bomb import compile_bounded
from smstrack_core.replies.budget import TooSlow
from smstrack_core.replies.judge import NOT_JUDGED, Judge, Labelled
from smstrack_core.replies.limits import SLICE_MS
from smstrack_core.replies.matcher import Matcher, default_cache
from smstrack_core.replies.opinion import classifier
from smstrack_core.replies.rules import built_in, load
from smstrack_core.replies.selftest import SelfTest

_BIT: Final[dict[str, int]] = {word: 1 << bit for bit, word in enumerate(WORDS)}
_WORD: Final = {"opt_out": "stop", "opt_in": "start", "affirmative": "yes", "negative": "no"}
"""Labels whose word in segments is another."""
_OTHER: Final = _BIT["other"]


def bits_of(found: Labelled) -> int:
    """Labels, Spanish and `likely` as the engine keeps them."""
    bits = intent_bits(found)
    if found.lang == "es":
        bits |= _BIT["spanish"]
    if found.grade == "likely":
        bits |= _BIT["likely"]
    return bits


def intent_bits(found: Labelled) -> int:
    """The labels alone."""
    bits = 0
    for name in found.labels:
        bits |= _BIT[_WORD.get(name, name)]
    return bits


@final
@dataclass(slots=True)
class Failures:
    """Counts replies that could not be judged; a fault of ours, shown by the server's stats."""

    count: int = 0


failures: Final = Failures()


class Labeller:
    """Labels replies. Made by `labeller`; safe from any thread, one at a time."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._lock = Lock()

    def judge(self, text: str, sent: Iterable[str] = ()) -> Labelled:
        """Labels, grade, language and rule ids of one reply; see `Judge.judge`.

        A reply that the rules choke on, or take too long for, is `other`, or what its keywords say;
        it is counted.
        """
        try:
            return self.judge_or_raise(text, sent)
        except Exception:  # noqa: BLE001 - one reply must not cost the batch its commit
            failures.count += 1
        try:
            return self._judge.floor(text) or NOT_JUDGED
        except Exception:  # noqa: BLE001 - not even text
            return NOT_JUDGED

    def judge_or_raise(self, text: str, sent: Iterable[str] = ()) -> Labelled:
        """As `judge`, but lets through what the rules choke on, and counts nothing."""
        with self._lock:
            try:
                return self._judge.judge(text, sent)
            except TooSlow:
                # Once may be the machine, and an opt-out is worth asking twice.
                return self._judge.judge(text, sent)

    def slices(self, texts: Iterable[str], done: Callable[[Labelled], None]) -> Iterable[None]:
        """Judges texts in order, `done` with each, and yields whenever a slice of time is over."""
        ends = monotonic() + SLICE_MS / 1_000
        for text in texts:
            done(self.judge(text))
            if monotonic() > ends:
                yield
                ends = monotonic() + SLICE_MS / 1_000


def labeller(
    paths: Sequence[str | Path] = (),
    *,
    cache: Path | None = None,
    waits: Callable[[], None] = lambda: None,
) -> Labeller:
    """A labeller by the built-in rules, and those of these files and directories beside them.

    Every rule's own examples are run first, through two engines unless they agreed before.

    Args:
        paths: Rule files (TOML), or directories of them.
        cache: Where compiled rules are kept; see `default_cache`.
        waits: Called before the built-in rules are compiled, which takes a minute or two.

    Raises:
        InputError: rule_invalid, with file and line; nothing was loaded. self_test_failed, the
            engines differ or an example does not behave: this build must not judge replies.

    Blocks for a second or two, and for minutes when nothing is in the cache.
    """
    where = cache or default_cache()
    matchers = [Matcher(built_in().rules, where, waits=waits)]
    own = load([Path(path) for path in paths])
    if own.rules:
        matchers.append(Matcher(own.rules, where, compile_bounded))
    for matcher in matchers:
        found = SelfTest(matcher).findings_once()
        if found:
            first = found[0]
            raise input_error(
                "self_test_failed",
                f'{first.rule.source}, rule "{first.rule.id}": example "{first.example[:60]}" '
                f"{first.what} ({len(found)} such). Replies are not judged by these rules.",
            )
    return Labeller(Judge(matchers, dict(own.keywords), _opinion()))


def _opinion() -> Classifier:
    try:
        return classifier()
    except (OSError, ValueError) as error:
        message = f"the model of replies cannot be used: {error}. Replies are not judged."
        raise input_error("self_test_failed", message) from error


@dataclass(slots=True)
class _Standard:
    made: Labeller | None = None


_standard: Final = _Standard()


def standard() -> Labeller:
    """The labeller of this process: made at its first use, by the built-in rules."""
    if _standard.made is None:
        _standard.made = labeller()
    return _standard.made


def use(chosen: Labeller) -> None:
    """Makes this the labeller of the process: of `judge`, `label`, servers and engines."""
    _standard.made = chosen


def judge(text: str, sent: Iterable[str] = ()) -> Labelled:
    """What one reply says: labels, grade, language, rule ids.

    Args:
        text: The reply.
        sent: Recent texts of ours that it may repeat.
    """
    return standard().judge(text, sent)


def label(text: str) -> int:
    """The labels of one reply; bit n is the label `_core.LABELS[n]`. Never zero.

    Without the bits for Spanish and `likely`, which `label_batch` adds.
    """
    return intent_bits(judge(text))


def label_batch(texts: Iterable[str]) -> bytes:
    """Labels of many replies for the border: little-endian uint16 each, in order.

    A reply that the rules choke on is `other`; it never keeps the others from being labelled.
    """
    chosen = standard()
    return b"".join(bits_of(chosen.judge(text)).to_bytes(2, "little") for text in texts)


def label_slices(texts: Iterable[str], out: bytearray) -> Iterable[None]:
    """`label_batch` into `out`, giving way after every slice of time: for event loops."""
    return standard().slices(texts, lambda found: out.extend(bits_of(found).to_bytes(2, "little")))


def words(bits: int) -> list[str]:
    """The label words of a bit set, in order of their bits."""
    return [word for word, bit in _BIT.items() if bits & bit]
