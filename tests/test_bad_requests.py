"""Bad input through the door, for every provider there is: a status that ends it, a stable code
and a byte, a dead letter, and nothing in the way of what comes after."""

import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

import smstrack_core as sms

from wire import Answer, exchange, request

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
KEYS = 100_000
BODY_MAX = 262_144
PROVIDERS = [name for name in sms.providers() if name != "smstrack"]
CODES = set(
    re.findall(
        r'^    [A-Z]\w+ = \d+ "([a-z0-9_]+)"',
        (Path(__file__).parents[1] / "rust" / "engine" / "src" / "decode.rs").read_text(),
        re.MULTILINE,
    )
)
"""The stable words, as the one place that has them says them."""


class Bad(NamedTuple):
    name: str
    body: bytes
    kind: str


BODIES = [
    Bad("empty body", b"", JSON),
    Bad("blank body", b" \r\n", JSON),
    Bad("JSON cut off", b'{"data":{"event_type":"message.final', JSON),
    Bad("JSON cut off in an array", b'[{"results":[{"messageId":"a"', JSON),
    Bad("wrong types", b'{"data":5,"results":"x","messages":[1],"id":{},"status":[],"to":[[]]}',
        JSON),
    Bad("a bare number", b"17", JSON),
    Bad("a bare string", b'"text"', JSON),
    Bad("null", b"null", JSON),
    Bad("a list of nothings", b"[null,0,[],{}]", JSON),
    Bad("too deep", b'{"data":' * 65 + b"1" + b"}" * 65, JSON),
    Bad("deep arrays", b"[" * 20_000, JSON),
    Bad("many keys", b"{" + b",".join(b'"%x":1' % i for i in range(25_000)) + b"}", JSON),
    Bad("huge numbers", b'{"id":' + b"9" * 400 + b',"status":1e999999999,"to":-1e400}', JSON),
    Bad("a lone surrogate", rb'{"id":"a\ud800","status":"\udc00","to":"\ud83d","text":"\ud800"}',
        JSON),
    Bad("not UTF-8", b'{"id":"\xff\xfe","status":"\xc3\x28"}', JSON),
    Bad("a NUL in JSON", b'{"id":"a\x00b"}', JSON),
    Bad("an escaped NUL", rb'{"id":"a\u0000b","messageId":"\u0000","status":"delivered"}', JSON),
    Bad("only NULs", bytes(64), JSON),
    Bad("noise", bytes(range(256)), "application/octet-stream"),
    Bad("a form cut in an escape", b"id=1&status=deliv%4", FORM),
    Bad("a form with a bad escape", b"MessageSid=%ZZ&MessageStatus=%GGdelivered&id=%%&text=%u00e9",
        FORM),
    Bad("a form that is not UTF-8", b"id=%ff%fe&status=%c3%28&text=%80&to=%ff", FORM),
    Bad("a form with NULs", b"id=a%00b&status=%00&MessageSid=%00&to=%00&from=%00", FORM),
    Bad("a form of one letter", b"a", FORM),
    Bad("a form of signs", b"&&&===&;=%26", FORM),
    Bad("XML cut off", b"<?xml version='1.0'?><MESSAGES><MSG><RE", "application/xml"),
    Bad("XML with an entity bomb", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "text/xml"),
    Bad("multipart without an end", b'--x\r\nContent-Disposition: form-data; name="id"\r\n\r\n1',
        "multipart/form-data; boundary=x"),
    Bad("multipart without a boundary", b"--x\r\n\r\n1\r\n--x--", "multipart/form-data"),
    Bad("a type nobody sends", b"\x00\x01\x02", "image/png"),
]  # fmt: skip


def many_form_keys() -> bytes:
    """As many keys as fit one body: over what a body may have."""
    body = b"&".join(b"%x" % (i % 16) for i in range(KEYS))
    assert len(body) < BODY_MAX
    return body


