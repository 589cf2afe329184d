"""Whom the door believes: forged requests are refused before anything reads them, over real
sockets; and what an untrusted source may do.
"""

from pathlib import Path
from typing import Any

import orjson
import pytest
import trio

import smstrack_core as sms
from smstrack_core.serve.sources import Sources
from smstrack_core.values import now_ms

from fiction import number
from wire import Answer, exchange, form, request

SENDER = "+999000000011"
BASE = "https://hooks.example.net"
FILE = Path(__file__).parent / "data" / "signatures" / "vectors.jsonl"
VECTORS: dict[str, dict[str, Any]] = {
    vector["id"]: vector for vector in map(orjson.loads, FILE.read_bytes().splitlines())
}


def raw(vector: dict[str, Any], body: str | None = None) -> bytes:
    """A vector as its provider would send it."""
    target = vector["url"].removeprefix(BASE)
    headers = {name: value for name, value in vector["headers"].items() if name != "Content-Type"}
    sent = (vector["body"] if body is None else body).encode()
    kind = vector["headers"].get("Content-Type", "application/json")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"{vector['method']} {target} HTTP/1.1\r\nHost: door\r\nContent-Type: {kind}\r\n{lines}"
    return f"{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent


def word(answer: Answer) -> str:
    found: str = orjson.loads(answer.body)["code"]
    return found


async def ask(server: sms.Server, asked: bytes) -> Answer:
    [answer] = await exchange(server.port, asked)
    return answer


def guarded(key: str, **source: object) -> dict[str, Any]:
    return {"base_url": BASE, "sources": {key: source}}


async def test_a_forged_request_is_refused_and_nothing_of_it_is_read(engine: sms.Engine) -> None:
    vector = VECTORS["twilio-hmac-sha1-d01"]
    verify = guarded("twilio", scheme="twilio-hmac-sha1", secrets=["old", vector["secret"]])
    async with sms.serve(engine, verify=verify) as server:
        assert (await ask(server, raw(vector))).status == 200
        kept = engine.stats()["events"]
        assert kept == 1
        for body in (vector["body"].replace("delivered", "failed", 1), "\0{[%zz", "x" * 9_999):
            answer = await ask(server, raw(vector, body))
            assert (answer.status, word(answer)) == (403, "signature_mismatch")
        forged = raw(VECTORS["twilio-hmac-sha1-d09"])
        assert word(await ask(server, forged)) == "signature_missing"
        stats = server.stats()
        assert stats["refusals"] == {"signature_mismatch": 3, "signature_missing": 1}
        assert stats["answers"] == {"200": 1, "403": 4}
        # Another provider is nobody's business here.
        other = await ask(server, form("/hooks/kannel", f"type=1&to=%2B{number(1)[1:]}&id=k1"))
        assert other.status != 403
    assert engine.stats()["events"] <= kept + 1
    assert len(orjson.loads(engine.core.dead_letters())) <= 1


async def test_an_old_request_sent_again_is_stale(engine: sms.Engine) -> None:
    vector = VECTORS["telnyx-ed25519-d01"]
    verify = guarded("telnyx", scheme="telnyx-ed25519", secrets=vector["public_key"])
    async with sms.serve(engine, verify=verify) as server:
        answer = await ask(server, raw(vector))
    assert (answer.status, word(answer)) == (403, "timestamp_stale")


async def test_forwarded_fields_count_only_from_listed_proxies(engine: sms.Engine) -> None:
    vector = VECTORS["twilio-hmac-sha1-d01"]
    asked = raw(vector).replace(
        b"Host: door\r\n",
        b"Host: door\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: hooks.example.net\r\n",
    )
    source = {"scheme": "twilio-hmac-sha1", "secrets": [vector["secret"]]}
    for proxies, status in ((["127.0.0.1"], 200), (["10.0.0.0/8"], 403), ([], 403)):
        verify = {"trusted_proxies": proxies, "sources": {"twilio": source}}
        async with sms.serve(engine, verify=verify) as server:
            assert (await ask(server, asked)).status == status, proxies


