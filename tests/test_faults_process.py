"""A real process on a real disk: killed, refused and lied to at each system call in turn.

strace plants the fault, so no special kernel is needed. The writer is an example program of the
engine, `fault_writer`; it says `ACK n` once click n is kept. The test keeps what it said: after
recovery every ACK is there, nothing is there that was not sent, and everything once.
"""

import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
import trio

import smstrack_core as sms

from fault_rows import IS_LONG, row, skipped
from fiction import number
from wire import exchange, form, request

ROOT = Path(__file__).parent.parent
WRITER = ROOT / "target" / "release" / "examples" / "fault_writer"
COUNT = 200
FIRST_NUMBER = 12_025_550_100
CALLS = ("write", "fdatasync", "fsync", "rename", "ftruncate", "unlink", "openat")
EXIT_WITHIN_S = 60
REFUSED_WITHIN_S = 1.0


@functools.cache
def lacking() -> str:
    """Why these rows cannot run here, if so."""
    if not shutil.which("strace"):
        return "needs strace"
    if not WRITER.exists():
        return "needs `cargo build --release -p smstrack-engine --example fault_writer`"
    probe = subprocess.run(
        ["strace", "-f", "-qq", "-e", "inject=fdatasync:error=EIO:when=1", "true"],
        capture_output=True,
        check=False,
    )
    return "" if probe.returncode == 0 else "strace may not trace here"


class Run(NamedTuple):
    """What the writer said, and what strace saw."""

    acked: list[int]
    refused: list[int]
    was_hit: bool
    calls: list[str]
    ended: int


def write(data: Path, inject: str, *, count: int = COUNT) -> Run:
    log = data.with_suffix(".strace")
    name = inject.split(":", 1)[0]
    traced = ",".join(dict.fromkeys((name, "fdatasync", "fsync")))
    command = ["strace", "-f", "-qq", "-y", "-s", "0", "-e", f"trace={traced}"]
    command += ["-e", f"inject={inject}", "-o", str(log), str(WRITER), str(data), str(count)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=EXIT_WITHIN_S)
    words = [line.split() for line in done.stdout.decode().splitlines()]
    acked = [int(word[1]) for word in words if word[0] == "ACK"]
    refused = [int(word[1]) for word in words if word[0] == "NO"]
    calls = log.read_text().splitlines()
    was_killed = done.returncode in {-signal.SIGKILL, 128 + signal.SIGKILL}
    hit = was_killed or any("(INJECTED)" in call for call in calls)
    return Run(acked, refused, hit, calls, done.returncode)


def judge(data: Path, acked: Sequence[int], sent: int, what: str) -> set[int]:
    """The oracle, on what a fresh process finds: which clicks."""
    done = subprocess.run([WRITER, data, "check"], capture_output=True, check=False)
    assert done.returncode == 0, f"{what}: does not open: {done.stderr.decode()}"
    first, *numbers = done.stdout.decode().split("\n")
    _, is_sound, is_same, clicks = first.split()
    assert (is_sound, is_same) == ("true", "true"), f"{what}: {first}"
    found = {int(number) - FIRST_NUMBER for number in numbers if number}
    assert not set(acked) - found, f"{what}: {sorted(set(acked) - found)[:5]} lost"
    assert found == set(range(len(found))), f"{what}: not a prefix of what was sent"
    assert len(found) <= sent, f"{what}: more than was sent"
    assert int(clicks) == len(found), f"{what}: counted twice"
    return found


def turns(short: int) -> range:
    """Which call is struck, from the first on: each one in the long tier, else every `short`th."""
    return range(1, 100_000, 1 if IS_LONG else short)


