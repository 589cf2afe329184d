"""The traffic twin: one seed, one stream; and a ledger that a second reading agrees with."""

import re
from collections import defaultdict
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest

from smstrack_core.replies import label, words
from smstrack_core.twin import Callback, Traffic, generate
from smstrack_core.twin.lives import ANSWERS, OUTCOMES, TEXTS

CONTACTS = 3_000
WORDS = {
    "delivered": "delivered", "undelivered": "undelivered", "failed": "failed", "read": "read",
    "rejected": "rejected", "expired": "expired", "queued": "queued", "buffered": "accepted",
    "delivery_failed": "undelivered", "sending_failed": "failed",
    "1": "delivered", "2": "undelivered", "4": "accepted", "8": "carrier", "16": "rejected",
}  # fmt: skip


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    return generate(11, CONTACTS)


def test_one_seed_gives_one_stream_for_ever() -> None:
    assert generate(7, 500).digest() == generate(7, 500).digest()
    assert generate(7, 500).digest() != generate(8, 500).digest()
    assert generate(7, 500).ledger == generate(7, 500).ledger
    assert generate(7, 500, 1_700_000_000_000).digest() != generate(7, 500).digest()
    # The stream of a released version; a change of it is a visible change for load tests.
    assert generate(7, 500).digest().startswith("39a0bbdb668d7f91")


def test_every_number_is_fictional_and_comes_once(traffic: Traffic) -> None:
    everyone = [number for plan in traffic.blasts for number in plan.audience]
    assert len(set(everyone)) == len(everyone) == CONTACTS
    assert all(re.fullmatch(r"\+999[0-9]{9}", number) for number in everyone)
    assert all(plan.sender.startswith("+999") for plan in traffic.blasts)
    wire = b"\n".join(c.target.encode() + c.body for c in traffic.callbacks)
    for number in re.findall(rb"(?:%2B|\+|msisdn[=\":]+)([0-9]{11,15})", wire):
        assert number.startswith(b"999"), number


def test_the_stream_has_what_the_world_has(traffic: Traffic) -> None:
    kinds = {(c.provider, c.method) for c in traffic.callbacks}
    assert kinds >= {
        ("twilio", "POST"), ("telnyx", "POST"), ("vonage-sms", "GET"), ("vonage-sms", "POST"),
        ("kannel", "GET"), ("smstrack", "POST"),
    }  # fmt: skip
    assert {c.status for c in traffic.callbacks} == {200, 400, 404}
    repeats = len(traffic.callbacks) - len(set(traffic.callbacks))
    assert 0.03 < repeats / len(traffic.callbacks) < 0.07
    found = traffic.ledger.sets()
    for word in ("failed", "undelivered", "rejected", "expired", "unknown", "read", "conflicted",
                 "pending", "opted_out", "opted_in", "clicked", "converted"):  # fmt: skip
        assert found[word], word
    assert traffic.ledger.suppressed() - traffic.ledger.by_hand


def test_the_balance_sheet_of_the_ledger_adds_up(traffic: Traffic) -> None:
    sheet = traffic.ledger.balance()
    assert sheet.pop("sent") == sum(sheet.values())


def test_texts_have_the_labels_that_the_ledger_says() -> None:
    for word, texts in TEXTS.items():
        for text in texts:
            assert words(label(text)) == [word], text


def test_shares_are_shares() -> None:
    for provider, outcomes in OUTCOMES.items():
        assert sum(outcome.weight for outcome in outcomes) == pytest.approx(100), provider
    assert sum(share for share, _ in ANSWERS) < 1


def test_a_second_reading_of_the_bytes_gives_the_same_ledger(traffic: Traffic) -> None:
    """Reads every request anew, knowing only the providers' formats, and files the facts."""
    owner = {int(number): plan.name for plan in traffic.blasts for number in plan.audience}
    sent = {
        message: int(number)
        for plan in traffic.blasts
        for messages in plan.sent.values()
        for number, message in messages
    }
    facts: dict[str, set[int]] = defaultdict(set)
    receipts: list[tuple[str, str]] = []
    replies: set[str] = set()
    clicks: set[str] = set()
    for callback in traffic.callbacks:
        if callback.status != 200:
            continue
        for kind, message, contact, value in read(callback):
            if kind == "sent":
                sent[message] = contact
            elif kind == "receipt":
                receipts.append((message, value))
            elif kind == "reply":
                replies.add(message)
                facts["replied"].add(contact)
                for word in words(label(value)):
                    facts[f"replied:{word}"].add(contact)
            else:
                facts[
                    {"click": "clicked", "conversion": "converted", "lead": "qualified"}[kind]
                ].add(contact)
                clicks |= {message} if kind == "click" else set()
    strangers = set()
    for message, word in receipts:
        if message in sent:
            facts[WORDS.get(word, "carrier" if word == "sent" else "unknown")].add(sent[message])
        else:
            strangers.add(message)
    expected = traffic.ledger.sets()
    facts["delivered"] |= facts["read"]
    for word, contacts in facts.items():
        if word in ("undelivered", "failed", "rejected", "expired"):
            contacts = contacts - facts["delivered"]  # noqa: PLW2901 - delivered wins
        assert contacts == expected[word], word
    assert set(sent.values()) < expected["sent"]
    assert set(owner) == expected["audience"] == expected["sent"]
    assert len(replies) == traffic.ledger.reply_messages
    assert len(clicks) == traffic.ledger.clicks
    assert len(strangers) == traffic.ledger.strangers


def read(callback: Callback) -> list[tuple[str, str, int, str]]:
    """(kind, message id, contact, status word or text) of each event of a request."""
    if callback.provider == "smstrack":
        return [
            (e["kind"], e.get("message_id") or e.get("event_id"), int(e["contact"]), "")
            for e in map(orjson.loads, callback.body.splitlines())
        ]
    if callback.provider == "telnyx":
        payload = orjson.loads(callback.body)["data"]["payload"]
        if payload["direction"] == "inbound":
            contact = int(payload["from"]["phone_number"])
            return [("reply", payload["id"], contact, payload["text"])]
        to = payload["to"][0]
        return [("receipt", payload["id"], int(to["phone_number"]), to["status"])]
    if callback.body.startswith(b"{"):
        fields = orjson.loads(callback.body)
    else:
        query = callback.body.decode() or urlsplit(callback.target).query
        fields = dict(parse_qsl(query, keep_blank_values=True))
    if callback.provider == "twilio":
        if fields["SmsStatus"] == "received":
            return [("reply", fields["MessageSid"], int(fields["From"]), fields["Body"])]
        return [("receipt", fields["MessageSid"], int(fields["To"]), fields["MessageStatus"])]
    if callback.provider == "vonage-sms":
        if "text" in fields:
            return [("reply", fields["messageId"], int(fields["msisdn"]), fields["text"])]
        return [("receipt", fields["messageId"], int(fields["msisdn"]), fields["status"])]
    if "text" in fields:
        return [("reply", fields["id"], int(fields["from"]), fields["text"])]
    return [("receipt", fields["id"], int(fields["from"]), fields["type"])]
