"""Disks that fail or lie, made of loop devices and a tmpfs: what the rows of real disks share.

A disk is thin: its image is a file with holes on a tmpfs that a ballast fills. All that the file
system keeps for itself has its room already, so only data finds none, and it finds none when
it is written back: the write itself was a success.
"""

import contextlib
import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from test_faults_disk import mounted, run

IMAGE_MIB = 16
BLOCK_BYTES = 4_096


@functools.cache
def lacking_mounts(*programs: str) -> str:
    """Why nothing can be mounted here, if so."""
    for program in ("mkfs.ext4", "dumpe2fs", "losetup", "fallocate", *programs):
        if not shutil.which(program):
            return f"needs {program}"
    with tempfile.TemporaryDirectory() as folder:
        try:
            with (
                formatted(Path(folder)) as image,
                mounted(Path(folder) / "probe", "-o", "loop", image),
            ):
                return ""
        except (OSError, subprocess.CalledProcessError):
            return "needs root and leave to mount a loop device"


@contextlib.contextmanager
def formatted(folder: Path, kind: str = "ext4") -> Iterator[Path]:
    """An empty file system in a file."""
    image = folder / "image"
    with image.open("wb") as file:
        file.truncate((300 if kind == "xfs" else IMAGE_MIB) << 20)
    if kind == "xfs":
        run("mkfs.xfs", "-q", "-f", image)
    else:
        run("mkfs.ext4", "-q", "-F", "-b", str(BLOCK_BYTES), "-J", "size=4", image)
    yield image
    image.unlink()


class ThinDisk(NamedTuple):
    """A mounted disk that has less room than it says."""

    point: Path
    device: str
    ballast: Path

    def remount(self) -> None:
        """What only the cache had is gone."""
        run("umount", self.point)
        run("mount", self.device, self.point)


@contextlib.contextmanager
def thin_disk(folder: Path, room_bytes: int) -> Iterator[ThinDisk]:
    """The image takes so many bytes of data; then writing back fails."""
    folder.mkdir()
    with (
        mounted(folder / "host", "-t", "tmpfs", "-o", f"size={IMAGE_MIB + 8}m", "tmpfs") as host,
        formatted(host) as image,
    ):
        run("fallocate", "-l", f"{IMAGE_MIB}M", image)
        for first, count in free_blocks(image):
            start, length = first * BLOCK_BYTES, count * BLOCK_BYTES
            run("fallocate", "-p", "-o", str(start), "-l", str(length), image)
        with (
            attached(image, by_page=True) as device,
            mounted(folder / "disk", device) as point,
        ):
            # A directory is no data: it must have its blocks, or the file system fails as a whole.
            for name in ("log", "snapshots"):
                (point / "data" / name).mkdir(parents=True)
            os.sync()
            ballast = host / "ballast"
            ballast.write_bytes(bytes(max(0, free_bytes(host) - room_bytes)))
            yield ThinDisk(point, device, ballast)


def free_bytes(point: Path) -> int:
    found = os.statvfs(point)
    return found.f_bavail * found.f_frsize


def free_blocks(image: Path) -> Iterator[tuple[int, int]]:
    told = subprocess.run(["dumpe2fs", image], capture_output=True, text=True, check=True).stdout
    for line in re.findall(r"^  Free blocks: (.*)$", told, re.MULTILINE):
        for first, last in re.findall(r"(\d+)-(\d+)", line):
            yield int(first), int(last) - int(first) + 1


@contextlib.contextmanager
def attached(image: Path, *, by_page: bool = False) -> Iterator[str]:
    """A loop device. It takes half a write that finds half its room for a whole one and says OK;
    not so by page, where each finds room or none."""
    told = subprocess.run(
        ["losetup", "--find", "--show", image], capture_output=True, text=True, check=True
    )
    device = told.stdout.strip()
    queue = Path("/sys/block") / Path(device).name / "queue" / "max_sectors_kb"
    usual = queue.read_text()
    try:
        if by_page:
            queue.write_text(str(BLOCK_BYTES // 1_024))
        yield device
    finally:
        queue.write_text(usual)
        run("losetup", "--detach", device)
