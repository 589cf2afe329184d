"""The ledger of consent as callers see it: who, when, how, in which words, and what follows.

The engine keeps the facts and derives the suppressed from them; here they become rows, pages,
files and sentences. No number and no text leaves unless it is asked for.
"""

import csv
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal, final

import orjson

from smstrack_core import _core, lists
from smstrack_core.drafts import whole_file
from smstrack_core.errors import input_error
from smstrack_core.values import now_ms, parse_time_ms

if TYPE_CHECKING:
    import pyroaring

PAGE_COUNT: Final = 4_096
"""Facts read at once, with their evidence from the log: exports stay in constant memory."""

COLUMNS: Final = (
    *("position", "contact", "number", "opted", "how", "at", "received", "trust", "grade"),
    *("review", "provider", "account", "sender", "source", "code", "rules", "wording_id"),
    *("wording", "lang"),
)
"""Columns of a CSV export, in order."""

Trust = Literal["verified", "allowed", "untrusted"]
Format = Literal["ndjson", "csv"]


@final
@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a number may or may not be sent to, as it stands or as it stood."""

    is_known: bool
    """Whether the directory knows the number at all."""
    suppressed: bool
    decided_by: int | None
    """Log position of the fact that decides; None where no word was ever said."""
    facts: list[dict[str, Any]] = field(repr=False)
    """Oldest first: `position`, `at`, `received`, `opted` (out, in, None for a review), `how`,
    `trust`, `grade`, `review`, `effect`, `provider`, `account`, `sender`, `source`, `rules`,
    `wording_id`, and `wording` and `number` where asked for."""

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def __str__(self) -> str:
        verdict = "suppressed" if self.suppressed else "not suppressed"
        if not self.facts:
            return f"{verdict}: no word about consent is known"
        lines = [f"{verdict}, decided at position {self.decided_by}"]
        lines += [describe(fact) for fact in self.facts]
        return "\n".join(lines)


def describe(fact: Mapping[str, Any]) -> str:
    """One fact as a line for people."""
    opted = {"out": "opted out", "in": "opted in"}.get(fact["opted"] or "", fact["how"])
    parts = [f"{fact['at']}  {opted} by {fact['how']} ({fact['grade']}, {fact['trust']})"]
    parts += [f"position {fact['position']}"]
    parts += [f"{key} {fact[key]}" for key in ("provider", "account", "source") if fact.get(key)]
    if fact.get("rules"):
        parts.append(f"rules {' '.join(fact['rules'])}")
    if fact.get("review"):
        parts.append(fact["review"])
    if fact.get("wording") is not None:
        parts.append(f"said {fact['wording']!r}")
    elif fact.get("wording_id"):
        parts.append(f"wording {fact['wording_id']}")
    if fact.get("effect"):
        parts.append(f"-> {fact['effect']}")
    return ", ".join(parts)


class ConsentBook:
    """What an engine knows about consent. A base of `Engine`."""

    def __init__(self, core: _core.Engine) -> None:
        self.core: Final = core
        """The compiled engine; other modules of this package pass it over the border."""

    @property
    def _consents(self) -> _core.Consent:
        return _core.Consent(self.core)

    def explain(
        self,
        number: str,
        *,
        at: str | datetime | None = None,
        known_at: str | datetime | None = None,
        wording: bool = False,
        numbers: bool = False,
    ) -> Explanation:
        """The facts about one number's consent, in order, and what follows from them.

        Args:
            number: As written.
            at: As it stood then, by the times at which facts took effect.
            known_at: As we knew it then, by the times at which facts arrived.
            wording: With the words that were said or agreed to, from the log.
            numbers: With the number in each fact.

        Raises InputError: value_invalid. Reads the log; GIL released.
        """
        found = orjson.loads(
            self._consents.explain(
                number,
                at_ms=None if at is None else parse_time_ms(at, "at"),
                known_at_ms=None if known_at is None else parse_time_ms(known_at, "known_at"),
                wording=wording,
                numbers=numbers,
            )
        )
        facts = [dated(fact) for fact in found["facts"]]
        return Explanation(found["is_known"], found["suppressed"], found["decided_by"], facts)

    def record_consent(
        self,
        numbers: Iterable[str] | str,
        *,
        opted: Literal["in", "out"],
        source: str,
        wording: str = "",
        sender: str = "",
        trust: Trust = "verified",
        at: str | datetime | None = None,
    ) -> tuple[int, list[tuple[int, str]]]:
        """Brings consent from elsewhere into the ledger, with its evidence. Durable on return.

        Args:
            numbers: One, or many.
            opted: `in` or `out`.
            source: Where it comes from: the form, the list, the till.
            wording: The words that were agreed to.
            sender: Our number or name, if it concerns one alone.
            trust: How far the source is believed; `untrusted` never opts anybody in.
            at: When it was given; now if left out.

        Returns: contacts whose suppression changed, and refused rows as (row, code).
        """
        return self._word(
            numbers, at, how="import", opted_in=_opted(opted), trust=trust,
            sender=sender, source=source, wording=wording,
        )  # fmt: skip

    def reassigned(
        self,
        numbers: Iterable[str] | str,
        *,
        at: str | datetime | None = None,
        source: str = "",
    ) -> tuple[int, list[tuple[int, str]]]:
        """Says that numbers have new owners from a moment on. Durable on return.

        No consent from before it counts any more. Until the new owner opts in, the number is
        suppressed: nobody who holds it now has agreed to anything.

        Returns: contacts whose suppression changed, and refused rows as (row, code).
        """
        return self._word(
            numbers, at, how="reassigned", opted_in=False, trust="verified",
            sender="", source=source, wording="",
        )  # fmt: skip

    def _word(
        self,
        numbers: Iterable[str] | str,
        at: str | datetime | None,
        *,
        how: str,
        opted_in: bool,
        trust: str,
        sender: str,
        source: str,
        wording: str,
    ) -> tuple[int, list[tuple[int, str]]]:
        now = now_ms()
        at_ms = now if at is None else parse_time_ms(at, "at")
        changed, rejects = 0, []
        for rows, base, wrong in lists.number_chunks(numbers):
            new, refused = self._consents.word(
                rows, how=how, opted_in=opted_in, trust=trust, sender=sender, source=source,
                wording=wording, at_ms=at_ms, now_ms=now,
            )  # fmt: skip
            changed += new
            rejects += lists.merged(wrong, refused, base)
        return changed, rejects

    def reviews(
        self,
        *,
        after: int = 0,
        count_max: int = 1_000,
        wording: bool = True,
        numbers: bool = False,
    ) -> list[dict[str, Any]]:
        """Likely opt-outs that wait for a person, one page in order of position.

        They suppress meanwhile. Go on after the last row's `position`.
        """
        found = self._consents.reviews(
            after=after, count_max=count_max, wording=wording, numbers=numbers
        )
        return [dated(fact) for fact in orjson.loads(found)]

    def confirm(self, position: int, *, by: str = "") -> bool:
        """A person upholds the opt-out at a position; whether the contact is suppressed now."""
        return self._consents.review(position, upheld=True, who=by, now_ms=now_ms())

    def overturn(self, position: int, *, by: str = "") -> bool:
        """A person finds that the likely opt-out at a position was none.

        Other words of the contact count as before; returns whether it is suppressed now.

        Raises InputError: value_invalid, a certain opt-out, which only an opt-in undoes.
        """
        return self._consents.review(position, upheld=False, who=by, now_ms=now_ms())

    def consent_facts(
        self, *, after: int = 0, wording: bool = False, numbers: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Every fact of the ledger in order of log position, read page by page."""
        while True:
            page = self._consents.ledger(
                after=after, count_max=PAGE_COUNT, wording=wording, numbers=numbers
            )
            rows = orjson.loads(page)
            yield from map(dated, rows)
            if len(rows) < PAGE_COUNT:
                return
            after = rows[-1]["position"]

    def export_consent(
        self,
        path: str | os.PathLike[str],
        *,
        format: Format = "ndjson",  # noqa: A002 - the word callers look for
        wording: bool = True,
        numbers: bool = True,
    ) -> int:
        """Writes the whole ledger for an auditor, and says how many facts.

        Constant memory; the file is there whole or not at all.
        """
        with whole_file(Path(path), "utf-8") as draft:
            return write_facts(draft, self.consent_facts(wording=wording, numbers=numbers), format)

    def consent_trend(
        self, *, campaign: str | None = None, by: Literal["day", "week"] = "week"
    ) -> dict[str, Any]:
        """Opt-outs and opt-ins by day or week (from Monday) in UTC, distinct contacts each.

        Returns `rows` of `start`, `opted_out`, `opted_in`, `wrong_number`; with a campaign only
        words credited to it, and `asked`, the contacts that its texts reached.
        """
        if by not in ("day", "week"):
            raise input_error("value_invalid", "by is neither 'day' nor 'week'.")
        found = orjson.loads(self._consents.trend(campaign=campaign, weekly=by == "week"))
        for row in found["rows"]:
            row["start"] = _written(row.pop("start_ms"))[:10]
        return dict(found)

    def brand(self, name: str, senders: Iterable[str]) -> None:
        """Says which senders are one brand, for `suppressed_for`. Durable on return."""
        for sender in senders:
            self._consents.set("", f"brand:{sender}", name, now_ms=now_ms())

    def suppressed_for(
        self, sender: str, *, scope: Literal["sender", "brand", "all"] = "all"
    ) -> "pyroaring.BitMap":
        """Contact ids that must not be sent to from a sender.

        `all`, the default and what every export leaves out, takes each word for all senders;
        `brand` and `sender` only words to those senders, and words that name none.
        """
        import pyroaring  # noqa: PLC0415 - needed by few callers

        if scope not in ("sender", "brand", "all"):
            raise input_error("value_invalid", "scope is none of 'sender', 'brand', 'all'.")
        if scope == "all":
            return pyroaring.BitMap.deserialize(self.core.roaring("suppressed"))
        found = self._consents.suppressed_for(sender, by_brand=scope == "brand")
        return pyroaring.BitMap.deserialize(found)


