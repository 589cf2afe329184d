"""What bad input gets, over a real socket: a status, a stable code, and nothing lost."""

from typing import NamedTuple

import orjson
import pytest
import smstrack_core as sms
from fiction import number
from wire import Answer, exchange, form, request

JSON = "application/json"


class Case(NamedTuple):
    name: str
    data: bytes
    status: int
    code: str = ""


CASES = [
    Case("unknown provider", form("/hooks/pigeon", "a=1"), 404, "provider_unknown"),
    Case("unknown path", request("GET", "/nothing"), 404, "path_unknown"),
    Case("wrong method", request("PUT", "/hooks/twilio"), 405, "method_refused"),
    Case("events by GET", request("GET", "/events"), 405, "method_refused"),
    Case("no body", request("POST", "/hooks/telnyx", b"", JSON), 400, "body_empty"),
    Case(
        "JSON cut off",
        request("POST", "/hooks/telnyx", b'{"data":{"payl', JSON),
        400,
        "json_truncated",
    ),
    Case("not JSON", request("POST", "/hooks/telnyx", b"{data:1}", JSON), 400, "json_invalid"),
    Case(
        "JSON too deep",
        request("POST", "/hooks/telnyx", b'{"data":' + b"[" * 100 + b"]" * 100 + b"}", JSON),
        400,
        "json_too_deep",
    ),
    Case(
        "bad percent",
        form("/hooks/twilio", "MessageSid=SM1&MessageStatus=deli%ZZvered"),
        400,
        "percent_invalid",
    ),
    Case("body too large", form("/hooks/twilio", "a" * 262_145), 413, "body_too_large"),
    Case("target too long", request("GET", "/hooks/kannel?a=" + "a" * 9_000), 414, "target_too_long"),
    Case("head too large", request("GET", "/healthz", X_Long="a" * 17_000), 431, "head_too_large"),
    Case(
        "too many headers",
        request("GET", "/healthz", **{f"X_{i}": "1" for i in range(101)}),
        431,
        "headers_too_many",
    ),
    Case(
        "compressed",
        request("POST", "/hooks/twilio", b"x", Content_Encoding="gzip"),
        415,
        "encoding_unsupported",
    ),
    Case(
        "two lengths",
        b"POST /hooks/twilio HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "length_ambiguous",
    ),
    Case("no host", b"GET /healthz HTTP/1.1\r\n\r\n", 400, "host_invalid"),
    Case("not HTTP", b"hello\r\n\r\n", 400, ""),
    Case("HTTP/2", b"GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n", 505, "version_unsupported"),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_refused(engine: sms.Engine, case: Case) -> None:
    before = engine.digest()
    async with sms.serve(engine) as server:
        [answer] = await exchange(server.port, case.data)
        [health] = await exchange(server.port, request("GET", "/healthz"))
    assert answer.status == case.status
    assert case.code in answer.body.decode()
    if case.status == 405:
        assert "POST" in answer.headers["allow"]
    assert 200 <= health.status < 300
    assert engine.digest() == before


async def send(engine: sms.Engine, data: bytes) -> Answer:
    async with sms.serve(engine) as server:
        [answer] = await exchange(server.port, data)
    return answer


async def test_one_bad_row_of_many_is_a_reject_and_a_dead_letter(engine: sms.Engine) -> None:
    engine.campaign("spring").blast("b1", audience=[number(0), number(1)])
    events = [
        {"kind": "click", "event_id": f"c{row}", "contact": contact, "campaign": "spring",
         "blast": "b1"}
        for row, contact in enumerate([number(0), "not a number", number(1)])
    ]  # fmt: skip
    body = b"\n".join(map(orjson.dumps, events))
    answer = await send(engine, request("POST", "/events", body, "application/x-ndjson"))
    assert 200 <= answer.status < 300
    assert "not_a_number" in answer.body.decode()
    assert engine.segment("spring.clicked").numbers() == [number(0), number(1)]
    [letter] = engine.dead_letters()
    assert (letter["code"], letter["row"]) == ("not_a_number", 1)


async def test_an_unknown_status_word_is_kept_as_unknown(engine: sms.Engine) -> None:
    spring = engine.campaign("spring")
    spring.blast("b1", audience=[number(0)]).sent([(number(0), "SM1")], provider="twilio")
    answer = await send(engine, form("/hooks/twilio", "MessageSid=SM1&MessageStatus=teleported"))
    assert 200 <= answer.status < 300
    assert spring.unknown.numbers() == spring.pending.numbers() == [number(0)]


async def test_a_receipt_of_an_unknown_message_is_parked(engine: sms.Engine) -> None:
    engine.campaign("spring")
    answer = await send(engine, form("/hooks/twilio", "MessageSid=SM1&MessageStatus=delivered"))
    assert 200 <= answer.status < 300
    directory = engine.report("spring").directory
    assert directory["parked"] + directory.get("orphans", 0) == 1


async def test_a_body_that_cannot_be_read_is_kept_as_a_dead_letter(engine: sms.Engine) -> None:
    await send(engine, request("POST", "/hooks/telnyx", b'{"data":{"payl', JSON))
    [letter] = engine.dead_letters()
    assert (letter["provider"], letter["code"]) == ("telnyx", "json_truncated")
