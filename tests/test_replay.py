"""Dead letters are written out, mended and sent again; every row is accounted for at each step."""

import subprocess
import sys
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

import smstrack_core as sms
from smstrack_core.letters import exported, read
from smstrack_core.letters import replay as send_again

from fault_rows import IS_LONG, row
from fiction import number


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "smstrack_core", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def infobip(*rows: tuple[str, str, str]) -> bytes:
    results = [
        {"messageId": name, "to": to, "status": {"groupName": state}} for name, to, state in rows
    ]
    return orjson.dumps({"results": results})


GOOD = infobip(("m1", number(1)[1:], "DELIVERED"), ("m2", number(2)[1:], "DELIVERED"))
HALF = infobip(("m3", number(3)[1:], "DELIVERED"), ("m4", "nobody", "DELIVERED"))
CUT = infobip(("m5", number(5)[1:], "DELIVERED"), ("m6", number(6)[1:], "DELIVERED"))[:-9]
CANONICAL = b'{"kind":"reply","provider":"smstrack","contact":"' + number(7).encode() + b'","text":'


def fill(directory: Path) -> None:
    with sms.open(directory, durable=False) as engine:
        engine.ingest("infobip", [GOOD, HALF, CUT], account="acme")
        engine.ingest("smstrack", [CANONICAL])


def balance(directory: Path) -> dict[str, int]:
    """Rows that came in, and where they are now; a cut body counts as one row."""
    with sms.open(directory, durable=False) as engine:
        stats = engine.stats()
        open_rows = len(engine.dead_letters())
    return {
        "applied": stats["events"],
        "rejected": stats["dead_letters"],
        "open": open_rows,
        "open_letters": stats["dead_letters_open"],
    }


def export(directory: Path, file: Path) -> list[dict[str, Any]]:
    done = run("dead-letters", str(directory), "--export", str(file))
    assert done.returncode == 0, done.stderr
    return [orjson.loads(line) for line in file.read_bytes().splitlines()]


def replay(directory: Path, file: Path, *options: str) -> dict[str, int]:
    done = run("replay", str(directory), str(file), "--json", *options)
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = orjson.loads(done.stdout)
    return found


def mend(letters: list[dict[str, Any]], file: Path) -> None:
    """The number that was none is one, the cut body is whole; the third stays as it was."""
    by_size = {len(letter["body"]): letter for letter in letters}
    by_size[len(HALF)]["body"] = HALF.decode().replace("nobody", number(4)[1:])
    by_size[len(CUT)]["body"] = CUT.decode() + CUT_REST
    file.write_bytes(b"\n".join(map(orjson.dumps, letters)) + b"\n\n")


CUT_REST = infobip(("m5", number(5)[1:], "DELIVERED"), ("m6", number(6)[1:], "DELIVERED"))[
    -9:
].decode()


