"""`smstrack log`: records by position, without anybody's number or words unless asked for."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

import smstrack_core as sms

from fiction import number

WORDS = "please take me off"


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "smstrack_core", "log", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def lines(*arguments: str) -> list[dict[str, Any]]:
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    return [orjson.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    reply = {"kind": "reply", "provider": "smstrack", "contact": number(1), "text": WORDS}
    with sms.open(path, durable=False) as engine:
        spring = engine.campaign("spring", cost="12.50 USD")
        blast = spring.blast("b1", sender=number(90), audience=[number(1), number(2)])
        blast.sent([(number(1), "SM1")], provider="twilio")
        form = f"MessageSid=SM1&MessageStatus=delivered&To=%2B{number(1)[1:]}".encode()
        engine.ingest("twilio", [form])
        loose = f"MessageSid=SM9&MessageStatus=sent&To=%2B{number(2)[1:]}&From=%2B{number(90)[1:]}"
        engine.ingest("twilio", [loose.encode()])
        engine.ingest("smstrack", [orjson.dumps(reply)])
        engine.ingest("telnyx", [f'{{"text":"{WORDS}","to":"{number(1)}'.encode()])
        engine.suppress([number(2)], reason=WORDS)
    return path


def test_every_kind_of_record_is_a_line(directory: Path) -> None:
    found = lines(str(directory))
    assert [line["position"] for line in found] == list(range(1, len(found) + 1))
    kinds = {line["record"] for line in found}
    assert {"campaign", "blast", "audience", "sent", "receipt", "likely", "event"} <= kinds
    assert {"dead_letter", "consent"} & kinds == {"dead_letter", "consent"} or "ledger" in kinds


def test_numbers_and_words_only_when_asked_for(directory: Path) -> None:
    shown = run(str(directory)).stdout
    for secret in (number(1)[1:], number(2)[1:], WORDS):
        assert secret not in shown
    reply = next(line for line in lines(str(directory)) if line.get("kind") == "reply")
    assert reply["contact"] == "+" + "*" * (len(number(1)) - 3) + number(1)[-2:]
    assert reply["text_bytes"] == len(WORDS)
    every = run(str(directory), "--numbers", "--texts").stdout
    assert number(1) in every
    assert WORDS in every


def test_a_range(directory: Path) -> None:
    found = lines(str(directory), "--from", "2", "--to", "4")
    assert [line["position"] for line in found] == [2, 3, 4]
    assert lines(str(directory), "--from", "4000") == []


def test_a_long_log_comes_whole(tmp_path: Path) -> None:
    with sms.open(tmp_path / "data", durable=False) as engine:
        rows = [
            f"MessageSid=SM{at}&MessageStatus=sent&To=%2B{number(at)[1:]}".encode()
            for at in range(2_500)
        ]
        engine.ingest("twilio", rows)
    found = lines(str(tmp_path / "data"))
    assert [line["position"] for line in found] == list(range(1, 2_501))


def test_what_is_before_damage_is_shown_and_the_damage_named(directory: Path) -> None:
    log = next((directory / "log").glob("*.log"))
    whole = bytearray(log.read_bytes())
    whole[len(whole) // 2] ^= 1
    log.write_bytes(whole)
    done = run(str(directory))
    assert done.returncode == 1
    assert done.stdout.splitlines()
    assert log.name in done.stderr
    assert "byte" in done.stderr


def test_no_directory_is_one_line(tmp_path: Path) -> None:
    done = run(str(tmp_path))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
