"""`smstrack dead-letters`: what was refused, without what people wrote unless asked."""

import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import orjson

import smstrack_core as sms

from fiction import number
from wire import exchange, form, request

SECRET = "my words"


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "smstrack_core", "dead-letters", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


async def fill(directory: Path) -> None:
    words = SECRET.replace(" ", "%20")
    query = f"status=sent&recipient={number(0)[1:]}&reference={words}&id=%ZZ"
    body = f'{{"data":{{"payload":{{"text":"{SECRET}","to":"{number(0)}'.encode()
    with sms.open(directory, durable=False) as engine:
        async with sms.serve(engine) as server:
            for sent in (
                request("GET", f"/hooks/messagebird/acc?{query}"),
                request("POST", "/hooks/telnyx", body, "application/json"),
                form("/hooks/twilio", "MessageSid=%ZZ&MessageStatus=\x1b[31mred"),
            ):
                await exchange(server.port, sent)


async def test_the_list_shows_why_and_where_but_nobodys_words(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    await fill(directory)
    done = run(str(directory))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split("  ")[2:4] for line in lines] == [
        ["messagebird/acc", "percent_invalid"],
        ["telnyx", "json_truncated"],
        ["twilio", "percent_invalid"],
    ]
    assert "row 0, byte " in lines[0]
    assert "3 refused rows" in done.stderr
    for word in (SECRET, SECRET.replace(" ", "%20"), number(0)[1:]):
        assert word not in done.stdout + done.stderr


async def test_bodies_come_when_asked_for_and_move_no_cursor(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    await fill(directory)
    done = run(str(directory), "--bodies")
    assert SECRET in done.stdout
    assert "\x1b" not in done.stdout
    assert r"\x1b[31mred" in done.stdout


async def test_as_json_page_by_page(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    await fill(directory)
    every = orjson.loads(run(str(directory), "--json").stdout)
    assert [letter["code"] for letter in every] == [
        "percent_invalid", "json_truncated", "percent_invalid",
    ]  # fmt: skip
    assert not any("body" in letter for letter in every)
    assert all(SECRET not in orjson.dumps(letter).decode() for letter in every)
    assert every[0]["target"] == "/hooks/messagebird/acc?..."
    first = orjson.loads(run(str(directory), "--json", "--count-max", "1").stdout)
    assert first == every[:1]
    rest = run(str(directory), "--json", "--bodies", "--after", str(first[0]["position"]))
    found = orjson.loads(rest.stdout)
    assert [letter["code"] for letter in found] == ["json_truncated", "percent_invalid"]
    assert SECRET in b64decode(found[0]["body"]).decode()


def test_a_directory_without_any(tmp_path: Path) -> None:
    with sms.open(tmp_path / "data", durable=False):
        pass
    done = run(str(tmp_path / "data"), "--json")
    assert (done.returncode, orjson.loads(done.stdout)) == (0, [])
    assert run(str(tmp_path / "none")).returncode == 1
