"""The friendly surface over the compiled core: open a directory, register, ingest, ask.

Decides nothing about events: it turns what people write (costs, times, lists, files) into what
the border takes, and cuts long input into bounded calls.
"""

import os
from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, final

import orjson

from smstrack_core import _core, lists
from smstrack_core.campaigns import Campaign
from smstrack_core.consent import ConsentBook, Relabelled, judge_batch, relabel
from smstrack_core.outcomes import Ingested, Registered, Reject
from smstrack_core.profiles import Sources, load_profiles
from smstrack_core.reports import Report
from smstrack_core.segments import Segment
from smstrack_core.values import check_window, now_ms, parse_money, parse_time_ms


def open(  # noqa: A001 - `smstrack_core.open` is the public name
    path: str | os.PathLike[str],
    *,
    durable: bool = True,
    create: bool = True,
    attribution_window_ms: int | None = None,
    receipt_window_ms: int | None = None,
    keep_log: bool = True,
    profiles: Sources | None = None,
) -> "Engine":
    """Opens a data directory, making it if needed; one engine per directory.

    Args:
        path: The directory.
        durable: False leaves out fdatasync: events survive the process, not a power cut.
        create: False refuses a directory that is not there.
        attribution_window_ms: How long after its blast a reply is credited to it.
        receipt_window_ms: How long after its blast a receipt is matched by sender and contact.
        keep_log: False lets snapshots trim the log behind two that were proved. Texts of replies,
            evidence of consent and bodies of dead letters that were there are gone then.
        profiles: Provider profiles: files, or directories of them; see docs/add-a-provider.md.

    Raises:
        InputError: value_invalid, a window that is empty or longer than 10 years;
            profile_invalid, with the file, the line and the key.
        StorageError: already_open, format_unsupported, log_corrupt, file_invalid, io_failed.

    Blocks on disk while it loads the newest snapshot and replays what follows it.
    """
    check_window(attribution_window_ms, "attribution_window_ms")
    check_window(receipt_window_ms, "receipt_window_ms")
    core = _core.Engine.open(
        os.fspath(path),
        durable=durable,
        create=create,
        attribution_window_ms=attribution_window_ms,
        receipt_window_ms=receipt_window_ms,
        keep_log=keep_log,
        profiles=load_profiles(profiles),
    )
    return Engine(core, Path(path))


