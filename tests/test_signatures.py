"""Signatures as Python and the command line see them; the checks themselves are tested in Rust."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

import smstrack_core as sms

FILE = Path(__file__).parent / "data" / "signatures" / "vectors.jsonl"
VECTORS: list[dict[str, Any]] = [orjson.loads(line) for line in FILE.read_bytes().splitlines()]
KEYS = ("secret", "public_key", "certificate_pem")


def key_of(vector: dict[str, Any]) -> str:
    found: str = next(vector[name] for name in KEYS if name in vector)
    return found


def first(scheme: str) -> dict[str, Any]:
    return next(vector for vector in VECTORS if vector["scheme"] == scheme)


def check(vector: dict[str, Any], **changed: object) -> sms.Verdict:
    parts: dict[str, Any] = {
        "scheme": vector["scheme"],
        "method": vector["method"],
        "url": vector["url"],
        "headers": vector["headers"],
        "body": vector["body"].encode(),
        "secrets": key_of(vector),
        "now": vector.get("now"),
    }
    return sms.verify(**{**parts, **changed})


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_vectors(vector: dict[str, Any]) -> None:
    verdict = check(vector)
    assert verdict.ok is bool(verdict) is (vector["expected"] == "valid")
    assert (verdict.reason is None) is verdict.ok
    # No secret, and nothing of the request, in what is said.
    assert key_of(vector) not in repr(verdict)
    assert check(vector, body=vector["body"]) == verdict
    assert check(vector, headers=list(vector["headers"].items())) == verdict
    raw = {name: value.encode() for name, value in vector["headers"].items()}
    assert check(vector, headers=raw) == verdict


def test_the_names_in_the_vectors_are_all_schemes() -> None:
    assert {vector["scheme"] for vector in VECTORS} <= set(sms.schemes())
    with pytest.raises(sms.InputError) as caught:
        check(VECTORS[0], scheme="twilio")
    assert caught.value.code == "unknown_name"


def test_several_secrets_and_secrets_that_cannot_be_used() -> None:
    vector = first("twilio-hmac-sha1")
    key = key_of(vector)
    assert check(vector, secrets=["old", key])
    assert check(vector, secrets=(key.encode(),))
    for bad in ([], "", ["a"] * 9):
        assert check(vector, secrets=bad).reason == "key_invalid"
    assert check(first("sns-v1"), secrets="no certificate").reason == "key_invalid"


def test_what_is_no_request_is_refused_by_type() -> None:
    for changed in (
        {"body": bytearray(b"x")},
        {"body": None},
        {"url": b"x"},
        {"headers": [("a",)]},
        {"headers": {"a": 1}},
        {"headers": 7},
        {"secrets": [1]},
        {"secrets": None},
        {"method": None},
        {"now": "today"},
    ):
        with pytest.raises((TypeError, ValueError)):
            check(VECTORS[0], **changed)
    for url in ("", "x", "https://", "https://\u00e9/?%", "\0", "https://a/" + "?" * 9_999):
        assert not check(VECTORS[0], url=url)
    for now in (0, -1, 2**62, 1e18):
        assert check(first("telnyx-ed25519"), now=now).reason == "timestamp_stale"


def test_a_list_of_addresses() -> None:
    vector = VECTORS[0]
    ranges = ["203.0.113.0/24", "2001:db8::/32"]
    for peer, believed in (
        ("203.0.113.7", True),
        ("2001:db8::7", True),
        ("198.51.100.7", False),
        ("nobody", False),
        (None, False),
    ):
        verdict = check(vector, scheme="ip-allow-list", secrets=ranges, peer=peer)
        assert verdict.ok is believed
        assert verdict.reason == (None if believed else "address_refused")


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "smstrack_core", "verify", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def raw_request(directory: Path, vector: dict[str, Any]) -> tuple[Path, str]:
    base, _, target = vector["url"].partition("/hooks/")
    headers = "".join(f"{name}: {value}\n" for name, value in vector["headers"].items())
    file = directory / "request.http"
    file.write_bytes(f"{vector['method']} /hooks/{target}\n{headers}\n{vector['body']}".encode())
    return file, base


@pytest.mark.slow
def test_the_command_says_which_part_does_not_hold(tmp_path: Path) -> None:
    vector = first("messagebird-jwt")
    file, base = raw_request(tmp_path, vector)
    secret = tmp_path / "secret"
    secret.write_text(key_of(vector) + "\n")
    common = ("-s", vector["scheme"], "--secret-file", secret, file)
    done = run(*common, "--base-url", base + "/", "--now", str(vector["now"]))
    assert (done.returncode, done.stdout) == (0, "believed: messagebird-jwt\n")
    done = run(*common, "--base-url", "https://other.example", "--now", str(vector["now"]))
    assert done.returncode == 1
    assert done.stdout.startswith("refused: url_mismatch: ")
    done = run(*common, "--base-url", base, "--now", "0", "--json")
    assert done.returncode == 1
    assert orjson.loads(done.stdout)["reason"] == "timestamp_stale"
    assert key_of(vector) not in done.stdout + done.stderr


@pytest.mark.slow
def test_a_command_without_a_secret_or_with_a_strange_scheme_is_not_understood(
    tmp_path: Path,
) -> None:
    file, _ = raw_request(tmp_path, VECTORS[0])
    for arguments in (
        ("-s", "twilio-hmac-sha1", file),
        ("-s", "pigeon", "--secret", "x", file),
        ("-s", "twilio-hmac-sha1", "--secret-env", "SMSTRACK_NO_SUCH_NAME", file),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
