"""D5: the power goes between any two block writes, or with unflushed ones lost, torn or reordered.

The disk under a writer is one of qemu-storage-daemon's, which logs each block write and flush.
From that log every disk is made that a power cut could have left, and the writer's promises hold
on each: what was said to be kept before the last flush is there, and all of it in order.
"""

import contextlib
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from fault_disks import IMAGE_MIB, attached, formatted, lacking_mounts
from fault_rows import IS_LONG, row, skipped
from test_faults_disk import mounted
from test_faults_process import WRITER, judge

BATCHES = 150
POINTS_SHORT = 12
ORDERS_A_FLUSH = 5
ORDERS_SHORT = 12
SECTOR_BYTES = 512
BLOCK_BYTES = 4_096
LOG_BYTES = 256 << 20
READY_WITHIN_S = 20
FLUSH, DISCARD = 1, 4
"""Flags of an entry, as dm-log-writes has them."""


def lacking_log() -> str:
    reason = "" if WRITER.exists() else "needs the example fault_writer"
    reason = reason or lacking_mounts("qemu-storage-daemon")
    if not reason and not Path("/dev/fuse").exists():
        reason = "needs FUSE"
    return reason


class Entry(NamedTuple):
    """One block write, or a flush."""

    at: int
    bytes: bytes
    is_flush: bool


class BlockLog:
    """The log of block writes, read while it grows."""

    def __init__(self, path: Path) -> None:
        # Unbuffered: what was read as nothing may be something by now.
        self._file = path.open("rb", buffering=0)
        self._offset = SECTOR_BYTES
        self.entries: list[Entry] = []

    def read_on(self) -> int:
        """How many entries there are by now."""
        while True:
            self._file.seek(self._offset)
            head = self._file.read(SECTOR_BYTES)
            sector, count, flags, _ = struct.unpack_from("<QQQQ", head)
            if not count and not flags:
                return len(self.entries)
            assert not flags & DISCARD
            content = self._file.read(count * SECTOR_BYTES)
            entry = Entry(sector * SECTOR_BYTES, content, bool(flags & FLUSH))
            self.entries.append(entry)
            self._offset += SECTOR_BYTES * (1 + count)

    def told(self) -> int:
        """How many entries its head speaks of."""
        self._file.seek(0)
        _, _, count = struct.unpack_from("<QQQ", self._file.read(SECTOR_BYTES))
        return int(count)

    def close(self) -> None:
        self._file.close()


@contextlib.contextmanager
def logged(image: Path, log: Path) -> Iterator[Path]:
    """The image as a file whose writes are logged; the log ends with this."""
    export = image.with_suffix(".export")
    export.touch()
    with log.open("wb") as file:
        file.truncate(LOG_BYTES)
    options = (
        f"--blockdev driver=file,node-name=image,filename={image}",
        f"--blockdev driver=file,node-name=log,filename={log}",
        "--blockdev driver=blklogwrites,node-name=both,file=image,log=log,log-sector-size=512",
        f"--export type=fuse,id=fuse,node-name=both,mountpoint={export},writable=on",
    )
    words = [word for option in options for word in option.split(" ", 1)]
    with subprocess.Popen(["qemu-storage-daemon", *words]) as daemon:
        try:
            until = time.monotonic() + READY_WITHIN_S
            while export.stat().st_size == 0:
                assert time.monotonic() < until, "the export did not come up"
                time.sleep(0.01)
            yield export
        finally:
            daemon.terminate()


def write_batches(image: Path, folder: Path) -> tuple[list[Entry], list[int]]:
    """All block writes, and how many of them there were, at most, as each batch was kept."""
    kept_at: list[int] = []
    with logged(image, folder / "log") as export:
        log = BlockLog(folder / "log")
        with attached(export) as device, mounted(folder / "disk", device) as point:
            command: list[str | Path] = [WRITER, point / "data", str(BATCHES)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, pipesize=4_096) as writer:
                assert writer.stdout is not None
                for line in writer.stdout:
                    assert line.startswith(b"ACK"), line
                    kept_at.append(log.read_on())
    # The daemon is gone, and has said in the log's own head how long it is.
    assert log.read_on() == log.told()
    log.close()
    assert len(kept_at) == BATCHES
    # What else was under way then may have left a gap that the reading stopped at.
    return log.entries, [*kept_at[1:], len(log.entries)]


def apply(disk: bytearray, entry: Entry) -> None:
    disk[entry.at : entry.at + len(entry.bytes)] = entry.bytes


def apply_torn(disk: bytearray, entry: Entry, random: Random) -> None:
    """Some sectors of it. The superblock is the file system's own risk."""
    for byte in range(0, len(entry.bytes), SECTOR_BYTES):
        if entry.at < BLOCK_BYTES or random.random() < 0.5:
            disk[entry.at + byte : entry.at + byte + SECTOR_BYTES] = entry.bytes[
                byte : byte + SECTOR_BYTES
            ]


def judge_disk(disk: bytearray, image: Path, kept: int, what: str) -> None:
    image.write_bytes(disk)
    with mounted(image.with_suffix(".mount"), "-o", "loop", image) as point:
        judge(point / "data", range(kept), BATCHES, what)


def kept_before(kept_at: list[int], entries: int) -> int:
    return sum(at <= entries for at in kept_at)


@pytest.mark.slow
def test_power_cuts_between_block_writes(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    if lacking_log():
        skipped("D5", lacking_log())
        pytest.skip(lacking_log())
    with formatted(tmp_path) as image:
        before = tmp_path / "before"
        shutil.copyfile(image, before)
        entries, kept_at = write_batches(image, tmp_path)
    assert len(before.read_bytes()) == IMAGE_MIB << 20
    points = range(1, len(entries) + 1)
    cuts = set(points if IS_LONG else random.sample(points, POINTS_SHORT))
    with row("D5", "power cut after each block write of one log") as counted:
        disk = bytearray(before.read_bytes())
        for point in points:
            apply(disk, entries[point - 1])
            if point in cuts:
                kept = kept_before(kept_at, point)
                judge_disk(disk, tmp_path / "cut", kept, f"seed {seed}, after {point}")
                counted.trial("power cut")
    flushes = [index for index, entry in enumerate(entries) if entry.is_flush]
    epochs = list(zip(flushes, [*flushes[1:], len(entries)], strict=True))
    epochs = [(first, last) for first, last in epochs if last - first > 1]
    times = ORDERS_A_FLUSH if IS_LONG else 1
    chosen = set(epochs if IS_LONG else random.sample(epochs, min(ORDERS_SHORT, len(epochs))))
    with row("D5", "unflushed block writes lost, torn or reordered") as counted:
        disk, done = bytearray(before.read_bytes()), 0
        for first, last in epochs:
            for entry in entries[done : first + 1]:
                apply(disk, entry)
            done = first + 1
            for turn in range(times if (first, last) in chosen else 0):
                pending = random.sample(entries[done:last], random.randint(0, last - done))
                cut = bytearray(disk)
                for entry in pending[:-1]:
                    apply(cut, entry)
                for entry in pending[-1:]:
                    apply_torn(cut, entry, random)
                kept = kept_before(kept_at, done)
                what = f"seed {seed}, flush {first}, turn {turn}"
                judge_disk(cut, tmp_path / "cut", kept, what)
                counted.trial("reordered")
