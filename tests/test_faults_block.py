"""D8, D9: a disk whose sync fails once and then says that all is well, and disks that lie.

The writer's log is the same byte for byte in each run, so what a disk has lost is known to the
frame: a clean tail may be cut in silence, anything else must be named with the first position.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from fault_disks import attached, formatted, lacking_mounts, thin_disk
from fault_rows import IS_LONG, row, skipped
from test_faults_disk import cut_power, mounted, shut_down
from test_faults_process import FIRST_NUMBER, WRITER, judge, lacking

GATES = 50 if IS_LONG else 2
LIES = 200 if IS_LONG else 5
CLICKS = 2_400
PIPE_BYTES = 4_096
"""The writer waits for its reader: it is nowhere near its end when the power goes."""
REGISTERED = 2
"""Records before the first click: the campaign and its blast."""
SECTOR_BYTES = 512
FILE_HEAD_BYTES = FRAME_HEAD_BYTES = 40


def excuse() -> str:
    return lacking() or lacking_mounts()


class Told(NamedTuple):
    acked: list[int]
    refused: list[int]


def told(lines: list[bytes]) -> Told:
    words = [line.split() for line in lines]
    acked = [int(word[1]) for word in words if word and word[0] == b"ACK"]
    return Told(acked, [int(word[1]) for word in words if word and word[0] == b"NO"])


@contextlib.contextmanager
def traced(
    log: Path, options: list[str], *arguments: str | Path
) -> Iterator["subprocess.Popen[bytes]"]:
    command: list[str | Path] = ["strace", "-f", "-qq", "-y", "-s", "0", "--seccomp-bpf"]
    with subprocess.Popen(
        [*command, "-o", log, *options, WRITER, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pipesize=PIPE_BYTES,
    ) as process:
        yield process


def child_of(pid: int) -> int:
    [child] = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def until_refused(data: Path, ballast: Path, log: Path) -> Told:
    """Room comes back right after the first refusal, before the writer tries again."""
    with traced(log, ["-e", "trace=fdatasync,fsync"], data, "100000", "wait") as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        lines = []
        for line in writer.stdout:
            lines.append(line)
            if line.startswith(b"NO"):
                break
        ballast.unlink()
        writer.stdin.write(b"\n")
        writer.stdin.flush()
        lines += writer.stdout.readlines()
    return told(lines)


@pytest.mark.slow
def test_a_sync_that_failed_once_is_never_asked_again(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    if excuse():
        skipped("D8", excuse())
        pytest.skip(excuse())
    with row("D8", "a thin disk is full, then has room: the next sync would say OK") as counted:
        for turn in range(GATES):
            what, log = f"seed {seed}, turn {turn}", tmp_path / f"{turn}.strace"
            room = random.randrange(16_384, 200_000)
            with thin_disk(tmp_path / str(turn), room) as disk:
                data = disk.point / "data"
                acked, refused = until_refused(data, disk.ballast, log)
                syncs = [line for line in log.read_text().splitlines() if ".log>" in line]
                failed = [i for i, line in enumerate(syncs) if "= -1 E" in line]
                assert len(failed) == 1, f"{what}: {syncs[-3:]}"
                name = re.search(r"<([^>]*)>", syncs[failed[0]])
                assert name is not None
                later = [line for line in syncs[failed[0] + 1 :] if f"<{name[1]}>" in line]
                assert later == [], f"{what}: synced again"
                assert len(refused) > 1, f"{what}: nothing was tried after the refusal"
                assert max(acked, default=-1) < min(refused), f"{what}: yes after no"
                # The cache still shows what the disk does not have.
                sent = len(acked) + len(refused)
                found = judge(data, acked, sent, f"{what}, restarted")
                shut_down(disk.point)
                disk.remount()
                again = judge(data, acked, sent, f"{what}, power cut after that")
                assert again == found, f"{what}: served from the cache, then gone"
            counted.trial(re.sub(r".*= -1 (\w+).*", r"\1", syncs[failed[0]]))


class Frame(NamedTuple):
    """One batch of the log as it should be."""

    file: str
    byte: int
    bytes: bytes
    position: int

    def is_whole(self, data: Path) -> bool:
        """Whether the disk has it."""
        try:
            with (data / self.file).open("rb") as file:
                file.seek(self.byte)
                return file.read(len(self.bytes)) == self.bytes
        except OSError:
            return False


def frames_of(data: Path) -> list[Frame]:
    found = []
    for path in sorted((data / "log").iterdir()):
        log, byte = path.read_bytes(), FILE_HEAD_BYTES
        while byte < len(log):
            size = FRAME_HEAD_BYTES + int.from_bytes(log[byte : byte + 4], "little")
            position = int.from_bytes(log[byte + 8 : byte + 16], "little")
            found.append(Frame(f"log/{path.name}", byte, log[byte : byte + size], position))
            byte += size
    assert [frame.position for frame in found] == list(range(1, len(found) + 1))
    return found


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> list[Frame]:
    """What each writer of this file writes, whatever becomes of it."""
    data = tmp_path_factory.mktemp("whole") / "data"
    subprocess.run([WRITER, data, str(CLICKS)], capture_output=True, check=True)
    return frames_of(data)


def judge_lied_to(data: Path, frames: list[Frame], acked: list[int], what: str) -> str:
    """Nothing wrong is answered, and whatever is damaged is named; returns what became of it."""
    written = frames[: REGISTERED + len(acked) + 1]
    is_whole = [frame.is_whole(data) for frame in written]
    bad = [frame for frame, whole in zip(written, is_whole, strict=True) if not whole]
    first = bad[0] if bad else None
    good = is_whole.index(False) if first else len(written)
    is_tail = not any(is_whole[good:])
    done = subprocess.run([WRITER, data, "check"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        assert re.search(r"(log/\d+\.log|IDENTITY|snapshots/\S+|the log)\b", done.stderr), (
            f"{what}: refused, and no file named: {done.stderr}"
        )
        named = re.search(r"position (\d+)", done.stderr)
        if "IDENTITY" in done.stderr:
            return "refused: IDENTITY"
        assert named is not None, f"{what}: no position named: {done.stderr}"
        assert first is not None, f"{what}: a whole log was refused: {done.stderr}"
        is_short = "the log ends at" in done.stderr
        assert int(named[1]) == first.position - is_short, f"{what}: {done.stderr}"
        return "refused: log shorter than a snapshot" if is_short else "refused: named position"
    head, *numbers = done.stdout.split("\n")
    _, is_sound, is_same, clicks = head.split()
    found = {int(number) - FIRST_NUMBER for number in numbers if number}
    assert found == set(range(len(found))), f"{what}: not a prefix of what was sent"
    assert int(clicks) == len(found), f"{what}: counted twice"
    if is_sound == "false":
        # A snapshot holds what is damaged in the log, or the log what is damaged in one.
        assert not any(is_whole[REGISTERED + len(found) :]), f"{what}: dropped: {done.stderr}"
        assert done.stderr, f"{what}: unsound, and nothing named"
        is_told = "warning:" in done.stderr
        return "whole: the start names it" if is_told else "whole: the check names it"
    assert is_same == "true", f"{what}: {head}"
    assert len(found) == max(0, good - REGISTERED), f"{what}: {len(found)} of {good} frames"
    assert is_tail, f"{what}: a silent start, and whole frames after the damage were dropped"
    return "clean tail" if set(acked) - found else "nothing lost"


def write_until_cut(point: Path, log: Path, random: Random) -> list[int]:
    """From some sync on each says OK and does nothing; the power goes some time later."""
    since = random.choice((1, 1, random.randrange(1, 200), random.randrange(200, 1_000)))
    lie = f"fdatasync,fsync:retval=0:when={since}+"
    if random.random() < 0.2:
        lie = f"fdatasync:retval=0:when={since}+"
    calls = ["-e", "trace=fdatasync,fsync", "-e", f"inject={lie}"]
    with traced(log, calls, point / "data", str(CLICKS)) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(random.randrange(1, CLICKS * 3 // 4))]
        pid = child_of(writer.pid)
        flush_some(point, random)
        cut_power(point, pid)
        os.kill(pid, signal.SIGKILL)
        lines += writer.stdout.readlines()
    return told(lines).acked


def flush_some(point: Path, random: Random) -> None:
    """A disk that lies still writes something, in the order it likes."""
    if random.random() < 0.2:
        return
    paths = [path for path in (point / "data").rglob("*") if path.is_file()]
    share = random.random()
    for path in sorted(paths):
        if random.random() < share:
            with contextlib.suppress(OSError), path.open("rb") as file:
                os.fsync(file)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_syncs_that_do_nothing(tmp_path: Path, seed: int, frames: list[Frame], kind: str) -> None:
    random = Random(seed)
    reason = excuse() or lacking_mounts(f"mkfs.{kind}")
    if reason:
        skipped("D9", reason)
        pytest.skip(reason)
    trials = LIES // 2 if kind == "ext4" else LIES // 4
    with row("D9", f"syncs that do nothing (strace), power cut: {kind}") as counted:
        for turn in range(max(1, trials)):
            what, point = f"seed {seed}, turn {turn}", tmp_path / f"disk{turn}"
            with formatted(tmp_path, kind) as image, attached(image) as device:
                with mounted(point, device):
                    acked = write_until_cut(point, tmp_path / "strace", random)
                with mounted(point, device):
                    counted.trial(judge_lied_to(point / "data", frames, acked, what))


def zero_some(image: Path, data: Path, random: Random) -> None:
    """Sectors of a file that was synced read as zeros from now on, wherever the image has them."""
    path = random.choice([path for path in sorted(data.rglob("*")) if path.is_file()])
    file, content = path.read_bytes(), bytearray(image.read_bytes())
    first = random.randrange((len(file) + SECTOR_BYTES - 1) // SECTOR_BYTES)
    for sector in range(first, first + random.choice((1, 1, 2, 8))):
        part = file[sector * SECTOR_BYTES :][:SECTOR_BYTES]
        place = content.find(part) if part.strip(b"\0") else -1
        while place >= 0:
            content[place : place + len(part)] = bytes(len(part))
            place = content.find(part, place)
    image.write_bytes(content)


@pytest.mark.slow
def test_sectors_that_read_as_zeros_later(tmp_path: Path, seed: int, frames: list[Frame]) -> None:
    random = Random(seed)
    if excuse():
        skipped("D9", excuse())
        pytest.skip(excuse())
    with (
        row("D9", "sectors that were synced read as zeros later: ext4") as counted,
        formatted(tmp_path) as image,
        attached(image) as device,
    ):
        point, copy = tmp_path / "disk", tmp_path / "copy"
        with mounted(point, device):
            with subprocess.Popen(
                [WRITER, point / "data", str(CLICKS)], stdout=subprocess.PIPE
            ) as writer:
                assert writer.stdout is not None
                lines = [writer.stdout.readline() for _ in range(CLICKS // 2)]
                writer.kill()
                lines += writer.stdout.readlines()
            shutil.copytree(point / "data", copy)
        acked, whole = told(lines).acked, image.read_bytes()
        for turn in range(max(1, LIES // 4)):
            image.write_bytes(whole)
            zero_some(image, copy, random)
            with attached(image) as again, mounted(point, again):
                what = f"seed {seed}, turn {turn}"
                counted.trial(judge_lied_to(point / "data", frames, acked, what))
