"""The ledger of consent: every fact kept, the suppressed derived from it, and explainable."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

import smstrack_core as sms

from fiction import number, numbers

HOUR_MS = 3_600_000
NOW_MS = 1_780_000_000_000
SENDER = "+999000000011"


def at(hours: float) -> str:
    return datetime.fromtimestamp(NOW_MS / 1_000 + hours * 3_600, tz=UTC).isoformat()


def reply(index: int, text: str, hours: float, **more: object) -> dict[str, object]:
    event_id = f"{index}/{hours}/{text[:8]}"
    return {"kind": "reply", "contact": number(index), "sender": SENDER, "text": text,
            "occurred_at": at(hours), "event_id": event_id, **more}  # fmt: skip


def say(engine: sms.Engine, *events: dict[str, object], hours: float = 24) -> None:
    body = "\n".join(json.dumps(event) for event in events).encode()
    done = engine.ingest("smstrack", [body], received_ms=NOW_MS + int(hours * HOUR_MS))
    assert done.rejected == 0


def effects(
    engine: sms.Engine, index: int, when: str | None = None
) -> list[tuple[str, str | None, str]]:
    facts = engine.explain(number(index), at=when).facts
    return [(fact["how"], fact["opted"], fact["effect"]) for fact in facts]


def test_every_way_to_consent_is_in_the_ledger(engine: sms.Engine) -> None:
    spring = engine.campaign("spring")
    spring.blast("b1", sender=SENDER, audience=numbers(0, 9), at=at(0))
    say(
        engine,
        reply(1, "STOP", 1),
        {"kind": "optout", "contact": number(2), "state": "stop", "occurred_at": at(1)},
        {"kind": "receipt", "contact": number(3), "message_id": "m3", "state": "failed",
         "error_class": "opted_out", "error_code": "21610", "occurred_at": at(1)},
        reply(4, "START", 2),
    )  # fmt: skip
    engine.suppress([number(5)], reason="called us", at=at(1))
    engine.record_consent([number(6)], opted="in", source="till 4", wording="I agree", at=at(1))
    engine.reassigned([number(7)], at=at(1))
    found = {fact["contact"]: fact for fact in engine.consent_facts(wording=True, numbers=True)}
    hows = {fact["number"]: (fact["how"], fact["opted"]) for fact in found.values()}
    assert hows == {
        number(1): ("reply", "out"),
        number(2): ("notice", "out"),
        number(3): ("provider_error", "out"),
        number(4): ("reply", "in"),
        number(5): ("api", "out"),
        number(6): ("import", "in"),
        number(7): ("reassigned", "out"),
    }
    texts = {fact["number"]: fact.get("wording") for fact in found.values()}
    assert texts[number(1)] == "STOP"
    assert texts[number(5)] == "called us"
    assert texts[number(6)] == "I agree"
    by_number = {fact["number"]: fact for fact in found.values()}
    assert by_number[number(3)]["code"] == "21610"
    assert by_number[number(6)]["source"] == "till 4"
    assert by_number[number(1)]["grade"] == "certain"
    assert by_number[number(1)]["received"] == "2026-05-29T20:26:40.000Z"
    assert set(engine.suppressed) == {number(n) for n in (1, 2, 3, 5, 7)}


def test_explain_says_how_it_stood(engine: sms.Engine) -> None:
    say(engine, reply(1, "STOP", 1), reply(1, "START", 3), reply(1, "stop", 5))
    assert not engine.explain(number(1), at=at(0)).facts
    assert engine.explain(number(1), at=at(2)).suppressed
    assert not engine.explain(number(1), at=at(4)).suppressed
    now = engine.explain(number(1))
    assert now.suppressed
    assert now.decided_by == now.facts[-1]["position"]
    assert effects(engine, 1) == [
        ("reply", "out", "superseded"), ("reply", "in", "superseded"), ("reply", "out", "decides"),
    ]  # fmt: skip
    assert effects(engine, 1, at(4)) == [
        ("reply", "out", "superseded"), ("reply", "in", "decides"),
    ]  # fmt: skip


def test_what_we_knew_is_told_from_what_held(engine: sms.Engine) -> None:
    say(engine, reply(1, "STOP", 1), hours=30)
    assert engine.explain(number(1), at=at(2)).suppressed
    assert not engine.explain(number(1), known_at=at(2)).suppressed
    assert engine.explain(number(1), known_at=at(30)).suppressed


def test_numbers_and_words_are_shown_only_where_asked_for(engine: sms.Engine) -> None:
    say(engine, reply(1, "STOP it, Anna", 1))
    shown = str(engine.explain(number(1))) + str(engine.explain(number(1)).to_dict())
    assert "Anna" not in shown
    assert number(1)[1:] not in shown
    asked = engine.explain(number(1), wording=True, numbers=True)
    assert asked.facts[0]["wording"] == "STOP it, Anna"
    assert asked.facts[0]["number"] == number(1)
    assert engine.explain(number(1)).facts[0]["wording_id"] == asked.facts[0]["wording_id"]


def test_an_unknown_number_and_none_at_all(engine: sms.Engine) -> None:
    found = engine.explain(number(1))
    assert (found.is_known, found.suppressed, found.facts) == (False, False, [])
    with pytest.raises(sms.InputError) as refused:
        engine.explain("Harbour Cafe")
    assert refused.value.code == "value_invalid"


def test_repeats_add_nothing(engine: sms.Engine) -> None:
    for _ in range(3):
        say(engine, reply(1, "STOP", 1))
        engine.suppress([number(2)], at=at(1))
        engine.record_consent([number(3)], opted="out", source="list", at=at(1))
    assert len(list(engine.consent_facts())) == 3


def test_a_reassigned_number_starts_anew(engine: sms.Engine) -> None:
    engine.record_consent([number(1)], opted="in", source="form", at=at(1))
    engine.reassigned([number(1)], at=at(5))
    assert number(1) in engine.suppressed
    # What the owner before agreed to, and arrives late, does not count either.
    engine.record_consent([number(1)], opted="in", source="form", wording="late", at=at(4))
    assert number(1) in engine.suppressed
    say(engine, reply(1, "START", 6))
    assert number(1) not in engine.suppressed
    assert effects(engine, 1)[-2:] == [
        ("reassigned", "out", "superseded"),
        ("reply", "in", "decides"),
    ]


def test_an_untrusted_source_never_opts_in(engine: sms.Engine) -> None:
    engine.suppress([number(1)], at=at(1))
    engine.record_consent([number(1)], opted="in", source="?", trust="untrusted", at=at(2))
    assert number(1) in engine.suppressed
    assert ("import", "in", "not_trusted") in effects(engine, 1)
    engine.record_consent([number(2)], opted="out", source="?", trust="untrusted", at=at(2))
    assert number(2) in engine.suppressed


def test_senders_and_brands_may_be_asked_for_alone(engine: sms.Engine) -> None:
    other, third = "+999000000022", "+999000000033"
    engine.brand("acme", [SENDER, "+999 0000 00022"])
    say(engine, reply(1, "STOP", 1), reply(2, "STOP", 1, sender=third))
    engine.suppress([number(3)], at=at(1))
    contact = {n: engine.explain(number(n)).facts[0]["contact"] for n in (1, 2, 3)}
    assert set(engine.suppressed_for(SENDER)) == {contact[n] for n in (1, 2, 3)}
    assert set(engine.suppressed_for(SENDER, scope="sender")) == {contact[1], contact[3]}
    assert set(engine.suppressed_for(other, scope="sender")) == {contact[3]}
    assert set(engine.suppressed_for(other, scope="brand")) == {contact[1], contact[3]}
    assert set(engine.suppressed_for(third, scope="brand")) == {contact[2], contact[3]}


def test_exports_are_whole_and_in_order(engine: sms.Engine, tmp_path: Path) -> None:
    say(engine, *(reply(n, "=STOP, é" if n % 2 else "STOP", n) for n in range(20)))
    assert engine.export_consent(tmp_path / "all.ndjson") == 20
    rows = [json.loads(line) for line in (tmp_path / "all.ndjson").read_text().splitlines()]
    assert [row["position"] for row in rows] == sorted(row["position"] for row in rows)
    assert {row["number"] for row in rows} == {number(n) for n in range(20)}
    assert engine.export_consent(tmp_path / "all.csv", format="csv", wording=True) == 20
    text = (tmp_path / "all.csv").read_text()
    table = list(csv.DictReader(io.StringIO(text)))
    assert len(table) == 20
    assert {row["wording"] for row in table} == {"STOP", "'=STOP, é"}
    masked = "".join(map(str, engine.consent_facts()))
    assert number(1)[1:] not in masked
    assert "é" not in masked


def test_pages_of_the_ledger_lose_nothing(
    engine: sms.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smstrack_core.consent.book.PAGE_COUNT", 3)
    say(engine, *(reply(n, "STOP", n) for n in range(10)))
    assert len({fact["position"] for fact in engine.consent_facts()}) == 10


def test_trends_count_distinct_contacts(engine: sms.Engine) -> None:
    for name, first in (("spring", 0), ("autumn", 10)):
        blast = engine.campaign(name).blast(
            "b", sender=f"+99900000000{first}", audience=numbers(first, first + 10), at=at(0)
        )
        rows: list[dict[str, object]] = [
            {"kind": "receipt", "contact": number(n), "campaign": name, "blast": blast.name,
             "state": "delivered"}
            for n in range(first, first + 5)
        ]  # fmt: skip
        say(engine, *rows, hours=1)
    say(
        engine,
        reply(1, "STOP", 1, sender="+999000000000"), reply(1, "stop!", 2, sender="+999000000000"),
        reply(2, "STOP", 30, sender="+999000000000"), reply(2, "START", 31, sender="+999000000000"),
        reply(11, "STOP", 1, sender="+9990000000010"),
        hours=40,
    )  # fmt: skip
    engine.suppress([number(3)], at=at(1))
    days = engine.consent_trend(by="day")["rows"]
    assert [(row["opted_out"], row["opted_in"]) for row in days] == [(3, 0), (1, 1)]
    spring = engine.consent_trend(campaign="spring", by="day")
    assert spring["asked"] == 5
    assert [(row["opted_out"], row["opted_in"]) for row in spring["rows"]] == [(1, 0), (1, 1)]
    autumn = engine.consent_trend(campaign="autumn")
    assert [row["opted_out"] for row in autumn["rows"]] == [1]
    with pytest.raises(sms.InputError):
        engine.consent_trend(campaign="nosuch")


def test_everything_survives_a_snapshot_and_a_replay(tmp_path: Path) -> None:
    path = tmp_path / "data"
    with sms.open(path) as engine:
        spring = engine.campaign("spring")
        spring.blast("b1", sender=SENDER, audience=numbers(0, 9), at=at(0))
        spring.means(no="opt_out")
        say(engine, reply(1, "STOP", 1), reply(2, "no", 1), reply(3, "what time?", 1))
        engine.reassigned([number(4)], at=at(1))
        digest, facts = engine.digest(), list(engine.consent_facts())
        engine.snapshot()
        say(engine, reply(5, "STOP", 2))
        digest, facts = engine.digest(), list(engine.consent_facts())
    with sms.open(path) as engine:
        assert engine.digest() == digest
        assert list(engine.consent_facts()) == facts
        assert len(engine.campaign("spring").replies(limit=10)) == 4
    for snapshot in (path / "snapshots").iterdir():
        snapshot.unlink()
    assert sms.check(str(path))["ok"]
    with sms.open(path) as engine:
        assert engine.digest() == digest
        assert list(engine.consent_facts()) == facts
