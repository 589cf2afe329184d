"""Today's rules over kept replies: what would change, and the change as one step.

Reads every kept reply, judges it again, and hands the engine those whose labels differ. Labels
that the engine itself gave (a provider's own sign, what NO means in a campaign) are kept.
"""

from array import array
from dataclasses import dataclass
from typing import Any, Final, final

import orjson

from smstrack_core import _core
from smstrack_core.consent.judging import SAID_MASK, WORDS_MASK, Judged, judge, label_bits
from smstrack_core.consent.responses import all_replies
from smstrack_core.values import now_ms

_STOP: Final = label_bits("stop")
_START: Final = label_bits("start")
_YES: Final = label_bits("yes")
_NO: Final = label_bits("no")
_AUTO: Final = label_bits("auto_reply")
_SPANISH: Final = label_bits("spanish")


@final
@dataclass(frozen=True, slots=True)
class Relabelled:
    """What relabelling changes, or changed."""

    looked_at: int
    """Replies judged again."""
    replies: int
    """Replies whose labels differ."""
    failed: int
    """Replies that the rules choked on; they keep their labels."""
    applied: bool
    campaigns: dict[str, dict[str, dict[str, dict[str, Any]]]]
    """By campaign ("" where a reply is credited to none) and set: `enter` and `leave`, each with
    `contacts` (how many) and `replies` (log positions of those that move them)."""

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def __str__(self) -> str:
        verb = "changed" if self.applied else "would change"
        lines = [f"{self.replies:,} of {self.looked_at:,} replies {verb} their labels"]
        for name, sets in sorted(self.campaigns.items()):
            lines.append(f"{name or '(credited to no campaign)'}")
            for word, moved in sorted(sets.items()):
                enter, leave = moved["enter"]["contacts"], moved["leave"]["contacts"]
                lines.append(f"  {word:<22} enter {enter:>9,}   leave {leave:>9,}")
        if self.failed:
            lines.append(f"{self.failed:,} could not be judged and keep their labels")
        return "\n".join(lines)


def relabel(core: _core.Engine, *, campaign: str | None = None, apply: bool = False) -> Relabelled:
    """Judges kept replies by today's rules.

    With `apply` the new labels are written as one batch, all of it or nothing. Opt-outs already
    given stay, and nobody is opted in by it.

    Raises InputError: unknown_name, or too_large when one batch cannot hold the change (then
    go campaign by campaign).
    """
    consents = _core.Consent(core)
    meanings: dict[str, dict[str, str]] = {}
    positions, labels = array("Q"), array("H")
    rules: list[str] = []
    looked_at = failed = 0
    for row in all_replies(consents, campaign):
        looked_at += 1
        try:
            judged = judge(row["text"])
        except Exception:  # noqa: BLE001 - one reply must not stop the others
            failed += 1
            continue
        name = row["campaign"]
        if name is not None and name not in meanings:
            meanings[name] = dict(consents.settings(name))
        judged = _in_context(judged, row, meanings.get(name, {}) if name else {})
        if judged.bits & WORDS_MASK != row["bits"] & WORDS_MASK:
            positions.append(row["position"])
            labels.append(judged.bits)
            rules.append(judged.rules)
    found = orjson.loads(
        consents.relabel(positions.tobytes(), labels.tobytes(), rules, apply=apply, now_ms=now_ms())
    )
    return Relabelled(looked_at, found["replies"], failed, apply, found["campaigns"])


def _in_context(judged: Judged, row: dict[str, Any], settings: dict[str, str]) -> Judged:
    """What the engine makes of labels at arrival, made of them again: see rust context.rs."""
    bits, ids = judged.bits, judged.rules
    words, said = bits & WORDS_MASK, bits & SAID_MASK
    certain = 1 << 14
    is_plain = not words & (_STOP | _START | _AUTO)
    for name, word, label, is_it in (
        ("on_no", "opt_out", _STOP, bool(said & _NO) and not said & _YES),
        ("on_yes", "opt_in", _START, said == _YES),
    ):
        meaning = settings.get(f"{name}:{row['blast']}", settings.get(name))
        if is_plain and is_it and meaning == word:
            bits, ids = words | label | certain, f"{ids} campaign:{name}".lstrip()
    # A provider's own sign is no rule's to take away; it came without one.
    signed = row["bits"] & WORDS_MASK & (_STOP | _START)
    if signed and row["bits"] >> 14 == 0:
        bits = (bits & SAID_MASK) | (bits & _SPANISH) | signed
    return Judged(bits, judged.lang, ids)