BODIES.append(Bad("100,000 keys", many_form_keys(), FORM))
BODIES.append(
    Bad("100,000 keys in JSON", b"{" + b",".join([b'"":1'] * (BODY_MAX // 5 - 1)) + b"}", JSON)
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sms.Engine]:
    with sms.open(tmp_path_factory.mktemp("bad") / "data", durable=False) as opened:
        yield opened


def letters_after(engine: sms.Engine, position: int) -> list[dict[str, object]]:
    return engine.dead_letters(after=position)


def last_position(engine: sms.Engine) -> int:
    position: int = engine.stats()["position"]
    return position


def reason(answer: Answer) -> tuple[str, int] | None:
    """Code and byte as the answer says them."""
    if answer.status == 400:
        found = orjson.loads(answer.body)
        assert found["message"]
        return found["code"], found["byte"]
    if field := answer.headers.get("smstrack-reject"):
        code, _, byte = field.partition("; byte=")
        return code, int(byte)
    return None


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_bad_bodies(shared: sms.Engine, provider: str) -> None:
    async with sms.serve(shared) as server:
        for bad in BODIES:
            before = last_position(shared)
            target = f"/hooks/{provider}/acc"
            [answer] = await exchange(server.port, request("POST", target, bad.body, bad.kind))
            where = f"{provider}: {bad.name}"
            # Once and for all: never a 5xx, and the framing is sound.
            assert answer.status in (200, 400), where
            letters = letters_after(shared, before)
            said = reason(answer)
            if said is not None:
                [letter] = letters
                assert said == (letter["code"], letter["byte"]), where
                # Under its first name, whatever alias the address has.
                assert letter["provider"] in PROVIDERS, where
                assert letter["account"] == "acc", where
                assert b64decode(str(letter["body"])) == bad.body, where
            for letter in letters:
                assert letter["code"] in CODES, where
                assert 0 <= int(str(letter["byte"])) <= len(bad.body), where
            # Kept as a dead letter, or as the event that it is: nothing vanishes but emptiness.
            is_event = last_position(shared) - before > len(letters)
            assert letters or is_event or is_empty(bad), where
        stats = server.stats()
        [health] = await exchange(server.port, request("GET", "/healthz"))
    assert health.status == 200
    assert not [status for status in stats["answers"] if int(status) >= 500]


def is_empty(bad: Bad) -> bool:
    """Whether there is no row in it that could be refused."""
    return bad.name == "a form of signs"


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_bad_queries(shared: sms.Engine, provider: str) -> None:
    bad = ["id=%ZZ&status=%G", "id=%ff&status=%fe", "a", "&&=&", "id=%00&type=%00", "a&" * 3_900]
    async with sms.serve(shared) as server:
        for query in bad:
            target = f"/hooks/{provider}?{query}"
            [answer] = await exchange(server.port, request("GET", target))
            assert answer.status in (200, 400), f"{provider}: {query[:20]}"


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_probes(shared: sms.Engine, provider: str) -> None:
    before = last_position(shared)
    async with sms.serve(shared) as server:
        for probe in (
            request("GET", f"/hooks/{provider}"),
            request("GET", f"/hooks/{provider}/acc?campaign=spring&blast=b1"),
            request("HEAD", f"/hooks/{provider}"),
            request("HEAD", f"/hooks/{provider}?id=1&status=delivered"),
        ):
            [answer] = await exchange(server.port, probe)
            assert (answer.status, answer.body) == (200, b"")
    assert last_position(shared) == before


async def test_kannel_never_hears_a_word(shared: sms.Engine) -> None:
    """What is answered to smsbox is sent to the contact as a text."""
    async with sms.serve(shared) as server:
        for query in ("from=%ZZ&text=hi", "text=hi", "from=1&to=2&text=%ff", "a=1"):
            [answer] = await exchange(server.port, request("GET", f"/hooks/kannel?{query}"))
            assert (answer.status, answer.body) == (200, b""), query


async def test_the_next_request_of_the_connection_is_fine(shared: sms.Engine) -> None:
    good = request("POST", "/hooks/vonage-sms", b"msisdn=999100000001&messageId=m&status=delivered",
                   FORM)  # fmt: skip
    bad = request("POST", "/hooks/vonage-sms", b'{"a', JSON)
    async with sms.serve(shared) as server:
        answers = await exchange(server.port, bad + good + bad + good, 4)
    assert [answer.status for answer in answers] == [200] * 4
    assert [reason(answer) is None for answer in answers] == [False, True, False, True]
