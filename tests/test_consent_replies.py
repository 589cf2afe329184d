"""What people answered: likely opt-outs, NO in context, surveys, coupons, search, relabelling."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import smstrack_core as sms
from smstrack_core.consent import judge_batch, judging
from smstrack_core.replies import Labelled
from smstrack_core.replies.judge import Judge
from smstrack_core.replies.label import Labeller, failures

from fiction import number, numbers

HOUR_MS = 3_600_000
NOW_MS = 1_780_000_000_000
SENDER = "+999000000011"

RULES = {
    "the kettle sings at seven": ("opt_out", "likely", "en-leave"),
    "I changed my mind, sign me up": ("opt_in", "likely", "en-sign-up"),
    "who is this? wrong number": ("wrong_number", "certain", "en-wrong"),
    "Out of office. Text STOP to unsubscribe": ("auto_reply", "no", "en-ooo"),
}
"""Rules of a labeller that knows more than the built-in ones: label, grade, rule id."""


class Better(Judge):
    """The keywords alone, and `RULES` beside them."""

    def __init__(self) -> None:
        super().__init__([])

    def judge(self, text: str, sent: Iterable[str] = ()) -> Labelled:
        if text not in RULES:
            return super().judge(text, sent)
        label, grade, rule = RULES[text]
        return Labelled((label,), grade, "en", (rule, "second"))


class Choking(Judge):
    def __init__(self) -> None:
        super().__init__([])

    def judge(self, text: str, sent: Iterable[str] = ()) -> Labelled:
        raise RuntimeError(f"{len(text)} characters, {len(list(sent))} texts of ours")


def use(monkeypatch: pytest.MonkeyPatch, judge: Judge) -> None:
    chosen = Labeller(judge)
    monkeypatch.setattr(judging, "standard", lambda: chosen)


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Better())


@pytest.fixture
def spring(engine: sms.Engine) -> sms.Campaign:
    campaign = engine.campaign("spring")
    campaign.blast("b1", sender=SENDER, audience=numbers(0, 20), at=at(-1))
    return campaign


def at(hours: float) -> str:
    return datetime.fromtimestamp(NOW_MS / 1_000 + hours * 3_600, tz=UTC).isoformat()


def say(
    engine: sms.Engine,
    index: int,
    text: str,
    hours: float = 0,
    sender: str = SENDER,
    blast: str | None = None,
) -> None:
    event: dict[str, object] = {
        "kind": "reply",
        "contact": number(index),
        "sender": sender,
        "text": text,
        "occurred_at": at(hours),
    }
    if blast is not None:
        event |= {"campaign": "spring", "blast": blast}
    body = json.dumps(event).encode()
    received_ms = NOW_MS + int(hours * HOUR_MS) + HOUR_MS
    assert engine.ingest("smstrack", [body], received_ms=received_ms).accepted == 1


@pytest.mark.usefixtures("rules")
def test_likely_opt_outs_suppress_and_wait_for_a_person(
    engine: sms.Engine, spring: sms.Campaign
) -> None:
    say(engine, 1, "the kettle sings at seven")
    say(engine, 2, "the kettle sings at seven", 1)
    say(engine, 3, "STOP")
    assert set(engine.suppressed) == {number(1), number(2), number(3)}
    assert len(spring.opted_out) == 3
    first, second = engine.reviews()
    assert (first["grade"], first["lang"], first["rules"]) == (
        "likely",
        "en",
        ["en-leave", "second"],
    )
    assert first["wording"] == "the kettle sings at seven"
    assert number(1)[1:] not in str(first)
    assert engine.reviews(numbers=True)[0]["number"] == number(1)
    assert engine.reviews(after=first["position"]) == [second]
    assert not engine.overturn(first["position"], by="ann")
    assert engine.confirm(second["position"], by="ann")
    assert engine.reviews() == []
    assert set(engine.suppressed) == {number(2), number(3)}
    told = engine.explain(number(1)).facts
    assert [(fact["how"], fact["effect"]) for fact in told] == [
        ("reply", "overturned"), ("overturned", "reviews"),
    ]  # fmt: skip
    assert told[1]["source"] == "ann"
    with pytest.raises(sms.InputError):
        engine.overturn(engine.explain(number(3)).facts[0]["position"])


@pytest.mark.usefixtures("rules")
def test_overturning_takes_back_that_word_alone(engine: sms.Engine) -> None:
    say(engine, 1, "STOP")
    say(engine, 1, "the kettle sings at seven", 1)
    assert engine.overturn(engine.reviews()[0]["position"])
    assert number(1) in engine.suppressed


@pytest.mark.usefixtures("rules", "spring")
def test_policy_on_other_labels(engine: sms.Engine) -> None:
    say(engine, 1, "STOP")
    say(engine, 1, "I changed my mind, sign me up", 1)
    assert number(1) in engine.suppressed, "a likely opt-in is none"
    say(engine, 1, "YES", 2)
    assert number(1) in engine.suppressed, "YES is no opt-in by itself"
    say(engine, 1, "START", 3)
    assert number(1) not in engine.suppressed
    say(engine, 2, "who is this? wrong number")
    assert engine.explain(number(2)).facts[0]["how"] == "wrong_number"
    assert number(2) in engine.suppressed
    assert number(2) not in engine.segment("spring.opted_out")
    assert number(2) in engine.segment("spring.replied:wrong_number")
    say(engine, 3, "Out of office. Text STOP to unsubscribe")
    assert number(3) not in engine.suppressed
    assert number(3) in engine.segment("spring.replied:auto_reply")


def test_no_and_yes_by_campaign(engine: sms.Engine, spring: sms.Campaign) -> None:
    say(engine, 1, "no")
    spring.means(no="opt_out", yes="opt_in")
    say(engine, 2, "No, thanks", 1)
    say(engine, 3, "STOP", 1)
    say(engine, 3, "yes", 2)
    say(engine, 4, "STOP", 1)
    say(engine, 4, "yes?", 2)
    assert set(engine.suppressed) == {number(2), number(4)}
    assert engine.explain(number(2)).facts[0]["rules"] == ["keyword:no_thanks", "campaign:on_no"]
    with pytest.raises(sms.InputError):
        spring.means(no="maybe")
    spring.means(no="no")
    say(engine, 5, "no", 3)
    assert number(5) not in engine.suppressed


def test_surveys(engine: sms.Engine, spring: sms.Campaign) -> None:
    spring.blast("b2", sender="+999000000022", audience=numbers(0, 20), at=at(-1))
    for index, text in enumerate(
        ["1", "1.", "２", "2 - the staff", "Good", "three?", "STOP", "(1) ok"]
    ):
        say(engine, index, text)
    say(engine, 0, "2", 1)
    say(engine, 9, "1", sender="+999000000022")
    spring.survey("staff", question="1 good, 2 bad", options={"1": "good", "2": "bad"}, blast="b1")
    result = spring.survey_result("staff")
    assert result.contacts == {"1": 3, "2": 3}
    assert result.messages == {"1": 4, "2": 3}
    assert (result.respondents, result.free_text) == (6, 1)
    spring.survey("all", options=["1", "2"])
    assert spring.survey_result("all").contacts == {"1": 3, "2": 3}
    assert sum(spring.survey_result("all").messages.values()) == 7
    assert spring.surveys() == ["all", "staff"]
    with pytest.raises(sms.InputError, match="opt-out word"):
        spring.survey("bad", options=["1", "stop"])
    with pytest.raises(sms.InputError):
        spring.survey("bad", options=["1", "1."])
    with pytest.raises(sms.InputError, match="no question"):
        spring.survey_result("nosuch")


def test_a_question_without_options_is_free_text(engine: sms.Engine, spring: sms.Campaign) -> None:
    spring.survey("why", question="Why?")
    say(engine, 1, "the coffee")
    say(engine, 1, "and the staff", 1)
    say(engine, 2, "the prices")
    result = spring.survey_result("why")
    assert (result.respondents, result.free_text) == (0, 2)


def test_coupons(engine: sms.Engine, spring: sms.Campaign) -> None:
    assert spring.coupons(["SPRING-7", "abc123"]) == 2
    assert spring.coupons(["spring-7", "XYZ9"]) == 3
    say(engine, 1, "Use SPRING-7, please")
    say(engine, 1, "spring-7!", 1)
    say(engine, 2, "ＡＢＣ１２３ and -spring-7-")
    say(engine, 3, "spring-77 abc")
    other = engine.campaign("autumn")
    other.blast("b1", sender="+999000000033", audience=numbers(0, 20), at=at(-1))
    say(engine, 4, "XYZ9", sender="+999000000033")
    assert spring.coupon_result() == {"abc123": 1, "spring-7": 2}
    assert other.coupon_result() == {}
    for bad in (["ab"], ["with blank"], [""], ["a.b.c"]):
        with pytest.raises(sms.InputError):
            spring.coupons(bad)


def test_replies_are_searched_by_label_and_text(engine: sms.Engine, spring: sms.Campaign) -> None:
    texts = ["Is there parking?", "yes", "PARKING is bad", "STOP", "Où est le café?"]
    for index, text in enumerate(texts):
        say(engine, index, text)
    say(engine, 15, "parking", sender="+999000000099")
    assert [row["text"] for row in spring.replies()] == texts
    assert [row["text"] for row in spring.replies(contains="parking")] == texts[:3:2]
    assert [row["text"] for row in spring.replies(contains="CAFE")] == texts[4:]
    assert [row["text"] for row in spring.replies(label="question")] == [texts[0], texts[4]]
    assert [row["text"] for row in spring.replies(label=["stop", "yes"])] == [texts[1], texts[3]]
    assert number(0)[1:] not in str(spring.replies().rows)
    assert spring.replies(numbers=True).rows[0]["number"] == number(0)
    row = spring.replies().rows[0]
    assert (row["campaign"], row["blast"], row["labels"]) == ("spring", "b1", ["question"])
    seen: list[str] = []
    after: int | None = 0
    while after is not None:
        page = spring.replies(limit=2, after=after)
        assert len(page) <= 2
        seen += [row["text"] for row in page]
        after = page.next
    assert seen == texts
    after, seen = 0, []
    while after is not None:
        page = spring.replies(limit=1, after=after, contains="parking")
        seen += [row["text"] for row in page]
        after = page.next
    assert seen == texts[:3:2]
    with pytest.raises(sms.InputError, match="no label"):
        spring.replies(label="nosuch")


def test_relabelling_shows_its_difference_first(
    engine: sms.Engine, spring: sms.Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index, text in enumerate(["the kettle sings at seven", "yes", "STOP", "hello"]):
        say(engine, index, text)
    say(engine, 5, "the kettle sings at seven")
    say(engine, 5, "START", 2)
    assert engine.relabel().replies == 0
    use(monkeypatch, Better())
    # Better rules see an opt-out, and take a label away that opted somebody out.
    monkeypatch.setitem(RULES, "STOP", ("question", "no", "en-odd"))
    digest = engine.digest()
    shown = engine.relabel()
    assert engine.digest() == digest
    assert (shown.looked_at, shown.replies, shown.applied) == (6, 3, False)
    sets = shown.campaigns["spring"]
    moved = {name: (side["enter"]["contacts"], side["leave"]["contacts"])
             for name, side in sets.items()}  # fmt: skip
    assert moved == {
        "replied:stop": (2, 1), "replied:other": (0, 2), "replied:question": (1, 0),
        "opted_out": (2, 0), "suppressed": (1, 0), "replied:likely": (2, 0),
    }  # fmt: skip
    assert sets["suppressed"]["enter"]["replies"] == [spring.replies().rows[0]["position"]]
    done = engine.relabel(apply=True)
    assert done.campaigns == shown.campaigns
    assert set(engine.suppressed) == {number(0), number(2)}, "STOP stays; START since then counts"
    assert number(2) in spring.opted_out
    assert set(spring.replied_with("stop")) == {number(0), number(5)}
    assert set(spring.replied_with("question")) == {number(2)}
    fact = engine.explain(number(0)).facts[-1]
    assert (fact["how"], fact["grade"], fact["rules"]) == (
        "relabelled", "likely", ["en-leave", "second"],
    )  # fmt: skip
    assert engine.relabel().replies == 0
    assert [row["wording"] for row in engine.reviews()] == ["the kettle sings at seven"] * 2


def test_relabelling_keeps_what_other_replies_say(
    engine: sms.Engine, spring: sms.Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replies that name their blast are counted there for good; a label leaves such a contact
    only when none of its replies has it any more."""
    spring.blast("b2", sender="+999000000022", audience=numbers(0, 20), at=at(-1))
    say(engine, 1, "yes", blast="b1")
    say(engine, 1, "hello", 1, blast="b1")
    say(engine, 2, "hello", blast="b1")
    say(engine, 2, "yes", 1, blast="b2")
    say(engine, 3, "hello", 1)
    say(engine, 3, "yes", 2, blast="b1")
    use(monkeypatch, Better())
    monkeypatch.setitem(RULES, "hello", ("question", "no", "en-odd"))
    shown = engine.relabel().campaigns["spring"]
    moved = {name: side["enter"]["contacts"] - side["leave"]["contacts"]
             for name, side in shown.items()}  # fmt: skip
    assert moved == {"replied:other": -3, "replied:question": 3}
    engine.relabel(apply=True)
    assert set(spring.replied_with("yes")) == {number(1), number(2), number(3)}
    assert set(spring.replied_with("question")) == {number(1), number(2), number(3)}
    assert not spring.replied_with("other")
    assert set(engine.segment("spring/b2.replied:yes")) == {number(2)}
    assert not engine.segment("spring/b2.replied:question")
    assert len(spring.replied) == 3
    digest = engine.digest()
    assert engine.relabel(apply=True).replies == 0
    assert engine.digest() == digest


