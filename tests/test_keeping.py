"""Copies of a directory that is written to, and repair of one that rotted, by the command line."""

import subprocess
import sys
from pathlib import Path

import orjson
import trio

import smstrack_core as sms

from fiction import number

RECEIPTS = 3_000


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "smstrack_core", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def filled(data: Path, batches: int = 6) -> None:
    """A blast, and receipts in several batches; every contact's message is delivered."""
    with sms.open(data) as engine:
        b1 = engine.campaign("spring").blast("b1")
        b1.sent([(number(index), f"SM{index}") for index in range(batches * 10)], provider="twilio")
        for batch in range(batches):
            ids = range(batch * 10, batch * 10 + 10)
            engine.ingest(
                "twilio", [b"MessageSid=SM%d&MessageStatus=delivered" % one for one in ids]
            )


async def test_a_copy_holds_what_was_answered_before(tmp_path: Path) -> None:
    with sms.open(tmp_path / "data") as engine:
        b1 = engine.campaign("spring").blast("b1")
        b1.sent([(number(index), f"SM{index}") for index in range(RECEIPTS)], provider="twilio")
        done = 0
        copies: list[tuple[int, subprocess.CompletedProcess[str]]] = []

        async def copy(name: str) -> None:
            before = done
            copied = await trio.to_thread.run_sync(
                run, "backup", tmp_path / "data", tmp_path / name, "--json"
            )
            copies.append((before, copied))

        async with trio.open_nursery() as nursery:
            for index in range(RECEIPTS):
                body = b"MessageSid=SM%d&MessageStatus=delivered" % index
                engine.ingest("twilio", [body])
                done += 1
                if index in (500, 1_500):
                    nursery.start_soon(copy, f"copy{index}")
                await trio.lowlevel.checkpoint()
    assert len(copies) == 2
    for before, copied in copies:
        assert copied.returncode == 0, copied.stderr
        assert orjson.loads(copied.stdout)["check"]["ok"]
        assert before > 0
    for index in (500, 1_500):
        with sms.open(tmp_path / f"copy{index}") as engine:
            held = len(engine.segment("spring.delivered"))
            assert index < held <= RECEIPTS, "all that was answered before, and nothing made up"
            assert number(index) in engine.segment("spring.delivered")


def test_a_copy_is_never_made_over_something(tmp_path: Path) -> None:
    filled(tmp_path / "data")
    filled(tmp_path / "other")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "precious").write_text("mine")
    for target in ("other", "files", "data"):
        refused = run("backup", tmp_path / "data", tmp_path / target)
        assert refused.returncode == 1, target
        assert refused.stderr.count("\n") == 1, refused.stderr
    missing = run("backup", tmp_path / "nowhere", tmp_path / "new")
    assert missing.returncode == 1
    assert not (tmp_path / "new").exists()
    assert (tmp_path / "files" / "precious").read_text() == "mine"
    with sms.open(tmp_path / "other") as engine:
        assert len(engine.segment("spring.delivered")) == 60


def test_a_rotten_log_is_cut_on_demand_only(tmp_path: Path) -> None:
    data = tmp_path / "data"
    filled(data)
    log = data / "log" / "000000000001.log"
    for snapshot in (data / "snapshots").iterdir():
        snapshot.unlink()
    whole = log.read_bytes()
    rotten = bytearray(whole)
    rotten[len(whole) // 2] ^= 0x40
    log.write_bytes(rotten)
    asked = run("repair", data)
    assert asked.returncode == 1
    assert "log_corrupt" in asked.stderr
    assert log.read_bytes() == bytes(rotten), "nothing without --yes"
    done = run("repair", data, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    [piece] = orjson.loads(done.stdout)["cut"]
    kept = (data / piece["kept_as"]).read_bytes()
    assert log.read_bytes() + kept == bytes(rotten), "nothing is thrown away"
    assert run("check", data).returncode == 0
    with sms.open(data) as engine:
        held = len(engine.segment("spring.delivered"))
        assert held % 10 == 0
        assert 0 <= held < 60
    assert run("repair", data).stdout == "sound: nothing to repair\n"


def test_a_directory_in_use_is_not_repaired(tmp_path: Path) -> None:
    filled(tmp_path / "data")
    with sms.open(tmp_path / "data"):
        refused = run("repair", tmp_path / "data", "--yes")
    assert refused.returncode == 1
    assert "already_open" in refused.stderr