def write_facts(out: IO[str], facts: Iterable[Mapping[str, Any]], written_as: Format) -> int:
    """Writes facts as JSON lines or CSV; how many."""
    if written_as not in ("ndjson", "csv"):
        raise input_error("value_invalid", "format is neither 'ndjson' nor 'csv'.")
    count = 0
    table = csv.writer(out) if written_as == "csv" else None
    if table is not None:
        table.writerow(COLUMNS)
    for fact in facts:
        count += 1
        if table is None:
            out.write(orjson.dumps(dict(fact)).decode() + "\n")
        else:
            flat = {**fact, "rules": " ".join(fact.get("rules") or ())}
            table.writerow([_cell(flat.get(name)) for name in COLUMNS])
    return count


def _cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula: words come from strangers."""
    is_formula = isinstance(value, str) and value.startswith(("=", "-", "@", "\t", "\r"))
    return f"'{value}" if is_formula else value


def _opted(opted: str) -> bool:
    if opted not in ("in", "out"):
        raise input_error("value_invalid", "opted is neither 'in' nor 'out'.")
    return opted == "in"


def dated(fact: dict[str, Any]) -> dict[str, Any]:
    """Times as ISO 8601 in UTC."""
    fact["at"] = _written(fact.pop("at_ms"))
    received_ms = fact.pop("received_ms", None)
    fact["received"] = None if received_ms is None else _written(received_ms)
    return fact


def _written(ms: int) -> str:
    moment = datetime.fromtimestamp(ms / 1_000, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