@final
class Engine(ConsentBook):
    """One open data directory. Use as a context manager, or call `close`.

    Safe from any thread. Calls that write return when the write is on disk.
    """

    def __init__(self, core: _core.Engine, path: Path) -> None:
        super().__init__(core)
        self.path: Final = path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Takes a snapshot if there is something new, then lets go of the directory."""
        self.core.close()

    def opened(self) -> dict[str, Any]:
        """What opening found: positions, replayed records, a torn tail that was cut."""
        return _object(self.core.opened())

    def campaign(
        self,
        name: str,
        *,
        cost: str | None = None,
        closes_at: str | datetime | None = None,
        goal: str | None = None,
    ) -> "Campaign":
        """Registers or updates a campaign and returns it; what is not given stays as it was.

        Args:
            name: 1 to 128 bytes without control characters or quotes.
            cost: Amount and currency, `"412.50 USD"`.
            closes_at: End of its window, ISO 8601 with a zone or an aware datetime.
            goal: What it is for, in the operator's words.

        Durable on return. Raises InputError: name_invalid, value_invalid, too_many.
        """
        micros, currency = (None, None) if cost is None else parse_money(cost)
        closes_at_ms = None if closes_at is None else parse_time_ms(closes_at, "closes_at")
        self.core.campaign(
            name,
            cost_micros=micros,
            currency=currency,
            closes_at_ms=closes_at_ms,
            goal=goal,
            now_ms=now_ms(),
        )
        return Campaign(self.core, name)

    def campaigns(self) -> list[str]:
        """Names of all campaigns, in order of registration."""
        return self.core.campaigns()

    def ingest(
        self,
        provider: str,
        requests: Sequence[_core.Request | bytes],
        *,
        account: str = "",
        campaign: str | None = None,
        blast: str | None = None,
        template: Mapping[str, str] | None = None,
        received_ms: int | None = None,
    ) -> Ingested:
        """Takes in requests of one provider without HTTP; replies are labelled on the way.

        All accepted events are kept, or none. Refused rows do not fail the batch.

        Args:
            provider: One of `providers()`.
            requests: Whole requests, or bare POST bodies as `bytes`.
            account: The provider's account that the requests came for.
            campaign: Campaign that the requests name, as `?campaign=` would.
            blast: Blast that the requests name, as `?blast=` would.
            template: Parameter names that the operator chose, and the role of each.
            received_ms: Arrival, milliseconds since 1970-01-01 UTC; now if not given.

        Raises:
            InputError: unknown_name, too_large; nothing was changed.
            StorageError: The disk refused; nothing was applied.

        Blocks on fsync with the GIL released.
        """
        batch = self.core.begin(
            provider,
            requests,
            account=account,
            campaign=campaign,
            blast=blast,
            template=None if template is None else orjson.dumps(dict(template)).decode(),
            received_ms=self._arrival(received_ms),
        )
        return self._commit(batch)

    def ingest_mixed(
        self,
        groups: Iterable[tuple[str, Sequence[_core.Request | bytes]]],
        *,
        account: str = "",
        campaign: str | None = None,
        blast: str | None = None,
        received_ms: int | None = None,
    ) -> Ingested:
        """Takes in requests of several providers as one batch: one fdatasync for all of them.

        Args:
            groups: Provider and its requests, as `ingest` takes them. Requests are numbered on
                through all groups in what is returned.
            account: As in `ingest`, for every group.
            campaign: As in `ingest`, for every group.
            blast: As in `ingest`, for every group.
            received_ms: As in `ingest`, for every group.

        All accepted events are kept, or none; raises and blocks as `ingest` does.
        """
        arrival = self._arrival(received_ms)
        batch: _core.Batch | None = None
        for provider, requests in groups:
            batch = self.core.begin(
                provider,
                requests,
                account=account,
                campaign=campaign,
                blast=blast,
                received_ms=arrival,
                into=batch,
            )
        return Ingested(0, 0, [], array("I")) if batch is None else self._commit(batch)

    def _arrival(self, received_ms: int | None) -> int:
        return self.core.arrival(now_ms()) if received_ms is None else received_ms

    def _commit(self, batch: _core.Batch) -> Ingested:
        labels, judged = judge_batch(batch.reply_texts()) if batch.reply_count else (b"", None)
        taken = array("I", batch.accepted)
        rejects = batch.rejects
        self.core.commit(batch, labels, judged)
        return Ingested(sum(taken), len(rejects), rejects, taken)

    def segment(self, expression: str) -> Segment:
        """A segment from text, such as `"spring.delivered & spring.replied:yes"`.

        Raises InputError: query_invalid, unknown_name.
        """
        self.core.count(expression)
        return Segment(self.core, expression)

    @property
    def suppressed(self) -> Segment:
        """Contacts that must not be sent to now, whatever the reason."""
        return Segment(self.core, "suppressed")

    @property
    def invalid(self) -> Segment:
        """Contacts whose number cannot take texts, by the newest blast that learnt of it."""
        return Segment(self.core, "invalid")

    @property
    def contacts(self) -> Segment:
        """Every contact that the directory knows."""
        return Segment(self.core, "contacts")

    def suppress(
        self,
        numbers: Iterable[str] | str,
        *,
        reason: str = "manual",
        at: str | datetime | None = None,
    ) -> Registered:
        """Suppresses contacts, or one, by hand; says how many changed. Durable on return.

        The latest word of a contact decides; of two at the same moment, to the millisecond,
        the suppression. `at` dates words that are older than now, as in imported lists.
        """
        return self._consent(numbers, at, opted_in=False, reason=reason)

    def unsuppress(
        self,
        numbers: Iterable[str] | str,
        *,
        reason: str = "manual",
        at: str | datetime | None = None,
    ) -> Registered:
        """Records an opt-in, which lifts an earlier suppression; see `suppress`. Durable."""
        return self._consent(numbers, at, opted_in=True, reason=reason)

    def _consent(
        self, numbers: Iterable[str], at: str | datetime | None, *, opted_in: bool, reason: str
    ) -> Registered:
        now = now_ms()
        at_ms = now if at is None else parse_time_ms(at, "at")
        changed = 0
        rejects: list[Reject] = []
        for rows, base, wrong in lists.number_chunks(numbers):
            new, refused = self.core.suppress(
                rows, opted_in=opted_in, reason=reason, at_ms=at_ms, now_ms=now
            )
            changed += new
            rejects += lists.merged(wrong, refused, base)
        return Registered(changed, rejects)

    def report(self, campaign: str) -> Report:
        """One campaign's figures, all of one moment. Raises InputError: unknown_name."""
        return Report.from_json(self.core.report(campaign))

    def relabel(self, *, campaign: str | None = None, apply: bool = False) -> Relabelled:
        """Judges kept replies by today's rules: who would enter and leave each set.

        With `apply` the change is written in one step. See docs/consent.md.
        """
        return relabel(self.core, campaign=campaign, apply=apply)

    def dead_letters(self, *, after: int = 0, count_max: int = 1_000) -> list[dict[str, Any]]:
        """Refused input with its reason, one page in order of position."""
        letters: list[dict[str, Any]] = orjson.loads(
            self.core.dead_letters(after=after, count_max=count_max)
        )
        return letters

    def settle(self, positions: Iterable[int]) -> int:
        """Takes dead letters off the list: they were sent again, or are given up.

        Their records stay in the log. Returns how many were on the list. Blocks on fsync.
        """
        return self.core.settle(list(positions), now_ms())

    def stats(self) -> dict[str, Any]:
        """Counters of the directory; no numbers, no texts."""
        return _object(self.core.stats())

    def snapshot(self) -> int:
        """Makes a snapshot and proves it; returns the log position it reaches.

        It is made beside the living state, which goes on meanwhile, and takes the memory of a
        second one. With `keep_log=False` the log is trimmed after it. Blocks on disk.

        Raises:
            StorageError: io_failed, file_invalid; snapshot_stopped after `stop_snapshot`.
        """
        return self.core.snapshot()

    def stop_snapshot(self) -> None:
        """Has a snapshot that another thread makes given up, soon; without one, does nothing."""
        self.core.stop_snapshot()

    def digest(self) -> str:
        """Hash of the whole state: equal for equal facts, in whatever order they came."""
        return self.core.digest()


def _object(text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = orjson.loads(text)
    return parsed
