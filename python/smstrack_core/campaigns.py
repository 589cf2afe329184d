"""Campaigns and blasts: register them, their audiences and the ids of their messages.

Decides nothing: it turns what people write (times, lists, files) into what the border takes.
"""

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, final

from smstrack_core import _core, lists
from smstrack_core.consent import CampaignReplies
from smstrack_core.outcomes import Registered, Reject
from smstrack_core.reports import Report
from smstrack_core.segments import CampaignSets, Sets, quote_name
from smstrack_core.values import now_ms, parse_time_ms


@final
class Campaign(CampaignReplies, CampaignSets):
    """A named effort with one goal; groups blasts. Its sets are the union over its blasts."""

    def __init__(self, core: _core.Engine, name: str) -> None:
        super().__init__(core, quote_name(name))
        self.name: Final = name

    def blast(
        self,
        name: str,
        *,
        sender: str | None = None,
        audience: Iterable[str] | str | os.PathLike[str] | None = None,
        tags: Mapping[str, str] | None = None,
        at: str | datetime | None = None,
    ) -> "Blast":
        """Registers or updates a blast: one text variant, to one audience, from one sender.

        Args:
            name: Unique within the campaign.
            sender: Our number, short code or name, as on the wire.
            audience: Numbers, or the path of a text or CSV file whose first column holds them
                (a heading is allowed). Read in pieces. Repeats add nothing.
            tags: `{"variant": "A"}`; reports split by them.
            at: When it goes out; now if not given at the first registration.

        Durable on return. Refused rows are in `Blast.rejects`; the others are kept.
        """
        self._core.blast(
            self.name,
            name,
            sender=sender,
            at_ms=None if at is None else parse_time_ms(at, "at"),
            tags=tags,
            now_ms=now_ms(),
        )
        blast = Blast(self._core, self.name, name)
        if audience is not None:
            blast.add_audience(audience)
        return blast

    def blasts(self) -> list[str]:
        """Names of the campaign's blasts, in order of registration."""
        return self._core.blasts(self.name)

    def where(self, **tags: str) -> CampaignSets:
        """The same sets over only those blasts that carry every one of these tags."""
        chosen = ",".join(f"{quote_name(key)}:{quote_name(tags[key])}" for key in sorted(tags))
        return CampaignSets(self._core, f"{self._scope}{{{chosen}}}")

    def report(self) -> Report:
        """The campaign's figures, all of one moment; print it, or read its fields."""
        return Report.from_json(self._core.report(self.name))


@final
class Blast(Sets):
    """One text variant sent to one audience from one sender at one time."""

    def __init__(self, core: _core.Engine, campaign: str, name: str) -> None:
        super().__init__(core, f"{quote_name(campaign)}/{quote_name(name)}")
        self.campaign: Final = campaign
        self.name: Final = name
        self.rejects: Final[list[Reject]] = []
        """Refused audience rows: (row from 0, code)."""

    def add_audience(self, audience: Iterable[str] | str | os.PathLike[str]) -> int:
        """Adds contacts; returns how many were new. See `Campaign.blast`. Durable on return."""
        added = 0
        for rows, base, wrong in lists.audience_chunks(audience):
            new, refused = self._core.audience(self.campaign, self.name, rows, now_ms=now_ms())
            added += new
            self.rejects.extend(lists.merged(wrong, refused, base))
        return added

    def sent(
        self, messages: Iterable[tuple[str, str]], *, provider: str, account: str = ""
    ) -> Registered:
        """Registers provider message ids as they become known: pairs of number and id.

        Receipts that came before are matched now. Durable on return.
        """
        added = 0
        rejects: list[Reject] = []
        for numbers, ids, base, wrong in lists.pair_chunks(messages):
            new, refused = self._core.sent(
                self.campaign, self.name, provider, account, numbers, ids, now_ms=now_ms()
            )
            added += new
            rejects += lists.merged(wrong, refused, base)
        return Registered(added, rejects)
