"""Why messages did not arrive: causes as sets, and what two of them bring with them."""

import orjson
import pytest

import smstrack_core as sms

from fiction import number, numbers
from wire import exchange, form, request

SENDER = number(900)
JSON = "application/json"


def twilio(index: int, code: str) -> bytes:
    return form("/hooks/twilio", f"MessageSid=m{index}&MessageStatus=undelivered&ErrorCode={code}")


def telnyx(index: int, code: str) -> bytes:
    payload = {
        "id": f"m{index}", "errors": [{"code": code}], "from": {"phone_number": SENDER},
        "to": [{"phone_number": number(index), "status": "delivery_failed"}],
    }  # fmt: skip
    body = {"data": {"event_type": "message.finalized", "id": f"e{index}", "payload": payload}}
    return request("POST", "/hooks/telnyx", orjson.dumps(body), JSON)


def vonage(index: int, code: str) -> bytes:
    contact = number(index)[1:]
    return form(
        "/hooks/vonage", f"messageId=m{index}&msisdn={contact}&status=failed&err-code={code}"
    )


CODES = {
    "twilio": (twilio, {"30006": "invalid_number", "21610": "opted_out", "30007": "filtered",
                        "30003": "absent", "30001": "rate_limit", "30008": "other"}),
    "telnyx": (telnyx, {"40001": "invalid_number", "40300": "opted_out", "40002": "filtered",
                        "40006": "absent", "40005": "expired", "40011": "rate_limit",
                        "40008": "other"}),
    "vonage-sms": (vonage, {"3": "invalid_number", "9": "opted_out", "6": "filtered",
                            "2": "absent", "99": "other"}),
}  # fmt: skip


@pytest.mark.parametrize("provider", CODES)
async def test_each_cause_is_a_set(engine: sms.Engine, provider: str) -> None:
    receipt, codes = CODES[provider]
    spring = engine.campaign("spring")
    audience = numbers(0, len(codes) + 1)
    blast = spring.blast("b1", sender=SENDER, audience=audience)
    ids = [(contact, f"m{index}") for index, contact in enumerate(audience)]
    blast.sent(ids, provider=provider)
    async with sms.serve(engine) as server:
        for index, code in enumerate(codes):
            [answer] = await exchange(server.port, receipt(index, code))
            assert answer.status == 200
    for index, cause in enumerate(codes.values()):
        expected = [number(index)]
        assert engine.segment(f"spring.failed_final:{cause}").numbers() == expected, cause
        assert spring.failed_for(cause).numbers() == expected
    assert spring.pending.numbers() == audience[-1:]
    out = [number(list(codes.values()).index("opted_out"))]
    assert engine.suppressed.numbers() == spring.opted_out.numbers() == out
    bad = [number(list(codes.values()).index("invalid_number"))]
    assert engine.invalid.numbers() == engine.segment("invalid").numbers() == bad
    rest = engine.segment("spring.audience - invalid - suppressed").numbers()
    assert rest == [one for one in audience if one not in (*out, *bad)]


def event(blast: str, message: str, index: int, state: str) -> dict[str, str]:
    failed = {"error_class": "invalid_number", "error_code": "1"} if state == "failed" else {}
    campaign, name = blast.split("/")
    return {
        "kind": "receipt", "message_id": message, "contact": number(index), "state": state,
        "campaign": campaign, "blast": name, **failed,
    }  # fmt: skip


@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "backwards"])
def test_the_newest_blast_tells_who_is_invalid(engine: sms.Engine, *, backwards: bool) -> None:
    people = numbers(0, 5)
    blasts = [("spring", "b1", "2026-03-01"), ("autumn", "b1", "2026-09-01")]
    for campaign, name, day in reversed(blasts) if backwards else blasts:
        engine.campaign(campaign).blast(name, audience=people, at=f"{day}T12:00:00Z")
    told = [
        event("spring/b1", "s0", 0, "failed"),
        event("spring/b1", "s1", 1, "failed"),
        event("autumn/b1", "a1", 1, "delivered"),
        event("spring/b1", "s2", 2, "delivered"),
        event("autumn/b1", "a2", 2, "failed"),
        # Both of one blast: delivered wins.
        event("spring/b1", "s3", 3, "failed"),
        event("spring/b1", "s3", 3, "delivered"),
        event("autumn/b1", "a4", 4, "delivered"),
    ]
    rows = [orjson.dumps(one) for one in (reversed(told) if backwards else told)]
    taken = engine.ingest("smstrack", [b"\n".join(rows)])
    assert taken.accepted == len(told)
    assert engine.invalid.numbers() == [number(0), number(2)]
    assert engine.segment("autumn.audience - invalid").numbers() == [
        number(1), number(3), number(4),
    ]  # fmt: skip


def test_nothing_is_invalid_at_first(engine: sms.Engine) -> None:
    assert len(engine.invalid) == 0
    # A campaign may be called like the set.
    engine.campaign("invalid").blast("b1", audience=numbers(0, 2))
    assert len(engine.segment("invalid.audience")) == 2
