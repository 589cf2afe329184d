"""The surface of the issue, name by name: register, ingest, ask."""

from pathlib import Path

import pytest

import smstrack_core as sms
from smstrack_core import lists

from fiction import number, numbers

SENDER = "+999000000011"


def receipt(sid: str, status: str, to: str = "") -> bytes:
    recipient = f"&To=%2B{to[1:]}" if to else ""
    return f"MessageSid={sid}&MessageStatus={status}{recipient}".encode()


def reply(sid: str, contact: str, text: str) -> bytes:
    return (
        f"SmsStatus=received&MessageSid={sid}&From=%2B{contact[1:]}&To=%2B{SENDER[1:]}&Body={text}"
    ).encode()


def blast_of(engine: sms.Engine, count: int) -> tuple[sms.Campaign, sms.Blast]:
    spring = engine.campaign("spring", cost="412.50 USD", closes_at="2026-12-01T18:00:00Z")
    b1 = spring.blast("b1", sender=SENDER, audience=numbers(0, count), tags={"variant": "A"})
    b1.sent([(number(i), f"SM{i:032x}") for i in range(count)], provider="twilio")
    return spring, b1


def test_the_example_of_the_readme_in_small(engine: sms.Engine, tmp_path: Path) -> None:
    spring, b1 = blast_of(engine, 10)
    done = engine.ingest("twilio", [receipt(f"SM{i:032x}", "delivered") for i in range(8)])
    assert (done.accepted, done.rejected, done.rejects, list(done.bodies)) == (8, 0, [], [1] * 8)
    done = engine.ingest(
        "twilio",
        [
            sms.Request("POST", "/hooks/twilio", {}, reply("SMa", number(0), "YES")),
            reply("SMb", number(1), "STOP"),
        ],
    )
    assert done.accepted == 2
    nudge = spring.delivered - spring.replied - spring.clicked - spring.opted_out
    assert len(nudge) == 6
    assert number(5) in nudge
    assert number(0) not in nudge
    assert nudge.numbers() == numbers(2, 8)
    assert nudge.numbers() == spring.non_responders.numbers()
    assert len(nudge.to_pyroaring()) == 6
    assert nudge.export(tmp_path / "nudge.csv").written == 6
    assert engine.segment("spring.delivered & spring.replied:yes").numbers() == [number(0)]
    assert engine.suppressed.numbers() == [number(1)]
    assert b1.delivered.numbers() == numbers(0, 8)
    assert engine.campaigns() == ["spring"]
    assert spring.blasts() == ["b1"]
    report = spring.report()
    assert report.balance() == engine.report("spring").balance()
    assert report.balance()["difference"] == 0
    assert (report.cost_micros, report.currency) == (412_500_000, "USD")
    assert "delivery rate             80.00% (8 of 10 sent)" in str(report)


def test_an_event_is_in_the_very_next_query(engine: sms.Engine) -> None:
    spring, _ = blast_of(engine, 50)
    for i in range(50):
        engine.ingest("twilio", [receipt(f"SM{i:032x}", "delivered")])
        assert len(spring.delivered) == i + 1


def test_a_repeat_adds_nothing_whatever_repeats(engine: sms.Engine) -> None:
    spring, b1 = blast_of(engine, 5)
    bodies = [receipt(f"SM{i:032x}", "delivered") for i in range(5)]
    bodies.append(reply("SMa", number(2), "yes"))
    engine.ingest("twilio", bodies)
    before = (engine.digest(), spring.report().reply_messages)
    engine.ingest("twilio", bodies[::-1] * 3)
    blast_of(engine, 5)
    assert b1.sent([(number(0), "SM" + "0" * 32)], provider="twilio").added == 0
    assert (engine.digest(), spring.report().reply_messages) == before
    assert before[1] == 1


def test_a_receipt_before_its_registration_waits_for_it(engine: sms.Engine) -> None:
    spring = engine.campaign("spring")
    b1 = spring.blast("b1", sender=SENDER, audience=[number(0)])
    engine.ingest("twilio", [receipt("SMlate", "delivered")])
    assert len(spring.delivered) == 0
    assert b1.sent([(number(0), "SMlate")], provider="twilio").added == 1
    assert spring.delivered.numbers() == [number(0)]


def test_stop_wins_over_yes_and_only_an_opt_in_undoes_it(engine: sms.Engine) -> None:
    blast_of(engine, 3)
    engine.ingest("twilio", [reply("SMa", number(1), "STOP")], received_ms=1_796_148_000_000)
    engine.ingest("twilio", [reply("SMb", number(1), "YES")], received_ms=1_796_148_001_000)
    assert engine.suppressed.numbers() == [number(1)]
    engine.ingest("twilio", [reply("SMc", number(1), "START")], received_ms=1_796_148_002_000)
    assert not engine.suppressed


def test_suppression_by_hand_and_its_end(engine: sms.Engine) -> None:
    first, second = "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"
    done = engine.suppress([*numbers(0, 3), "nonsense"], at=first)
    assert (done.added, done.rejects) == (3, [(3, "not_a_number")])
    assert engine.suppressed.numbers() == numbers(0, 3)
    assert engine.unsuppress([number(0)], at=first).added == 0, "of two at once, out wins"
    assert engine.unsuppress([number(1)], at=second).added == 1
    assert engine.suppress([number(1)], at=first).added == 0, "an older word changes nothing"
    assert engine.suppressed.numbers() == [number(0), number(2)]


def test_an_audience_may_be_a_file_with_a_heading(engine: sms.Engine, tmp_path: Path) -> None:
    rows = ["\ufeffphone,name", f'"{number(0)}",Ann', f"{number(1)},Bo", "nonsense,Cy", ""]
    file = tmp_path / "audience.csv"
    file.write_text("\r\n".join(rows), encoding="utf-8")
    spring = engine.campaign("spring")
    for audience in (file, str(file)):
        blast = spring.blast("b1", sender=SENDER, audience=audience)
        assert blast.audience.numbers() == numbers(0, 2)
        assert blast.rejects == [(3, "not_a_number")]


