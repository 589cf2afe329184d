"""Gateways told by profiles: the page about them tried as written, and what they mean."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

import smstrack_core as sms
from smstrack_core.cli.app import app

from fiction import number
from wire import exchange, form, request

PAGE = Path(__file__).parent.parent / "docs" / "add-a-provider.md"
FILE = re.compile(r"^`(acme[^`]*)`[^\n]*\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXPECTED = re.compile(r"`(acme/expected.jsonl)`.*?```json\n(.*?)^```", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)

SMALL = """
name = "{name}"
request = "form"
ids = {ids}

[receipt]
message_id = "id"
contact = "to"
status = "s"

[reply]
message_id = "id"
contact = "from"
text = "text"

[states]
delivered = "D"
failed = "F"

[answer]
status = 202
content_type = "text/xml"
body = "<ok/>"
"""


def profile(directory: Path, name: str, ids: str = "[]") -> Path:
    file = directory / f"{name}.toml"
    file.write_text(SMALL.format(name=name, ids=ids))
    return file


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """A new user's directory, with the files that the page names."""
    text = PAGE.read_text()
    wanted = re.search(EXPECTED, text)
    assert wanted
    files = {**dict(FILE.findall(text)), wanted[1]: wanted[2]}
    assert set(files) == {
        *("acme.toml", "acme/expected.jsonl", "acme/reply.http"),
        *("acme/dlr-delivered.http", "acme/dlr-failed.http"),
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def smstrack(directory: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "smstrack_core", *arguments],
        cwd=directory, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.slow
def test_the_page_works_step_by_step(acme: Path) -> None:
    commands = [
        line.split()[1:]
        for block in CONSOLE.findall(PAGE.read_text())
        for line in block.splitlines()
        if not line.startswith("smstrack serve")
    ]
    assert [command[0] for command in commands] == ["profile", "decode", "providers"]
    tested, decoded, shown = (smstrack(acme, *command) for command in commands)
    assert tested.stdout == "acme: 3 samples, 3 events, no different\n", tested.stderr
    assert tested.stdout.strip() in PAGE.read_text()
    event = orjson.loads(decoded.stdout)
    assert (event["provider"], event["kind"], event["text"]) == ("acme", "reply", "Yes please")
    assert "status DELIVERED: delivered, final" in shown.stdout
    assert "errors absent: 12, 13" in shown.stdout


@pytest.mark.slow
def test_what_differs_is_shown(acme: Path) -> None:
    file = acme / "acme.toml"
    file.write_text(file.read_text().replace('"FAILED"', '"FAILD"'))
    shutil.copy(acme / "acme" / "reply.http", acme / "acme" / "reply-02.http")
    done = smstrack(acme, "profile", "test", "acme.toml", "acme", "--json")
    assert done.returncode == 1
    found = orjson.loads(done.stdout)
    assert [one["file"] for one in found["differences"]] == ["dlr-failed.http", "reply-02.http"]
    failed, unnamed = found["differences"]
    assert '"state":"failed"' in failed["expected"]
    assert '"state":"unknown"' in failed["found"]
    assert "expected.jsonl" in unnamed["expected"]
    assert '"text":"Yes please"' in unnamed["found"]
    plain = smstrack(acme, "profile", "test", "acme.toml", "acme")
    assert plain.stdout.endswith("acme: 3 samples, 3 events, 2 different\n")


@pytest.mark.slow
def test_a_wrong_profile_is_one_line_and_loads_nothing(acme: Path) -> None:
    (acme / "b.toml").write_text('name = "b"\nrequest = "form"\ncolour = "red"\n')
    for arguments in (
        ["serve", "data", "--port", "0", "--profiles", "."],
        ["decode", "--profile", "b.toml", "acme/reply.http"],
        ["providers", "--profiles", "b.toml"],
        ["profile", "test", "b.toml", "acme"],
    ):
        done = smstrack(acme, *arguments)
        assert done.returncode == 1, arguments
        [line] = done.stderr.splitlines()
        assert "b.toml, line 3, colour: is not a key here; allowed are: name, " in line
        assert line.endswith("No profile was loaded. [profile_invalid]")
    assert not (acme / "data").exists()


def test_refusals_are_expected_by_their_codes(tmp_path: Path) -> None:
    file = profile(tmp_path, "gate")
    samples = tmp_path / "samples"
    samples.mkdir()
    (samples / "row.http").write_text("POST /\n\nx=1")
    (samples / "body.http").write_text("POST /\n\n{}")
    lines = [{"file": "row.http", "rejects": ["kind_unknown"]},
             {"file": "body.http", "rejects": ["type_unsupported"]}]  # fmt: skip
    (samples / "expected.jsonl").write_bytes(b"\n".join(map(orjson.dumps, lines)))
    result = sms.check_profile(file, samples)
    assert (result.name, result.samples, result.differences) == ("gate", 2, [])
    for line, said in [
        ("{", "is no JSON"), ('{"file": 3}', "expected"), ('{"canonical": []}', "expected"),
        ('{"file": "row.http", "canonical": [{"colour": 1}]}', "'colour' is no field"),
    ]:  # fmt: skip
        (samples / "expected.jsonl").write_text(line)
        with pytest.raises(sms.InputError, match=said):
            sms.check_profile(file, samples)


async def test_webhooks_come_in_under_its_name(tmp_path: Path) -> None:
    file = profile(tmp_path, "gate")
    with sms.open(tmp_path / "data", profiles=file) as engine:
        spring = engine.campaign("spring")
        blast = spring.blast("b1", audience=[number(0), number(1)])
        blast.sent([(number(0), "1"), (number(1), "2")], provider="gate")
        async with sms.serve(engine) as server:
            [answer] = await exchange(server.port, form("/hooks/gate", "id=1&s=D"))
            assert (answer.status, answer.body) == (202, b"<ok/>")
            assert answer.headers["content-type"] == "text/xml"
            assert blast.delivered.numbers() == [number(0)]
            stop = f"id=7&text=STOP&from=%2B{number(1)[1:]}"
            await exchange(server.port, form("/hooks/gate/eu", stop))
            assert number(1) in engine.suppressed
            [answer] = await exchange(server.port, form("/hooks/other", "id=1&s=D"))
            assert answer.status == 404
            [answer] = await exchange(server.port, form("/hooks/gate", "x=1"))
            assert answer.status == 202
            [answer] = await exchange(server.port, form("/hooks/gate", "id=%zz&s=D"))
            assert answer.status == 400
            canonical = {"kind": "receipt", "provider": "gate", "message_id": "2",
                         "state": "failed", "final": True}  # fmt: skip
            post = request("POST", "/events", orjson.dumps(canonical), "application/json")
            await exchange(server.port, post)
            assert blast.failed.numbers() == [number(1)]
        letters = engine.dead_letters()
        assert [(letter["provider"], letter["code"]) for letter in letters] == [
            ("gate", "kind_unknown"), ("gate", "percent_invalid"),
        ]  # fmt: skip


def test_ids_are_found_in_every_form_that_the_profile_says(tmp_path: Path) -> None:
    forms = '["ignore-case", "strip-zeros", "hex-or-decimal"]'
    files = [profile(tmp_path, "exact"), profile(tmp_path, "loose", forms)]
    with sms.open(tmp_path / "data", profiles=files) as engine:
        for name, found in (("exact", 1), ("loose", 4)):
            blast = engine.campaign(name).blast("b1", audience=[number(i) for i in range(4)])
            rows = [(number(i), ident) for i, ident in enumerate(("AB1", "7", "61194706", "c9"))]
            blast.sent(rows, provider=name)
            for i, ident in enumerate(("ab1", "007", "3A5C1D2", "c9")):
                body = f"id={ident}&s=D&to=%2B{number(i)[1:]}".encode()
                engine.ingest(name, [body])
            assert len(blast.delivered) == found, name
        digest = engine.digest()
    shutil.copytree(tmp_path / "data" / "log", tmp_path / "log")
    shutil.rmtree(tmp_path / "data" / "snapshots")
    with sms.open(tmp_path / "data") as engine:
        assert engine.opened()["replayed_records"] > 0
        assert engine.digest() == digest


def test_ids_of_profiles_and_accounts_stay_apart(tmp_path: Path) -> None:
    files = [profile(tmp_path, name) for name in ("one", "two")]
    with sms.open(tmp_path / "data", profiles=tmp_path) as engine:
        blasts = {}
        for i, name in enumerate(("one", "two")):
            blast = engine.campaign(name).blast("b1", audience=[number(i)])
            blast.sent([(number(i), "7")], provider=name)
            blasts[name] = blast
        engine.ingest("two", [b"id=7&s=D"])
        assert [len(blast.delivered) for blast in blasts.values()] == [0, 1]
        # An id that was registered without an account is found from any; not the other way.
        engine.ingest("one", [b"id=7&s=D"], account="eu")
        assert [len(blast.delivered) for blast in blasts.values()] == [1, 1]
        third = engine.campaign("three").blast("b1", audience=[number(5)])
        third.sent([(number(5), "9")], provider="one", account="eu")
        engine.ingest("one", [b"id=9&s=D"], account="us")
        assert len(third.delivered) == 0
        engine.ingest("one", [b"id=9&s=D"], account="eu")
        assert len(third.delivered) == 1
        with pytest.raises(sms.InputError, match=r'there is no provider "three".*one, two'):
            third.sent([(number(5), "9")], provider="three")
        with pytest.raises(sms.InputError, match="there is no provider"):
            third.sent([(number(5), "9")], provider="profile")
    assert [file.name for file in files] == ["one.toml", "two.toml"]


def test_profiles_are_loaded_together_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(sms.InputError, match="holds no profile"):
        sms.load_profiles(tmp_path)
    one = profile(tmp_path, "one")
    loaded = sms.load_profiles([one])
    assert loaded is not None
    assert loaded.names == ["one"]
    assert sms.load_profiles(loaded) is loaded
    assert sms.load_profiles(None) is None
    (tmp_path / "two.toml").write_text(one.read_text().replace('"one"', '"two"\naliases = "one"'))
    with pytest.raises(
        sms.InputError, match=r"one\.toml as well\. No profile was loaded"
    ) as caught:
        sms.load_profiles(tmp_path)
    assert caught.value.code == "profile_invalid"
    (tmp_path / "three.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(sms.InputError, match=r"three\.toml, byte 8: is not UTF-8"):
        sms.load_profiles([tmp_path / "three.toml"])
    with pytest.raises(FileNotFoundError):
        sms.load_profiles("nowhere.toml")


def test_every_provider_is_shown_as_data(tmp_path: Path) -> None:
    found = {one["name"]: one for one in sms.describe_providers(profile(tmp_path, "gate"))}
    names = {name for one in found.values() for name in (one["name"], *one["aliases"])}
    assert names == {*sms.providers(), "gate"}
    assert {frozenset(one) for one in found.values() if one["built_in"]} == {
        frozenset(found["twilio"])
    }
    assert frozenset(found["gate"]) >= frozenset(found["twilio"])
    assert found["smpp"]["ids"] == ["ignore-case", "strip-zeros", "hex-or-decimal"]
    assert found["mmg"]["clock"] == "Europe/London"
    assert found["mmg"]["country"] == 44
    assert found["africastalking"]["errors"]["opted_out"] == ["UserInBlackList", "UserInBlacklist"]
    assert found["gate"]["answer"] == {
        "status": 202, "content_type": "text/xml", "body": "<ok/>"
    }  # fmt: skip
    assert all(one["title"] for one in found.values())


@pytest.mark.slow
def test_providers_are_listed_and_shown(tmp_path: Path) -> None:
    listed = smstrack(tmp_path, "providers")
    assert "vonage-sms" in listed.stdout
    assert "(also vonage, nexmo)" in listed.stdout
    shown = orjson.loads(smstrack(tmp_path, "providers", "nexmo", "--json").stdout)
    assert shown["name"] == "vonage-sms"
    unknown = smstrack(tmp_path, "providers", "pigeon")
    assert unknown.returncode == 2
    assert "pigeon" in unknown.stderr
    assert {group.name for group in app.registered_groups} == {"profile", "consent", "rules"}