@pytest.mark.slow
def test_killed_at_each_system_call(tmp_path: Path) -> None:
    if lacking():
        skipped("D3", lacking())
        pytest.skip(lacking())
    with row("D3", f"SIGKILL at each {', '.join(CALLS)} of a writer") as counted:
        for call in CALLS:
            for nth in turns({"write": 61, "fdatasync": 41, "openat": 11}.get(call, 3)):
                data = tmp_path / f"{call}{nth}"
                run = write(data, f"{call}:signal=KILL:when={nth}")
                if not run.was_hit:
                    break
                counted.trial(call)
                judge(data, run.acked, len(run.acked) + 1, f"killed at {call} {nth}")
                shutil.rmtree(data, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.parametrize("is_sticky", [False, True], ids=["once", "for ever"])
def test_a_failed_sync_is_the_last_word(tmp_path: Path, *, is_sticky: bool) -> None:
    if lacking():
        skipped("D7", lacking())
        pytest.skip(lacking())
    errors = ("EIO", "ENOSPC", "EDQUOT") if IS_LONG else ("EIO",)
    mode = "for ever" if is_sticky else "once"
    with row("D7", f"fdatasync fails {mode} under a real process (strace)") as counted:
        for error in errors:
            for nth in turns(29):
                data = tmp_path / f"{error}{nth}"
                when = f"{nth}+" if is_sticky else str(nth)
                run = write(data, f"fdatasync:error={error}:when={when}")
                if not run.was_hit:
                    break
                counted.trial(error)
                what = f"{error} at fdatasync {nth} {mode}"
                struck = next(i for i, call in enumerate(run.calls) if "(INJECTED)" in call)
                path = re.search(r"<([^>]*)>", run.calls[struck])
                assert path is not None, run.calls[struck]
                if path[1].endswith(".log"):
                    later = [call for call in run.calls[struck + 1 :] if f"<{path[1]}>" in call]
                    assert later == [], f"{what}: synced again"
                    if run.acked and run.refused:
                        assert max(run.acked) < min(run.refused), f"{what}: yes after no"
                judge(data, run.acked, len(run.acked) + len(run.refused) + 1, what)
                shutil.rmtree(data, ignore_errors=True)


@pytest.mark.slow
def test_a_write_that_is_interrupted_or_fails(tmp_path: Path) -> None:
    if lacking():
        skipped("D11", lacking())
        pytest.skip(lacking())
    with row("D11", "EINTR at each write of a real process (strace)") as counted:
        for nth in turns(41):
            data = tmp_path / str(nth)
            run = write(data, f"write:error=EINTR:when={nth}", count=60)
            if not run.was_hit:
                break
            counted.trial("EINTR")
            assert run.refused == [], f"EINTR at write {nth} was taken for a failure"
            judge(data, run.acked, 60, f"EINTR at write {nth}")
            shutil.rmtree(data, ignore_errors=True)


@pytest.mark.slow
def test_no_answer_comes_before_its_sync(tmp_path: Path) -> None:
    if lacking():
        skipped("W1", lacking())
        pytest.skip(lacking())
    count = 20_000 if IS_LONG else 1_000
    with row("W1", "each ACK of a writer stands after the fdatasync of its event") as counted:
        log = tmp_path / "strace"
        command = ["strace", "-f", "-qq", "-y", "-s", "8", "-e", "trace=write,fdatasync"]
        command += ["-o", str(log), str(WRITER), str(tmp_path / "data"), str(count)]
        subprocess.run(command, capture_output=True, check=True)
        written = synced = answered = 0
        for line in log.read_text().splitlines():
            if ".log>" in line and "write(" in line:
                written += 1
            elif ".log>" in line and "fdatasync(" in line and line.endswith("= 0"):
                synced = written
            elif '"ACK ' in line:
                assert synced == written, f"answered before its sync: {line}"
                answered += 1
                counted.trial("answer")
        assert answered == count


def receipt(index: int) -> bytes:
    return form("/hooks/twilio", f"MessageSid=SM{index}&MessageStatus=delivered&To={number(index)}")


async def until_refused(port: int, count: int) -> int:
    """Sends one receipt after the other; how many were taken before the first was not."""
    for index in range(count):
        begun = time.monotonic()
        [answer] = await exchange(port, receipt(index))
        if answer.status != 200:
            assert answer.status == 503
            assert time.monotonic() - begun < REFUSED_WITHIN_S
            for later in (index, index + 1):
                [again] = await exchange(port, receipt(later))
                assert again.status == 503, "yes after the last word"
            [health] = await exchange(port, request("GET", "/healthz"))
            assert health.status == 503
            return index
    return count


def kill_children(pid: int) -> None:
    """strace itself ends with what it traces."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize("nth", [5, 40, 400] if IS_LONG else [40])
async def test_the_server_answers_after_the_sync_and_stops_at_a_failed_one(
    tmp_path: Path, nth: int
) -> None:
    if lacking():
        skipped("W1", lacking())
        pytest.skip(lacking())
    data, log = tmp_path / "data", tmp_path / "strace"
    with sms.open(data) as engine:
        blast = engine.campaign("spring").blast("b1")
        blast.sent([(number(i), f"SM{i}") for i in range(nth + 5)], provider="twilio")
    command = ["strace", "-f", "-qq", "-y", "-s", "16", "-o", str(log)]
    command += ["-e", "trace=fdatasync,write,writev,sendto,sendmsg"]
    command += ["-e", f"inject=fdatasync:error=EIO:when={nth}+"]
    command += [sys.executable, "-m", "smstrack_core", "serve", str(data), "--port", "0"]
    with (
        row("D7", "fdatasync fails under the server: 503 at once, and for good") as failed,
        row("W1", "each 200 of the server stands after the fdatasync of its event") as ordered,
        subprocess.Popen(  # noqa: ASYNC220 - started once, read once, ended below
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as server,
    ):
        try:
            assert server.stdout is not None
            line = await trio.to_thread.run_sync(server.stdout.readline)
            taken = await until_refused(int(line.rsplit(b":", 1)[1]), nth + 5)
        finally:
            kill_children(server.pid)
            await trio.to_thread.run_sync(server.wait)
        assert 0 < taken <= nth
        failed.trial("EIO")
        synced = 0
        for call in log.read_text().splitlines():
            if "fdatasync(" in call and ".log>" in call and call.endswith("= 0"):
                synced += 1
            elif "HTTP/1.1 200" in call:
                assert synced >= ordered.trials + 1, f"answered before its sync: {call}"
                ordered.trial("answer")
        assert ordered.trials == taken
        with sms.open(data) as engine:
            found = {int(n) for n in engine.campaign("spring").delivered}
            assert {int(number(i)) for i in range(taken)} <= found
            assert found <= {int(number(i)) for i in range(taken + 1)}