def test_relabelling_survives_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sms.open(tmp_path / "data") as engine:
        campaign = engine.campaign("spring")
        campaign.blast("b1", sender=SENDER, audience=numbers(0, 20), at=at(-1))
        say(engine, 1, "the kettle sings at seven")
        use(monkeypatch, Better())
        engine.relabel(apply=True)
        digest = engine.digest()
    for snapshot in (tmp_path / "data" / "snapshots").iterdir():
        snapshot.unlink()
    with sms.open(tmp_path / "data") as engine:
        assert engine.digest() == digest
        assert number(1) in engine.suppressed


def test_a_rule_that_chokes_leaves_what_keywords_say(
    engine: sms.Engine, spring: sms.Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(engine, 1, "is there parking?")
    before = failures.count
    use(monkeypatch, Choking())
    labels, beside = judge_batch(["STOP", "yes"])
    assert [int.from_bytes(labels[at : at + 2], "little") for at in (0, 2)] == [
        1 | 1 << 14, 64 | 3 << 14,
    ]  # fmt: skip
    assert beside == [("", "keyword"), ("", "not-judged")]
    assert failures.count == before + 2
    shown = engine.relabel()
    assert (shown.failed, shown.replies) == (1, 0), "what cannot be judged keeps its labels"
    assert set(spring.replied_with("question")) == {number(1)}


def test_the_border_takes_labels_grade_language_and_rules() -> None:
    """Rule ids are kept with blanks between them, so none may hold one; an opt-in and a wrong
    number are as sure as the rule that says so."""
    texts = ["STOP ALL", "START", "wrong number", "sí", "take me off this list please"]
    labels, beside = judge_batch(texts)
    bits = [int.from_bytes(labels[at : at + 2], "little") for at in range(0, 10, 2)]
    assert [found >> 14 for found in bits[:4]] == [1, 1, 1, 3]
    assert bits[4] >> 14 in (1, 2)
    assert judging.label_words(bits[0]) == ["stop"]
    assert judging.label_words(bits[3]) == ["yes", "spanish"]
    assert [lang for lang, _ in beside[3:]] == ["es", "en"]
    assert all(rules for _, rules in beside)
    assert beside[0][1] == "keyword:stop_all"
    out, slices = bytearray(), list[tuple[str, str]]()
    assert list(judging.judge_slices(texts, out, slices)) == []
    assert (bytes(out), slices) == (labels, beside)


def test_yes_in_spanish_opts_in_where_yes_does(engine: sms.Engine, spring: sms.Campaign) -> None:
    """The bit for Spanish beside YES must not keep a campaign from taking it for an opt-in."""
    spring.means(yes="opt_in", no="opt_out")
    say(engine, 1, "STOP")
    say(engine, 1, "sí", 1)
    assert number(1) not in engine.suppressed
    assert set(spring.replied_with("spanish")) == {number(1)}
    assert number(1) in spring.replied_with("yes")
    assert engine.relabel().replies == 0, "judged again in the same context"