async def test_addresses_and_secrets_in_the_path(engine: sms.Engine) -> None:
    asked = form("/hooks/twilio/main", "MessageSid=SM1&MessageStatus=sent")
    with_secret = asked.replace(b"/main", b"/main/s3cret")
    for source, request_, status in (
        ({"allow": ["127.0.0.1"]}, asked, 200),
        ({"allow": ["203.0.113.0/24"]}, asked, 403),
        ({"scheme": "token-path", "secrets": ["s3cret"]}, with_secret, 200),
        ({"scheme": "token-path", "secrets": ["other"]}, with_secret, 403),
        ({"scheme": "token-path", "secrets": ["s3cret"]}, asked, 403),
        ({"allow": ["127.0.0.1"]}, with_secret, 404),
    ):
        async with sms.serve(engine, verify=guarded("twilio/main", **source)) as server:
            assert (await ask(server, request_)).status == status, source


async def test_a_secret_in_the_path_is_not_kept_with_a_refused_body(engine: sms.Engine) -> None:
    verify = guarded("telnyx", scheme="token-path", secrets=["s3cret"])
    async with sms.serve(engine, verify=verify) as server:
        asked = request("POST", "/hooks/telnyx/main/s3cret", b"{", "application/json")
        assert (await ask(server, asked)).status == 400
    letters = engine.core.dead_letters()
    assert "telnyx" in letters
    assert "s3cret" not in letters


async def test_probes_are_answered_without_a_signature(engine: sms.Engine) -> None:
    verify = guarded("telnyx", scheme="telnyx-ed25519",
                     secrets=VECTORS["telnyx-ed25519-d01"]["public_key"])  # fmt: skip
    async with sms.serve(engine, verify=verify) as server:
        assert (await ask(server, request("GET", "/hooks/telnyx"))).status == 200
        assert (await ask(server, request("GET", "/hooks/telnyx?a=b"))).status == 403
    assert engine.stats()["events"] == 0


async def test_certificates_are_fetched_once_and_off_the_request_path(engine: sms.Engine) -> None:
    vector = VECTORS["sns-v2-d01"]
    wanted = orjson.loads(vector["body"])["SigningCertURL"]
    fetched: list[str] = []
    gate = trio.Event()

    def fetch(url: str) -> bytes:
        trio.from_thread.run(gate.wait)
        fetched.append(url)
        pem: str = vector["certificate_pem"]
        return pem.encode()

    async with sms.serve(
        engine, verify=guarded("telnyx", scheme="sns"), fetch_certificate=fetch
    ) as server:
        asked = raw(vector).replace(b"/hooks/aws", b"/hooks/telnyx")
        evil = raw(VECTORS["sns-v2-d05"]).replace(b"/hooks/aws", b"/hooks/telnyx")
        answer = await ask(server, evil)
        assert (answer.status, word(answer)) == (403, "certificate_host")
        for _ in range(3):
            answer = await ask(server, asked)
            assert (answer.status, word(answer)) == (503, "certificate_unknown")
            assert answer.headers["retry-after"]
        gate.set()
        with trio.fail_after(10):
            while not server.stats()["certificates_fetched"]:
                await trio.lowlevel.checkpoint()
        answer = await ask(server, asked)
        # Believed: what the body says is another matter (it is not Telnyx's format).
        assert answer.status in (200, 400)
        assert "signature" not in answer.body.decode()
        changed = asked.replace(b"TEXT_DELIVERED", b"TEXT_DELIVERES")
        assert word(await ask(server, changed)) == "signature_mismatch"
    assert fetched == [wanted]


async def test_a_fetcher_that_fails_ends_nothing(engine: sms.Engine) -> None:
    def fetch(url: str) -> bytes:
        raise RuntimeError(url)

    asked = raw(VECTORS["sns-v1-d01"]).replace(b"/hooks/aws", b"/hooks/telnyx")
    async with sms.serve(
        engine, verify=guarded("telnyx", scheme="sns"), fetch_certificate=fetch
    ) as server:
        assert (await ask(server, asked)).status == 503
        with trio.fail_after(10):
            while not server.stats()["certificate_failures"]:
                await trio.lowlevel.checkpoint()
        assert (await ask(server, asked)).status == 503
        assert server.stats()["certificate_failures"] == 1


