"""Real file systems that run out of room or of power: a small tmpfs, and ext4 on a loop device.

Both need root; where mounting is not allowed the row says so.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import trio

import smstrack_core as sms

from fault_rows import IS_LONG, row, skipped
from fiction import number
from test_faults_process import WRITER, judge
from wire import exchange, form, request

RESUMES_WITHIN_S = 5.0
FILLS = 40 if IS_LONG else 2
CUTS = 100 if IS_LONG else 8
# linux/ext4.h: shut the file system down at once, without writing its journal.
EXT4_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2


def run(*command: str | Path) -> None:
    subprocess.run(command, capture_output=True, check=True)


@contextlib.contextmanager
def mounted(point: Path, *arguments: str | Path) -> Iterator[Path]:
    point.mkdir(exist_ok=True)
    run("mount", *arguments, point)
    try:
        yield point
    finally:
        subprocess.run(["umount", "-l", point], check=False)


def receipt(index: int) -> bytes:
    return form("/hooks/twilio", f"MessageSid=SM{index}&MessageStatus=delivered&To={number(index)}")


async def send(port: int, index: int) -> int:
    [answer] = await exchange(port, receipt(index))
    if answer.status == 503:
        assert int(answer.headers["retry-after"]) > 0
    return answer.status


async def fill_and_make_room(point: Path, random: Random) -> None:
    """Until the disk is full; then room is made, and nobody opens anything again."""
    data, ballast = point / "data", point / "ballast"
    with sms.open(data) as engine:
        blast = engine.campaign("spring").blast("b1")
        blast.sent([(number(i), f"SM{i}") for i in range(3_000)], provider="twilio")
    command = [sys.executable, "-m", "smstrack_core", "serve", str(data), "--port", "0"]
    acked: set[int] = set()
    with subprocess.Popen(  # noqa: ASYNC220 - started once, read once, ended below
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline().rsplit(b":", 1)[1])
            free = os.statvfs(point).f_bavail * os.statvfs(point).f_frsize
            ballast.write_bytes(bytes(max(0, free - random.randrange(4_096, 40_000))))
            index = 0
            while (status := await send(port, index)) == 200:
                acked.add(index)
                index += 1
            assert status == 503
            for later in range(index, index + 3):
                assert await send(port, later) == 503
            [health] = await exchange(port, request("GET", "/healthz"))
            assert health.status == 503
            ballast.unlink()
            with trio.fail_after(RESUMES_WITHIN_S):
                while await send(port, index) != 200:  # noqa: ASYNC110 - nobody could tell us
                    await trio.sleep(0.1)
            acked.add(index)
            for more in range(index + 1, index + 20):
                assert await send(port, more) == 200
                acked.add(more)
            [health] = await exchange(port, request("GET", "/healthz"))
            assert health.status == 200
        finally:
            server.send_signal(signal.SIGKILL)
    with sms.open(data) as engine:
        found = {int(n) for n in engine.campaign("spring").delivered}
        assert found == {int(number(i)) for i in acked}


@pytest.mark.slow
def test_ingest_resumes_once_there_is_room(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    try:
        with mounted(tmp_path / "probe", "-t", "tmpfs", "-o", "size=1m", "tmpfs"):
            pass
    except (OSError, subprocess.CalledProcessError):
        skipped("D10", "needs root and leave to mount")
        pytest.skip("mounting is not allowed here")
    with row("D10", "full tmpfs under the server; room again, nothing reopened") as counted:
        for turn in range(FILLS):
            point = tmp_path / str(turn)
            with mounted(point, "-t", "tmpfs", "-o", "size=4m", "tmpfs"):
                trio.run(fill_and_make_room, point, random)
            counted.trial("ENOSPC")


def cut_power(point: Path, pid: int) -> None:
    """Freezes the writer first: what it does after the cut would be no part of the story."""
    os.kill(pid, signal.SIGSTOP)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "Tt":
            break
        time.sleep(0.001)
    shut_down(point)


def shut_down(point: Path) -> None:
    """What is not on the device now never comes there."""
    folder = os.open(point, os.O_RDONLY)
    try:
        fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, NO_LOG_FLUSH.to_bytes(4, "little"))
    finally:
        os.close(folder)


@pytest.mark.slow
def test_power_cuts_on_ext4(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    image = tmp_path / "image"
    reason = "" if WRITER.exists() else "needs the example fault_writer"
    if not reason:
        try:
            with image.open("wb") as file:
                file.truncate(48 << 20)
            run("mkfs.ext4", "-q", "-F", image)
            with mounted(tmp_path / "probe", "-o", "loop", image):
                pass
        except (OSError, subprocess.CalledProcessError):
            reason = "needs root, mkfs.ext4 and leave to mount a loop device"
    if reason:
        skipped("D4", reason)
        pytest.skip(reason)
    with row("D4", "power cut under a writer: ext4 on a loop device, shut down") as counted:
        for turn in range(CUTS):
            run("mkfs.ext4", "-q", "-F", image)
            commit = random.choice((1, 5, 1000))
            point = tmp_path / f"cut{turn}"
            with mounted(point, "-o", f"loop,commit={commit}", image):
                data = point / "data"
                with subprocess.Popen(
                    [WRITER, data, "100000"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
                ) as writer:
                    assert writer.stdout is not None
                    lines = [writer.stdout.readline() for _ in range(random.randrange(1, 400))]
                    cut_power(point, writer.pid)
                    writer.kill()
                    lines += writer.stdout.read().splitlines()
            acked = [int(line.split()[1]) for line in lines if line.startswith(b"ACK")]
            with mounted(point, "-o", "loop", image):
                judge(data, acked, 100_000, f"seed {seed}, cut {turn}, commit={commit}")
            counted.trial("power cut")
