"""A report as plain text that reads in any terminal, log or mail."""

from typing import TYPE_CHECKING, Final

from smstrack_core.reports.model import BALANCE_SETS
from smstrack_core.values import format_money, format_time

if TYPE_CHECKING:
    from smstrack_core.reports.model import Report

_LABEL_WIDTH: Final = 26
_RATES: Final = {
    "reply": "reply rate",
    "click": "click rate",
    "conversion": "conversion rate",
    "opt_out": "opt-out rate",
    "non_responder": "non-responder rate",
}
_COSTS: Final = {
    "contact": "cost per contact",
    "delivered_contact": "cost per delivered",
    "reply": "cost per replier",
    "qualified_lead": "cost per qualified lead",
    "conversion": "cost per converted",
}


def render(report: "Report") -> str:
    """All figures of a report, each rate with its denominator."""
    lines = [f"Campaign {report.campaign}, as of log position {report.position:,}"]
    if report.goal:
        lines.append(f"Goal: {report.goal}")
    if report.closes_at_ms is not None:
        lines.append(f"Closes: {format_time(report.closes_at_ms)}")
    for title, rows in (
        ("Delivery", _delivery(report)),
        ("Replies", _replies(report)),
        ("Outcomes", _outcomes(report)),
        ("Money", _money(report)),
    ):
        lines += ["", title, *(f"  {label:<{_LABEL_WIDTH}}{value}" for label, value in rows)]
    lines += ["", "Blasts", *_blasts(report), "", *_balance(report)]
    return "\n".join(lines)


def _delivery(report: "Report") -> list[tuple[str, str]]:
    rows = [
        ("audience", f"{report.count('audience'):,}"),
        ("sent", f"{report.count('sent'):,}"),
        ("delivery rate", str(report.rates()["delivery"])),
        ("pending", f"{report.count('pending'):,}"),
        ("failed for good", f"{report.count('failed_final'):,}"),
    ]
    kinds = ("undelivered", "failed", "rejected", "expired", "filtered")
    rows += [(f"  {kind}", f"{report.count(kind):,}") for kind in kinds if report.count(kind)]
    rows += [
        (f"  cause {cause.replace('_', ' ')}", f"{count:,}")
        for cause, count in report.causes.items()
        if count
    ]
    return rows


def _replies(report: "Report") -> list[tuple[str, str]]:
    rates = report.rates()
    rows = [
        ("reply rate", str(rates["reply"])),
        ("messages", f"{report.reply_messages:,}"),
    ]
    rows += [
        (f"  {label}", f"{figures.get('contacts', 0):,} contacts")
        for label, figures in report.replies.items()
        if figures.get("contacts", 0)
    ]
    rows += [
        ("opt-out rate", str(rates["opt_out"])),
        ("opted in", f"{report.count('opted_in'):,}"),
    ]
    return rows


def _outcomes(report: "Report") -> list[tuple[str, str]]:
    rates = report.rates()
    rows = [(_RATES[name], str(rates[name])) for name in ("click", "conversion")]
    rows += [
        ("clicks", f"{report.clicks:,}"),
        ("conversions", f"{report.conversions:,}"),
        ("qualified leads", f"{report.count('qualified'):,}"),
        ("flow started, completed",
         f"{report.count('flow_started'):,}, {report.count('flow_completed'):,}"),
        ("non-responders", f"{report.count('non_responders'):,}"),
        ("non-responder rate", str(rates["non_responder"])),
    ]  # fmt: skip
    window = report.windows.get("attribution_ms")
    if window is not None:
        rows.append(("attribution window", f"{window / 3_600_000:g} h"))
    return rows


def _money(report: "Report") -> list[tuple[str, str]]:
    if report.cost_micros is None:
        rows = [("cost", "not given")]
    else:
        rows = [("cost", format_money(report.cost_micros, report.currency))]
        rows += [
            (_COSTS[name],
             "not defined" if each is None else format_money(each, report.currency))
            for name, each in report.costs().items()
        ]  # fmt: skip
    rows += [
        ("revenue", format_money(micros, currency))
        for currency, micros in sorted(report.revenue_micros.items())
    ]
    return rows


def _blasts(report: "Report") -> list[str]:
    columns = ("sent", "delivered", "pending", "failed_final", "replied", "opted_out")
    heads = ("sent", "delivered", "pending", "failed", "replied", "opted out")
    width = max([len("blast"), *(len(str(blast.get("name", ""))) for blast in report.blasts)])
    lines = ["  " + "blast".ljust(width) + "".join(f"{head:>11}" for head in heads) + "  tags"]
    for blast in report.blasts:
        figures = blast.get("sets", blast)
        tags = " ".join(f"{key}:{value}" for key, value in sorted(blast.get("tags", {}).items()))
        cells = "".join(f"{figures.get(column, 0):>11,}" for column in columns)
        lines.append(f"  {str(blast.get('name', '')).ljust(width)}{cells}  {tags}".rstrip())
    return lines


def _balance(report: "Report") -> list[str]:
    sheet = report.balance()
    parts = " + ".join(f"{name} {sheet[name]:,}" for name in BALANCE_SETS)
    verdict = "exact" if sheet["difference"] == 0 else f"OFF BY {sheet['difference']:,}"
    beside = ", ".join(
        f"{name.replace('_', ' ')} {report.directory.get(name, 0):,}"
        for name in ("orphans", "parked", "duplicates", "dead_letters")
    )
    return [
        "Balance",
        f"  sent {sheet['sent']:,} = {parts}: {verdict}",
        f"  beside it: {beside}, conflicts {report.count('conflicted'):,}",
    ]
