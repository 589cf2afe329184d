import orjson

from smstrack_core.reports import Report

FIGURES = {
    "campaign": "spring",
    "position": 1_234,
    "cost_micros": 412_500_000,
    "currency": "USD",
    "closes_at_ms": 1_796_148_000_000,
    "goal": "bookings",
    "sets": {
        "audience": 110, "sent": 100, "delivered": 80, "failed": 4, "undelivered": 5,
        "rejected": 1, "expired": 1, "filtered": 1, "pending": 8, "failed_final": 12,
        "replied": 20, "clicked": 8, "converted": 2, "qualified": 0, "opted_out": 3,
        "non_responders": 52,
    },
    "replies": {"yes": {"contacts": 12}, "stop": {"contacts": 3}, "no": {"contacts": 0}},
    "reply_messages": 23,
    "causes": {"invalid_number": 4, "absent": 6},
    "clicks": 11,
    "revenue_micros": {"USD": 99_000_000, "EUR": 5_000_000},
    "blasts": [{"name": "b1", "tags": {"variant": "A"}, "sent": 100, "delivered": 80}],
    "directory": {"parked": 2, "duplicates": 7},
    "windows": {"attribution_ms": 259_200_000},
    "news_of_a_later_engine": [],
}  # fmt: skip


def test_every_rate_has_its_denominator() -> None:
    report = Report.from_json(orjson.dumps(FIGURES))
    rates = report.rates()
    assert (rates["delivery"].part, rates["delivery"].whole) == (80, 100)
    assert (rates["reply"].part, rates["reply"].whole) == (20, 80)
    assert str(rates["opt_out"]) == "3.75% (3 of 80 delivered)"


def test_the_balance_sheet_adds_up_and_says_when_it_does_not() -> None:
    report = Report.from_json(orjson.dumps(FIGURES))
    assert report.balance()["difference"] == 0
    assert "pending 8: exact" in str(report)
    off = Report.from_json(orjson.dumps({**FIGURES, "sets": {"sent": 3, "delivered": 1}}))
    assert off.balance()["difference"] == 2
    assert "OFF BY 2" in str(off)


def test_nobody_to_divide_by_is_not_defined() -> None:
    report = Report.from_json(orjson.dumps(FIGURES))
    assert report.costs()["qualified_lead"] is None
    assert report.costs()["contact"] == 4_125_000
    assert "cost per qualified lead   not defined" in str(report)
    empty = Report("none", 0)
    assert empty.rates()["reply"].value is None
    assert "reply rate                not defined (0 delivered)" in str(empty)
    assert empty.costs() == dict.fromkeys(report.costs())
    assert "cost                      not given" in str(empty)


def test_the_text_says_what_the_figures_say() -> None:
    text = str(Report.from_json(orjson.dumps(FIGURES)))
    for line in (
        "Campaign spring, as of log position 1,234",
        "Closes: 2026-12-01 18:00 UTC",
        "  cause invalid number    4",
        "    yes                     12 contacts",
        "  attribution window        72 h",
        "  revenue                   5.00 EUR",
        "  beside it: orphans 0, parked 2, duplicates 7, dead letters 0, conflicts 0",
    ):
        assert line in text, line
    assert "    no   " not in text, "empty labels are left out"


def test_a_program_gets_everything() -> None:
    plain = orjson.loads(orjson.dumps(Report.from_json(orjson.dumps(FIGURES)).to_dict()))
    assert plain["sets"] == FIGURES["sets"]
    assert plain["rates"]["delivery"] == {"value": 0.8, "part": 80, "whole": 100, "of": "sent"}
    assert plain["balance"]["difference"] == 0
