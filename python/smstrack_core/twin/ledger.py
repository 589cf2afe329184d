"""The twin's own account of what its stream must add up to: plain Python sets of numbers.

Written from the facts that the generator chose, never from the requests and never with the
engine's code, so that agreement means something.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final, final

from smstrack_core.reports import BALANCE_SETS

FAILURES: Final = ("undelivered", "failed", "rejected", "expired", "filtered")


@final
@dataclass(slots=True)
class Ledger:
    """Facts as they were chosen, and the sets that follow from them. Numbers are integers."""

    facts: dict[str, dict[str, set[int]]] = field(default_factory=dict)
    """By blast, then by set word (or `cause:` and `replied:` with a detail)."""
    consent: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    """By contact: (time, `stop` or `start`)."""
    by_hand: set[int] = field(default_factory=set)
    """Suppressed by hand before the stream begins."""
    reply_messages: int = 0
    clicks: int = 0
    conversions: int = 0
    revenue_micros: int = 0
    strangers: int = 0
    """Receipts of messages that nobody registered."""
    dead: set[tuple[str, bytes]] = field(default_factory=set)
    """Refused input: provider and body."""

    def add(self, blast: str, word: str, contact: int) -> None:
        """Notes one fact of one contact."""
        self.facts.setdefault(blast, defaultdict(set))[word].add(contact)

    def sets(self, blast: str | None = None) -> dict[str, set[int]]:
        """All sets of one blast, or of the campaign: the union over its blasts."""
        chosen = [self.facts[blast]] if blast is not None else list(self.facts.values())
        found: dict[str, set[int]] = defaultdict(set)
        for facts in chosen:
            for word, contacts in facts.items():
                found[word] |= contacts
        found["delivered"] = found["delivered"] | found["read"]
        failed = set[int]().union(*(found[word] for word in FAILURES))
        found["conflicted"] = failed & found["delivered"]
        found["failed_final"] = failed - found["delivered"]
        found["pending"] = found["sent"] - found["delivered"] - found["failed_final"]
        for word in [word for word in found if word.startswith("cause:")]:
            found[word] -= found["delivered"]
        found["non_responders"] = (
            found["delivered"] - found["replied"] - found["clicked"] - found["opted_out"]
        )
        return found

    def suppressed(self) -> set[int]:
        """Who must not be sent to: the latest word decides, STOP wins a tie."""
        stopped = {
            contact
            for contact, said in self.consent.items()
            if max(said, key=lambda word: (word[0], word[1] == "stop"))[1] == "stop"
        }
        return stopped | self.by_hand

    def balance(self) -> dict[str, int]:
        """The campaign's balance sheet; failures that were delivered after all are delivered."""
        found = self.sets()
        delivered = found["delivered"]
        return {
            "sent": len(found["sent"]),
            **{
                word: len(found[word] - delivered if word in FAILURES else found[word])
                for word in BALANCE_SETS
            },
        }
