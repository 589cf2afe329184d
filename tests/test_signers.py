"""Requests signed here as each provider's page says, by code of its own: odd ones are believed as
well as plain ones, and each with something changed is not.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from urllib.parse import quote, urlencode

import pytest

import smstrack_core as sms

FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
Params = Mapping[str, str | list[str]]


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def mac(key: str | bytes, text: str | bytes, name: str = "sha256") -> bytes:
    raw = [part.encode() if isinstance(part, str) else part for part in (key, text)]
    return hmac.new(raw[0], raw[1], name).digest()


def form(params: Params) -> str:
    return urlencode(params, doseq=True)


def check(scheme: str, url: str, headers: dict[str, str], body: str = "", now: float = 0) -> bool:
    method = "POST" if body else "GET"
    return sms.verify(scheme, method, url, headers, body, ["old", "tok"], now).ok


def twilio(url: str, params: Params) -> str:
    text = url
    for key in sorted(params):
        found = params[key]
        for value in sorted({found} if isinstance(found, str) else set(found)):
            text += key + value
    return b64(mac("tok", text, "sha1"))


@pytest.mark.parametrize(
    ("url", "signed", "params"),
    [
        ("https://h.example/x", "", {"A": "1", "b": "x y", "Z": "+44"}),
        ("https://h.example/x", "", {"A": ["2", "1", "2"], "B": ""}),
        ("https://h.example:443/x", "https://h.example/x", {"A": "1"}),
        ("https://h.example/x", "https://h.example:443/x", {"A": "1"}),
        ("https://h.example:8443/x", "https://h.example/x", {"A": "1"}),
        ("https://h.example/x?a=b%20c&d=%2B1+2", "", {"A": "é😀&="}),
        ("https://u:p@h.example/x", "", {"A": "1"}),
    ],
)
def test_twilio(url: str, signed: str, params: Params) -> None:
    headers = {**FORM, "x-TWILIO-signature": twilio(signed or url, params)}
    mark = "&" if "?" in url else "?"
    assert check("twilio-hmac-sha1", url, headers, form(params))
    assert not check("twilio-hmac-sha1", url, headers, form(params) + "&z=1")
    assert not check("twilio-hmac-sha1", url + mark + "q=1", headers, form(params))
    assert not check("twilio-hmac-sha1", url.replace("https", "http"), headers, form(params))


@pytest.mark.parametrize("scheme", ["twilio-bodysha256", "twilio-hmac-sha1"])
@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8"])
def test_twilio_json(scheme: str, kind: str) -> None:
    body = '{"a": "é"}'
    url = f"https://h/x?y=1&bodySHA256={hashlib.sha256(body.encode()).hexdigest()}"
    headers = {"Content-Type": kind, "X-Twilio-Signature": twilio(url, {})}
    assert check(scheme, url, headers, body)
    assert not check(scheme, url, headers, body + " ")


@pytest.mark.parametrize("name", ["md5hash", "md5hmac", "sha1hmac", "sha256hmac", "sha512hmac"])
def test_vonage_sms(name: str) -> None:
    params = {"text": "a&b=c é+ 100%", "B": "1", "a": "2", "message-timestamp": "2026-01-01 00:00"}
    written = {key: value.replace("&", "_").replace("=", "_") for key, value in params.items()}
    text = "".join(f"&{key}={written[key]}" for key in sorted(written)).encode()
    found = hashlib.md5(text + b"tok") if name == "md5hash" else None  # noqa: S324 - Vonage's own
    raw = found.digest() if found else mac("tok", text, name.removesuffix("hmac"))
    scheme, url = f"vonage-sig-{name}", "https://h/x"
    for sig in (raw.hex(), raw.hex().upper()):
        signed = {**params, "sig": sig}
        query = form(signed)
        turned = "&".join(reversed(query.split("&")))
        kind = {"Content-Type": "application/json;charset=UTF-8"}
        assert check(scheme, f"{url}?{query}", {})
        assert check(scheme, f"{url}?{urlencode(signed, quote_via=quote)}", {})
        assert check(scheme, url, FORM, turned)
        assert check(scheme, url, kind, json.dumps(signed))
        assert check(scheme, url, kind, json.dumps(signed, ensure_ascii=False, indent=1))
        assert not check(scheme, url, FORM, query + "&x=1")
        assert not check(scheme, url, FORM, query + "&text=other")
        assert not check(scheme, url, FORM, form(params))


def token(claims: Mapping[str, object], name: str = "HS256") -> str:
    pieces = [{"alg": name, "typ": "JWT"}, claims]
    texts = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in pieces]
    signed = b".".join(texts)
    tag = b"" if name == "none" else mac("tok", signed, name.replace("HS", "sha"))
    return (signed + b"." + base64.urlsafe_b64encode(tag).rstrip(b"=")).decode()


def test_tokens() -> None:
    body, url = '{"a":1}', "https://h/x?b=%2B2+c&a=1"
    hashed = {"payload_hash": hashlib.sha256(body.encode()).hexdigest()}
    vonage = {"iss": "Vonage", "iat": 997, "jti": "j", "application_id": "a", **hashed}
    bird = {"iss": "MessageBird", "nbf": 1000, "exp": 1060}
    bird["url_hash"] = hashlib.sha256(url.encode()).hexdigest()
    for name, is_vonage in (("HS256", True), ("HS384", False), ("HS512", False), ("none", False)):
        bearer = {"authorization": f"Bearer {token(vonage, name)}"}
        assert check("vonage-jwt", "https://h/x", bearer, body, 1000) is is_vonage
        for claims, text in ((bird, ""), ({**bird, **hashed}, body)):
            header = {"messagebird-signature-jwt": token(claims, name)}
            assert check("messagebird-jwt", url, header, text, 1000) is (name != "none")
            assert not check("messagebird-jwt", url + "&", header, text, 1000)
            assert not check("messagebird-jwt", url, header, text + "x", 1000)
    header = {"MessageBird-Signature-JWT": token(bird)}
    for now, is_believed in ((998, False), (999, True), (1060, True), (1062, False)):
        assert check("messagebird-jwt", url, header, "", now) is is_believed
    for changed in ({"iss": "Nexmo"}, {"payload_hash": "0" * 64}, {"exp": 900}, {"iat": 2000}):
        bearer = {"Authorization": f"Bearer {token({**vonage, **changed})}"}
        assert not check("vonage-jwt", "https://h/x", bearer, body, 1000)


def plivo(base: str, query: Params, body: Params) -> str:
    def pairs(params: Params) -> list[tuple[str, str]]:
        lists = {key: [one] if isinstance(one, str) else one for key, one in params.items()}
        return [(key, value) for key in sorted(lists) for value in sorted(lists[key])]

    text = base + ("?" if query or body else "")
    text += "&".join(f"{key}={value}" for key, value in pairs(query))
    text += ("." if query and body else "") + "".join(key + value for key, value in pairs(body))
    return b64(mac("tok", f"{text}.123"))


@pytest.mark.parametrize("base", ["https://h.example/p", "https://h.example:8443/p/", "http://h/p"])
@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({}, {"A": "1", "b": ["3", "2", "3"]}),
        ({"z": "1", "a": "x y"}, {"A": "é +", "B": ""}),
        ({"z": "1", "a": ["2", "1"], "é": "+1"}, {}),
        ({}, {}),
    ],
)
def test_plivo(base: str, query: Params, body: Params) -> None:
    url = base + (f"?{form(query)}" if query else "")
    several = f"{b64(b'0' * 32)}, {plivo(base, query, body)}"
    headers = {**FORM, "x-plivo-signature-v3": several, "X-Plivo-Signature-V3-Nonce": "123"}
    assert check("plivo-v3", url, headers, form(body))
    assert not check("plivo-v3", url, headers, (form(body) + "&x=1").lstrip("&"))
    assert not check("plivo-v3", base + "?y=1&" + form(query), headers, form(body))
    second = {"X-Plivo-Signature-V2": b64(mac("tok", base + "123"))}
    second["x-plivo-signature-v2-nonce"] = "123"
    assert check("plivo-v2", url, second, form(body))
    assert not check("plivo-v2", url.replace("/p", "/q"), second, form(body))


def test_sinch() -> None:
    nonce = "01FJA8B4A7BM43YGWSG9GBV067"
    for body in ('{"a":1}', '{"é":"😀"}'):
        name = "x-sinch-webhook-signature"
        headers = {
            name: b64(mac("tok", f"{body}.{nonce}.1634579353")),
            f"{name}-nonce": nonce,
            f"{name}-timestamp": "1634579353",
            f"{name}-algorithm": "HmacSHA256",
        }
        assert check("sinch-hmac-sha256", "https://h", headers, body)
        for key, value in (("timestamp", "1634579354"), ("algorithm", "HmacSHA1"), ("nonce", "1")):
            changed = {**headers, f"{name}-{key}": value}
            assert not check("sinch-hmac-sha256", "https://h", changed, body)


def test_standard_webhooks() -> None:
    key = b"0123456789abcdef01234567"
    body = '{"é":1}'
    sig = "v1," + b64(mac(key, f"msg_1.1000.{body}"))
    several = f"v2,AAAA v1,{b64(b'1' * 32)} v1a,xx {sig}"
    secrets = ["whsec_" + b64(b"x" * 24), "whsec_" + b64(key)]
    for start, written, now, is_believed in (
        ("webhook", sig, 1000, True),
        ("Svix", several, 1000, True),
        ("webhook", sig, 1300, True),
        ("webhook", sig, 700, True),
        ("webhook", sig, 1301, False),
        ("webhook", sig, 699, False),
        ("webhook", sig.replace("v1,", "v2,"), 1000, False),
        ("webhook", sig.removeprefix("v1,"), 1000, False),
    ):
        headers = {f"{start}-id": "msg_1", f"{start}-timestamp": "1000"}
        headers[f"{start}-signature"] = written
        verdict = sms.verify("standard-webhooks", "POST", "https://h", headers, body, secrets, now)
        assert verdict.ok is is_believed