def test_fix_replay_all_twice(tmp_path: Path) -> None:
    directory, file = tmp_path / "data", tmp_path / "letters.jsonl"
    fill(directory)
    # Six whole rows and two bodies that cannot be read: four rows applied, three refused.
    assert balance(directory) == {"applied": 3, "rejected": 3, "open": 3, "open_letters": 3}
    letters = export(directory, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [letter["refused"][0]["code"] for letter in letters] == [
        "not_a_number", "json_truncated", "json_truncated",
    ]  # fmt: skip
    mend(letters, file)
    assert replay(directory, file) == {"sent": 3, "accepted": 4, "refused": 1, "skipped": 0}
    # Four applied, one of them (m3) a repeat; the third is a new letter, the old ones settled.
    assert balance(directory) == {"applied": 7, "rejected": 4, "open": 1, "open_letters": 1}
    with sms.open(directory, durable=False) as engine:
        assert engine.stats()["duplicates"] >= 1
    assert replay(directory, file) == {"sent": 0, "accepted": 0, "refused": 0, "skipped": 3}
    assert balance(directory) == {"applied": 7, "rejected": 4, "open": 1, "open_letters": 1}


def test_what_is_given_up_leaves_the_list_and_stays_in_the_log(tmp_path: Path) -> None:
    directory, file = tmp_path / "data", tmp_path / "letters.jsonl"
    fill(directory)
    export(directory, file)
    assert replay(directory, file, "--give-up") == {"given_up": 3}
    assert replay(directory, file, "--give-up") == {"given_up": 0}
    assert balance(directory) == {"applied": 3, "rejected": 3, "open": 0, "open_letters": 0}
    records = [orjson.loads(line) for line in run("log", str(directory)).stdout.splitlines()]
    assert [record["record"] for record in records].count("dead_letter") == 3
    assert records[-1]["record"] == "settled"


def test_the_list_is_the_same_after_a_snapshot_and_from_the_log_alone(tmp_path: Path) -> None:
    directory, file = tmp_path / "data", tmp_path / "letters.jsonl"
    fill(directory)
    mend(export(directory, file), file)
    replay(directory, file)
    with sms.open(directory, durable=False) as engine:
        engine.snapshot()
        digest, letters = engine.digest(), engine.dead_letters()
    for snapshot in (directory / "snapshots").rglob("*"):
        if snapshot.is_file():
            snapshot.unlink()
    with sms.open(directory, durable=False) as engine:
        assert (engine.digest(), engine.dead_letters()) == (digest, letters)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"position": 0}, "position"),
        ({"position": None}, "position"),
        ({"body": None, "method": 7}, ""),
        ({"body_base64": "AA=="}, "body"),
        ({"received_ms": "now"}, "received_ms"),
        ({"target": 1}, "texts"),
    ],
)
def test_a_line_that_is_none_is_named_and_nothing_is_sent(
    change: dict[str, Any], says: str, tmp_path: Path
) -> None:
    directory, file = tmp_path / "data", tmp_path / "letters.jsonl"
    fill(directory)
    letters = export(directory, file)
    letters[1] |= change
    file.write_bytes(b"\n".join(map(orjson.dumps, letters)))
    done = run("replay", str(directory), str(file))
    assert done.returncode == 1
    assert "error: line 2: " in done.stderr
    assert says in done.stderr
    assert balance(directory)["open"] == 3


def test_bytes_that_are_no_text_come_back_as_they_were(tmp_path: Path) -> None:
    directory, file = tmp_path / "data", tmp_path / "letters.jsonl"
    with sms.open(directory, durable=False) as engine:
        engine.ingest("infobip", [b"\xff\x00{"])
    [letter] = export(directory, file)
    assert letter["body_base64"] == b64encode(b"\xff\x00{").decode()
    assert "body" not in letter
    assert replay(directory, file)["refused"] == 1


def test_an_export_overwrites_nothing(tmp_path: Path) -> None:
    directory, file = tmp_path / "data", tmp_path / "letters.jsonl"
    fill(directory)
    file.write_text("mine")
    assert run("dead-letters", str(directory), "--export", str(file)).returncode == 1
    assert file.read_text() == "mine"


def test_every_row_is_accounted_for_at_every_step(tmp_path: Path) -> None:
    what = "dead letters mended and replayed, all of them twice: rows in = applied + refused"
    with row("W8", what) as counted:
        for seed in range(100 if IS_LONG else 20):
            dice = Random(seed)
            with sms.open(tmp_path / str(seed), durable=False) as engine:
                counted.trial("dead letters", _mended_twice(engine, dice))


def _mended_twice(engine: sms.Engine, dice: Random) -> int:
    """Takes rows in, mends most of what was refused, and sends it again twice; how many letters."""
    came_in = 0

    def accounted() -> bool:
        stats = engine.stats()
        return bool(came_in == stats["events"] + stats["dead_letters"])

    for body in range(dice.randint(3, 12)):
        numbers = [number(dice.randrange(50))[1:] for _ in range(dice.randint(1, 4))]
        rows = [
            (f"m{body}-{at}", "nobody" if dice.random() < 0.4 else to, "DELIVERED")
            for at, to in enumerate(numbers)
        ]
        engine.ingest("infobip", [infobip(*rows)])
        came_in += len(rows)
        assert accounted()
    found = read(exported(engine))
    mended = [
        replace(letter, body=letter.body.replace(b"nobody", number(7)[1:].encode()))
        if dice.random() < 0.8
        else letter
        for letter in found
    ]
    as_they_were = sum(new.body == old.body for new, old in zip(mended, found, strict=True))
    came_in += sum(len(orjson.loads(letter.body)["results"]) for letter in mended)
    assert send_again(engine, mended).sent == len(found)
    assert accounted()
    assert engine.stats()["dead_letters_open"] == as_they_were
    assert send_again(engine, mended).skipped == len(found)
    assert accounted()
    return len(found)
