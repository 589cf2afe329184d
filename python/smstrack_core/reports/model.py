"""A campaign's figures, all read at one moment. Derived figures name their denominators."""

from dataclasses import dataclass, field
from typing import Any, Final, Self, final

import orjson

BALANCE_SETS: Final = (
    "delivered",
    "failed",
    "expired",
    "rejected",
    "filtered",
    "undelivered",
    "pending",
)
"""What the contacts of a campaign that were sent to divide into, with none left over."""


@final
@dataclass(frozen=True, slots=True)
class Rate:
    """A share with the numbers behind it. `value` is None where the denominator is 0."""

    part: int
    whole: int
    of: str
    """What the denominator counts, in words."""

    @property
    def value(self) -> float | None:
        """Part / whole, or None: 0/0 is not defined, neither 0 nor infinite."""
        return self.part / self.whole if self.whole else None

    def __str__(self) -> str:
        if not self.whole:
            return f"not defined (0 {self.of})"
        return f"{self.part / self.whole:.2%} ({self.part:,} of {self.whole:,} {self.of})"


@final
@dataclass(frozen=True, slots=True)
class Report:
    """One campaign's figures. `print(report)` gives the table, `to_dict()` everything.

    Contact counts are sizes of exact sets: distinct people over the campaign's blasts.
    """

    campaign: str
    position: int
    """Log position that the figures are exact for."""
    cost_micros: int | None = None
    currency: str | None = None
    closes_at_ms: int | None = None
    goal: str | None = None
    sets: dict[str, int] = field(default_factory=dict)
    """Contacts by set word."""
    replies: dict[str, dict[str, int]] = field(default_factory=dict)
    """By label word: `contacts`, each counted once in each of its labels."""
    reply_messages: int = 0
    causes: dict[str, int] = field(default_factory=dict)
    """Contacts whose text never arrived, by cause."""
    clicks: int = 0
    conversions: int = 0
    revenue_micros: dict[str, int] = field(default_factory=dict)
    """By currency; different currencies are never added up."""
    blasts: list[dict[str, Any]] = field(default_factory=list)
    directory: dict[str, int] = field(default_factory=dict)
    """Counters of the whole data directory: parked, orphans, duplicates, dead_letters."""
    windows: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Reads what `_core.Engine.report` returns; unknown keys are left out."""
        found: dict[str, Any] = orjson.loads(text)
        known = cls.__dataclass_fields__
        return cls(**{key: value for key, value in found.items() if key in known})

    def to_dict(self) -> dict[str, Any]:
        """Everything, derived figures too; `None` where a figure is not defined."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        rates = {
            name: {"value": rate.value, "part": rate.part, "whole": rate.whole, "of": rate.of}
            for name, rate in self.rates().items()
        }
        return {**plain, "rates": rates, "costs_micros": self.costs(), "balance": self.balance()}

    def count(self, name: str) -> int:
        """Contacts in a set by its word; 0 if the engine did not say."""
        return self.sets.get(name, 0)

    def rates(self) -> dict[str, Rate]:
        """Rates by name: delivery over sent; reply, click, opt-out and the rest over delivered."""
        delivered = self.count("delivered")
        over = {"reply": "replied", "click": "clicked", "conversion": "converted",
                "opt_out": "opted_out", "non_responder": "non_responders"}  # fmt: skip
        return {
            "delivery": Rate(delivered, self.count("sent"), "sent"),
            **{
                name: Rate(self.count(set_name), delivered, "delivered")
                for name, set_name in over.items()
            },
        }

    def costs(self) -> dict[str, int | None]:
        """Millionths of the currency unit per contact sent to, per qualified lead and so on.

        None where there is no cost, or nobody to divide it by: neither 0 nor infinite.
        """
        per = {"contact": "sent", "delivered_contact": "delivered", "reply": "replied",
               "qualified_lead": "qualified", "conversion": "converted"}  # fmt: skip
        return {
            name: self.cost_micros // count
            if self.cost_micros is not None and (count := self.count(set_name))
            else None
            for name, set_name in per.items()
        }

    def balance(self) -> dict[str, int]:
        """sent, the sets it divides into, and `difference`, which is 0 when the sheet holds."""
        sheet = {"sent": self.count("sent"), **{name: self.count(name) for name in BALANCE_SETS}}
        sheet["difference"] = sheet["sent"] - sum(sheet[name] for name in BALANCE_SETS)
        return sheet

    def __str__(self) -> str:
        from smstrack_core.reports.text import render  # noqa: PLC0415 - words only when asked

        return render(self)