async def test_who_is_not_believed_cannot_opt_anybody_in(engine: sms.Engine) -> None:
    def reply(index: int, text: str) -> bytes:
        who = f"SmsStatus=received&To=%2B{SENDER[1:]}&From=%2B{number(1)[1:]}"
        return form("/hooks/twilio", f"{who}&MessageSid=SM{index}&Body={text}")

    async def texts(verify: dict[str, Any] | None, *texts: tuple[int, str]) -> bool:
        async with sms.serve(engine, verify=verify) as server:
            for index, text in texts:
                # Stop wins a tie: two texts of one millisecond are one.
                begun = now_ms()
                while now_ms() <= begun:
                    await trio.lowlevel.checkpoint()
                assert (await ask(server, reply(index, text))).status == 200
        return number(1) in engine.suppressed

    listed = guarded("twilio", allow=["127.0.0.0/8"])
    assert await texts(None, (1, "STOP"))
    assert await texts(None, (2, "START"))
    # The same text from a source that is believed is no repeat.
    assert not await texts(listed, (2, "START"))
    assert await texts(listed, (3, "STOP"))
    assert not await texts({"default_trust": "allowed"}, (4, "START"))
    untrusted = guarded("twilio", allow=["127.0.0.0/8"], trust="untrusted")
    assert await texts(untrusted, (5, "STOP"), (6, "START"))


def test_a_file_of_sources(engine: sms.Engine, tmp_path: Path) -> None:
    vector = VECTORS["twilio-hmac-sha1-d01"]
    (tmp_path / "token").write_text(vector["secret"] + "\n")
    file = tmp_path / "sources.toml"
    file.write_text(
        f'base_url = "{BASE}"\n[sources.twilio]\nscheme = "twilio-hmac-sha1"\n'
        f'secret_files = "{tmp_path / "token"}"\n[sources.events]\nscheme = "token-header:X-Key"\n'
        'secret_env = "SMSTRACK_TEST_KEY"\n'
    )

    async def run() -> None:
        async with sms.serve(engine, verify=file) as server:
            assert (await ask(server, raw(vector))).status == 200
            asked = request("POST", "/events", b"[]", "application/json")
            assert word(await ask(server, asked)) == "token_missing"
            with_key = asked.replace(b"Host:", b"X-Key: k3y\r\nHost:")
            assert (await ask(server, with_key)).status == 200

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMSTRACK_TEST_KEY", "k3y")
        trio.run(run)


@pytest.mark.parametrize(
    ("verify", "code"),
    [
        ({"source": {}}, "value_invalid"),
        ({"sources": {"twilio": {"sceme": "x"}}}, "value_invalid"),
        ({"sources": {"twilio": "x"}}, "value_invalid"),
        ({"sources": {"twilio": {"secrets": ["hush"]}}}, "value_invalid"),
        ({"sources": {"twilio": {"scheme": "pigeon", "secrets": ["hush"]}}}, "unknown_name"),
        ({"sources": {"pigeon": {"allow": ["127.0.0.1"]}}}, "unknown_name"),
        ({"sources": {"twilio": {"scheme": "twilio-hmac-sha1"}}}, "key_invalid"),
        ({"sources": {"telnyx": {"scheme": "telnyx-ed25519", "secrets": "hush"}}}, "key_invalid"),
        ({"sources": {"twilio": {"allow": ["203.0.113.7/24"]}}}, "value_invalid"),
        ({"sources": {"twilio": {"allow": 7}}}, "value_invalid"),
        ({"sources": {"twilio": {"trust": "blind", "allow": "::1"}}}, "value_invalid"),
        ({"sources": {"twilio": {"secret_env": "SMSTRACK_NO_SUCH_NAME"}}}, "value_invalid"),
        ({"sources": {"twilio": {"secret_files": "/nowhere"}}}, "value_invalid"),
        ({"base_url": "sms.example.net"}, "value_invalid"),
        ({"default_trust": "blind"}, "value_invalid"),
        ("/nowhere/sources.toml", "value_invalid"),
    ],
)
def test_what_is_not_understood_does_not_start(
    engine: sms.Engine, verify: Sources, code: str
) -> None:
    async def run() -> None:
        async with sms.serve(engine, verify=verify):
            pass

    with pytest.raises(sms.InputError) as caught:
        trio.run(run)
    assert caught.value.code == code
    assert "hush" not in str(caught.value)
