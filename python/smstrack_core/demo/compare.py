"""The engine's answers beside the twin's ledger, figure by figure and contact by contact."""

import csv
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, final

from smstrack_core.demo.sender import Sender
from smstrack_core.engine import Engine
from smstrack_core.segments import Segment
from smstrack_core.twin import Callback, Ledger, Traffic
from smstrack_core.twin.traffic import CAMPAIGN

_PLAIN_SETS = (
    "audience", "sent", "queued", "accepted", "carrier", "read", "unknown", "delivered", "pending",
    "failed_final", "conflicted", "replied", "clicked", "converted", "qualified", "opted_out",
    "opted_in",
)  # fmt: skip
_DETAIL_PAGE = 100_000


@final
class Check(NamedTuple):
    """One figure, twice."""

    what: str
    expected: object
    found: object

    @property
    def holds(self) -> bool:
        """Whether the two agree."""
        return self.expected == self.found


def compare(engine: Engine, traffic: Traffic, export: Path) -> list[Check]:
    """Every figure that the ledger knows, beside the engine's. Sets are compared by member."""
    return [
        *_sets(engine, traffic.ledger),
        *_report(engine, traffic.ledger),
        *_suppression(engine, traffic.ledger, export),
        *_refused(engine, traffic.ledger),
    ]


def compare_answers(sender: Sender, callbacks: list[Callback]) -> list[Check]:
    """The status of every answer beside the one that was due; any 2xx stands for 200."""
    expected = Counter(callback.status for callback in callbacks)
    found = Counter(200 if 200 <= status < 300 else status for status in sender.statuses)
    return [
        Check(f"answers {status}", expected[status], found[status])
        for status in sorted(expected.keys() | found.keys())
    ]


def _by_member(what: str, expected: set[int], segment: Segment) -> Check:
    found = {int(number) for number in segment}
    if found == expected:
        return Check(what, len(expected), len(segment))
    missing, extra = len(expected - found), len(found - expected)
    return Check(what, len(expected), f"{len(found)}: {missing} missing, {extra} unexpected")


def _sets(engine: Engine, ledger: Ledger) -> Iterator[Check]:
    for blast in (None, *sorted(ledger.facts)):
        scope = CAMPAIGN if blast is None else f"{CAMPAIGN}/{blast}"
        expected = ledger.sets(blast)
        words = [*_PLAIN_SETS, *(word for word in sorted(expected) if word.startswith("replied:"))]
        for word in words:
            yield _by_member(f"{scope}.{word}", expected[word], engine.segment(f"{scope}.{word}"))
        for word in sorted(expected):
            if word.startswith("cause:"):
                atom = f"{scope}.failed_final:{word.removeprefix('cause:')}"
                yield _by_member(atom, expected[word], engine.segment(atom))


def _report(engine: Engine, ledger: Ledger) -> Iterator[Check]:
    report = engine.report(CAMPAIGN)
    for name, expected in ledger.balance().items():
        yield Check(f"balance sheet: {name}", expected, report.balance()[name])
    yield Check("balance sheet: difference", 0, report.balance()["difference"])
    yield Check("reply messages", ledger.reply_messages, report.reply_messages)
    yield Check("clicks", ledger.clicks, report.clicks)
    yield Check("conversions", ledger.conversions, report.conversions)
    yield Check("revenue", ledger.revenue_micros, report.revenue_micros.get("USD", 0))
    for name, contacts in ledger.sets().items():
        if name in report.sets and name in (*_PLAIN_SETS, "non_responders"):
            yield Check(f"report: {name}", len(contacts), report.sets[name])
    waiting = report.directory.get("parked", 0) + report.directory.get("orphans", 0)
    yield Check("receipts of unknown messages", ledger.strangers, waiting)


def _suppression(engine: Engine, ledger: Ledger, export: Path) -> Iterator[Check]:
    suppressed = ledger.suppressed()
    silent = ledger.sets()["non_responders"]
    yield _by_member("suppressed", suppressed, engine.suppressed)
    segment = engine.segment(
        f"{CAMPAIGN}.delivered - {CAMPAIGN}.replied - {CAMPAIGN}.clicked - {CAMPAIGN}.opted_out"
    )
    yield _by_member("non-responders", silent, segment)
    with export.open(encoding="ascii", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        exported = _numbers(row[0] for row in rows)
    yield Check("exported non-responders", len(silent - suppressed), len(exported))
    yield Check("exported, but should not be", 0, len(exported - (silent - suppressed)))


def _numbers(rows: Iterable[str]) -> set[int]:
    return {int(row) for row in rows}


def _refused(engine: Engine, ledger: Ledger) -> Iterator[Check]:
    found: set[tuple[str, str]] = set()
    after = 0
    while page := engine.dead_letters(after=after, count_max=_DETAIL_PAGE):
        found |= {(letter["provider"], letter["body"]) for letter in page}
        after = page[-1]["position"]
    expected = {(provider, b64encode(body).decode()) for provider, body in ledger.dead}
    yield Check("dead letters, distinct", len(expected), len(found & expected))
    yield Check("dead letters nobody sent", 0, len(found - expected))
