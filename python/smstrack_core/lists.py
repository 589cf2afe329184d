"""Lists of numbers, however people hold them -> lines for the border, in bounded pieces.

Constant memory: a generator or a file of any length is read piece by piece.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

CHUNK_COUNT: Final = 65_536
"""Contacts or messages registered in one call; the engine writes each call as one record."""

_HEADING: Final = b"number\n"
"""Stands first where no heading can be, so that a refused first row is not taken for one."""


def number_chunks(numbers: Iterable[str]) -> Iterator[tuple[bytes, int]]:
    """Lines for the border, and the row that its row 0 stands for."""
    rows = iter(numbers)
    base = 0
    while chunk := list(islice(rows, CHUNK_COUNT)):
        # A line break within a value would shift every later row; a blank makes it a reject.
        lines = "\n".join(row.replace("\n", " ").replace("\r", " ") for row in chunk)
        yield _HEADING + lines.encode(), base - 1
        base += len(chunk)


def file_chunks(path: Path) -> Iterator[tuple[bytes, int]]:
    """Lines of a file as they are, in pieces; only its first line may be a heading."""
    base = 0
    with path.open("rb") as file:
        while chunk := list(islice(file, CHUNK_COUNT)):
            if base:
                yield _HEADING + b"".join(chunk), base - 1
            else:
                yield b"".join(chunk).removeprefix(b"\xef\xbb\xbf"), 0
            base += len(chunk)