def test_rows_keep_their_numbers_over_the_pieces(
    engine: sms.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "CHUNK_COUNT", 4)
    listed = numbers(0, 10)
    for row in (0, 4, 7):
        listed[row] = "nonsense"
    listed[9] = f"{number(9)}\n{number(8)}"
    blast = engine.campaign("spring").blast("b1", audience=iter(listed))
    assert [row for row, _ in blast.rejects] == [0, 4, 7, 9]
    file = tmp_path / "audience.txt"
    file.write_text("\n".join(["heading", *listed[:9]]), encoding="utf-8")
    blast = engine.campaign("spring").blast("b2", audience=file)
    assert [row for row, _ in blast.rejects] == [1, 5, 8]
    assert len(blast.audience) == 6
    done = blast.sent([(n, f"SM{i}") for i, n in enumerate(listed[:9])], provider="twilio")
    assert (done.added, [row for row, _ in done.rejects]) == (6, [0, 4, 7])


def test_tags_narrow_a_campaign_to_some_blasts(engine: sms.Engine) -> None:
    spring = engine.campaign("spring")
    spring.blast("b1", audience=numbers(0, 3), tags={"variant": "A", "location": "dallas"})
    spring.blast("b2", audience=numbers(3, 5), tags={"variant": "B", "location": "dallas"})
    assert spring.where(variant="A").audience.numbers() == numbers(0, 3)
    assert len(spring.where(location="dallas").audience) == 5
    assert spring.where(location="dallas", variant="B").audience.numbers() == numbers(3, 5)
    assert len(spring.where(variant="C").audience) == 0


def test_names_of_every_kind_can_be_asked_for(engine: sms.Engine) -> None:
    for name in ("Früh ling 26", "a.b", "x-y", "delivered", "suppressed", "a/b", "(1)"):
        campaign = engine.campaign(name)
        blast = campaign.blast(name, audience=numbers(0, 2))
        assert len(campaign.audience) == len(blast.audience) == 2, name
        assert len(campaign.audience - blast.audience) == 0, name


def test_refused_input_is_kept_with_its_reason(engine: sms.Engine) -> None:
    done = engine.ingest("twilio", [b"MessageSid=SM1&MessageStatus=deli%ZZvered", b""])
    assert (done.accepted, done.rejected) == (0, 2)
    assert [code for *_, code in done.rejects] == ["percent_invalid", "body_empty"]
    letters = engine.dead_letters()
    assert {letter["code"] for letter in letters} >= {"percent_invalid"}
    assert engine.dead_letters(after=letters[-1]["position"]) == []


def test_one_bad_row_does_not_cost_the_others(engine: sms.Engine) -> None:
    spring, _ = blast_of(engine, 3)
    done = engine.ingest(
        "twilio",
        [
            receipt(f"SM{0:032x}", "delivered"),
            reply("SMx", "+abc", "yes"),
            receipt(f"SM{1:032x}", "delivered"),
        ],
    )
    assert (done.accepted, done.rejected) == (2, 1)
    assert done.rejects[0][0] == 1
    assert done.rejects[0][3] == "not_a_number"
    assert len(spring.delivered) == 2


def test_everything_is_there_after_opening_again(tmp_path: Path) -> None:
    with sms.open(tmp_path) as engine:
        blast_of(engine, 20)
        engine.ingest("twilio", [receipt(f"SM{i:032x}", "delivered") for i in range(9)])
        before = engine.digest()
    with sms.open(tmp_path, create=False) as engine:
        assert engine.digest() == before
        assert len(engine.campaign("spring").delivered) == 9


def test_decode_without_an_engine() -> None:
    request = sms.Request("POST", "/hooks/twilio", (), receipt("SM1", "delivered", number(4)))
    [event] = sms.decode("twilio", request)
    assert event["kind"] == "receipt"
    assert (event["message_id"], event["contact"]) == ("SM1", number(4))
    assert event["state"] == "delivered"
    with pytest.raises(sms.InputError) as caught:
        sms.decode("pigeon", request)
    assert caught.value.code == "unknown_name"


def test_several_providers_share_one_batch(engine: sms.Engine) -> None:
    spring, _ = blast_of(engine, 3)
    first, second = (receipt(f"SM{i:032x}", "delivered") for i in range(2))
    done = engine.ingest_mixed([("twilio", [first]), ("telnyx", [b"{"]), ("twilio", [second])])
    assert (done.accepted, done.rejected) == (2, 1)
    assert list(done.bodies) == [1, 0, 1]
    assert done.rejects == [(1, -1, 1, "json_truncated")]
    assert set(spring.delivered.numbers()) == {number(0), number(1)}
    assert engine.ingest_mixed([]).accepted == 0
    with pytest.raises(sms.InputError):
        engine.ingest_mixed([("twilio", [receipt(f"SM{2:032x}", "delivered")]), ("nobody", [])])
    assert number(2) not in spring.delivered, "a batch that fails leaves nothing"


def test_a_batch_belongs_to_its_engine(engine: sms.Engine, tmp_path: Path) -> None:
    batch = engine.core.begin("twilio", [receipt("SM1", "delivered")], received_ms=1)
    with sms.open(tmp_path / "other") as other:
        with pytest.raises(sms.InputError, match="another"):
            other.core.commit(batch)
        with pytest.raises(sms.InputError, match="another"):
            other.core.begin(
                "twilio",
                [b""],
                received_ms=1,
                into=engine.core.begin("twilio", [], received_ms=1),
            )
